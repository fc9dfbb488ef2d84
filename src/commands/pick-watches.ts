import type { App } from '../app.ts';
import { parseRef, shown } from '../core/command.ts';
import { UserError } from '../core/errors.ts';
import { looksLikeUrl, parseStreamUrl } from '../core/url.ts';
import { findWatches } from '../db/watches.ts';
import { type CommandContext, matchStream } from './context.ts';

/** The standing orders of this chat that `w3` or a link names. @throws UserError `nothing_found` */
export async function pickWatches(app: App, ctx: CommandContext, ref: string) {
  const parsed = parseRef(ref, 'w');
  const link = !parsed && looksLikeUrl(ref) ? matchStream(app, parseStreamUrl(ref).href) : undefined;
  const all = await findWatches(app.db, ctx.chat);
  const found = all.filter(({ watch, stream }) =>
    link
      ? stream.platform === link.platform && stream.channel === link.channel
      : parsed?.kind === 'w' && watch.id === parsed.id,
  );
  if (found.length === 0) throw new UserError('nothing_found', { id: shown(ref) });
  return found;
}
