import { streamName } from '../core/card.ts';
import { textOf } from '../core/text/text.ts';
import { endWatch } from '../db/watches.ts';
import type { Command } from './context.ts';
import { placeOrder } from './order.ts';
import { pickWatches } from './pick-watches.ts';

/** `/watch URL`: a standing order; the monitor looks at once. */
export const watch: Command = async (app, ctx, args) => {
  const { stream, watch: row } = await placeOrder(app, ctx, args, false);
  await app.bus.tell('streams', stream.id);
  return { text: textOf(ctx.language).replies.watching(`w${row.id}`, streamName(stream)) };
};

/** `/unwatch ID|URL`: ends the standing order; what is being recorded goes on. */
export const unwatch: Command = async (app, ctx, args) => {
  const found = await pickWatches(app, ctx, String(args.id));
  for (const { watch: row } of found) await endWatch(app.db, row.id);
  return { text: found.map(({ watch: row }) => textOf(ctx.language).replies.unwatched(`w${row.id}`)).join('\n') };
};
