import type { App } from '../app.ts';
import { parseRef, shown } from '../core/command.ts';
import { UserError } from '../core/errors.ts';
import { looksLikeUrl, parseStreamUrl } from '../core/url.ts';
import { findWatches } from '../db/watches.ts';
import { type CommandContext, matchServer, matchStream } from './context.ts';

/** The standing orders of this chat that `w3` or a link names. @throws UserError `nothing_found` */
export async function pickWatches(app: App, ctx: CommandContext, ref: string) {
  const parsed = parseRef(ref, 'w');
  const href = !parsed && looksLikeUrl(ref) ? parseStreamUrl(ref).href : undefined;
  const links = href === undefined ? [] : [matchStream(app, href), matchServer(app, href)];
  const all = await findWatches(app.db, ctx.chat);
  const found = all.filter(({ watch, stream }) =>
    href === undefined
      ? parsed?.kind === 'w' && watch.id === parsed.id
      : links.some((link) => link?.platform === stream.platform && link.channel === stream.channel),
  );
  if (found.length === 0) throw new UserError('nothing_found', { id: shown(ref) });
  return found;
}
