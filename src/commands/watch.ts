import { streamName } from '../core/card.ts';
import { describeRules } from '../core/rules-text.ts';
import { codeSentence, textOf } from '../core/text/text.ts';
import { findTimeZone } from '../db/chat-settings.ts';
import { endWatch } from '../db/watches.ts';
import type { Command } from './context.ts';
import { placeOrder } from './order.ts';
import { pickWatches } from './pick-watches.ts';

/** `/watch URL`: a standing order; the monitor looks at once. */
export const watch: Command = async (app, ctx, args) => {
  const { platform, stream, watch: row, cross } = await placeOrder(app, ctx, args, false);
  await app.bus.tell('streams', stream.id);
  const t = textOf(ctx.language).replies;
  const timeZone = await findTimeZone(app.db, ctx.chat);
  const { rules } = row;
  const facts = describeRules({ mode: 'record', rules, timeZone, crossName: cross && streamName(cross) }, ctx.language);
  const said = (row.mode === 'notify' ? t.notifying : t.watching)(`w${row.id}`, streamName(stream));
  const hint = platform.hint && codeSentence(ctx.language, platform.hint);
  const lines = [said, facts.length > 0 && t.rules(facts.join(' · ')), hint];
  return { text: lines.filter(Boolean).join('\n') };
};

/** `/unwatch ID|URL`: ends the standing order; what is being recorded goes on. */
export const unwatch: Command = async (app, ctx, args) => {
  const found = await pickWatches(app, ctx, String(args.id));
  for (const { watch: row } of found) await endWatch(app.db, row.id);
  return { text: found.map(({ watch: row }) => textOf(ctx.language).replies.unwatched(`w${row.id}`)).join('\n') };
};
