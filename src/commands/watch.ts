import { streamName } from '../core/card.ts';
import { parseRef, shown } from '../core/command.ts';
import { UserError } from '../core/errors.ts';
import { textOf } from '../core/text/text.ts';
import { looksLikeUrl, parseStreamUrl } from '../core/url.ts';
import { endWatch, findWatches } from '../db/watches.ts';
import { type Command, matchStream } from './context.ts';
import { placeOrder } from './order.ts';

/** `/watch URL`: a standing order; the monitor looks at once. */
export const watch: Command = async (app, ctx, args) => {
  const { stream, watch: row } = await placeOrder(app, ctx, args, false);
  await app.bus.tell('streams', stream.id);
  return { text: textOf(ctx.language).replies.watching(`w${row.id}`, streamName(stream)) };
};

/** `/unwatch ID|URL`: ends the standing order; what is being recorded goes on. */
export const unwatch: Command = async (app, ctx, args) => {
  const ref = String(args.id);
  const parsed = parseRef(ref, 'w');
  const link = !parsed && looksLikeUrl(ref) ? matchStream(app, parseStreamUrl(ref).href) : undefined;
  const all = await findWatches(app.db, ctx.chat);
  const found = all.filter(({ watch: row, stream }) =>
    link
      ? stream.platform === link.platform && stream.channel === link.channel
      : parsed?.kind === 'w' && row.id === parsed.id,
  );
  if (found.length === 0) throw new UserError('nothing_found', { id: shown(ref) });
  for (const { watch: row } of found) await endWatch(app.db, row.id);
  return { text: found.map(({ watch: row }) => textOf(ctx.language).replies.unwatched(`w${row.id}`)).join('\n') };
};
