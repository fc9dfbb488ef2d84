import { UserError } from '../core/errors.ts';
import { textOf } from '../core/text/text.ts';
import { pauseWatches } from '../db/watches.ts';
import type { Command } from './context.ts';
import { pickWatches } from './pick-watches.ts';

/** `/pause ID|URL`: the standing order rests until `/resume`; what is being recorded goes on. */
export const pause: Command = async (app, ctx, args) => {
  const found = await pickWatches(app, ctx, String(args.id));
  const ids = found.map(({ watch }) => watch.id);
  const paused = await pauseWatches(app.db, ctx.chat, ids);
  const named = ids.map((id) => `w${id}`).join(', ');
  if (paused.length === 0) throw new UserError('paused_already', { id: named });
  return { text: textOf(ctx.language).replies.paused(named) };
};
