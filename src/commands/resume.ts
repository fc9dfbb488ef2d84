import { retryDelivery } from '../advance.ts';
import { UserError } from '../core/errors.ts';
import { textOf } from '../core/text/text.ts';
import { findChatDeliveries, resumeWatches } from '../db/watches.ts';
import type { Command } from './context.ts';

/** `/resume`: goes on with everything in this chat that is paused: what failed is tried again, orders stand again. */
export const resume: Command = async (app, ctx) => {
  const rows = await findChatDeliveries(app.db, ctx.chat, { isUnfinished: true });
  const paused = rows.filter(({ delivery }) => delivery.state === 'paused');
  for (const { delivery } of paused) await retryDelivery(app, delivery.id);
  const watches = await resumeWatches(app.db, ctx.chat);
  if (watches.length > 0) await app.bus.tell('streams', 0);
  const ids = [...new Set(paused.map(({ session }) => `s${session.id}`)), ...watches.map((id) => `w${id}`)];
  if (ids.length === 0) throw new UserError('nothing_to_resume');
  return { text: textOf(ctx.language).replies.resumed(ids.join(', ')) };
};
