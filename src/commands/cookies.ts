import type { App } from '../app.ts';
import { bySite, readCookieFile, siteOf } from '../core/cookies.ts';
import { UserError } from '../core/errors.ts';
import type { SaidFile } from '../core/ports.ts';
import { textOf } from '../core/text/text.ts';
import { type CookieRow, keepCookies, listCookies, removeCookies } from '../db/cookies.ts';
import type { Command, CommandContext } from './context.ts';

/** A browser's cookies of all its sites are far smaller. */
const maxFileBytes = 1_000_000;
const fetchLimitMs = 60_000;
/** More numbers of lines than this tell nothing more. */
const mostBadLines = 10;

/** `/cookies`: with a file it keeps what is in it, without one it lists the sites; `remove SITE` forgets one. No value is shown. */
export const cookies: Command = async (app, ctx, args) => {
  const t = textOf(ctx.language).cookies;
  if (ctx.file) return { text: await bring(app, ctx, ctx.file) };
  assertInstaller(ctx);
  if (args.action === 'remove') {
    const site = siteOf(String(args.site ?? '').replace(/^https?:\/\/|\/.*$/gi, ''));
    if (!(await removeCookies(app.db, site))) throw new UserError('cookies_unknown', { site });
    return { text: t.removed(site) };
  }
  const rows = await listCookies(app.db);
  return { text: rows.length === 0 ? t.none : [t.list, ...rows.map((row) => t.kept(toKept(row)))].join('\n') };
};

const toKept = ({ domain: site, cookieCount: count, expiresAt }: CookieRow) => ({
  ...{ site, count },
  until: expiresAt?.toISOString().slice(0, 10),
});

/** Cookies are a login: only those who run the installation may bring them. */
function assertInstaller({ isInstaller, user }: CommandContext): void {
  if (!isInstaller) throw new UserError('installer_only', { user: user.id });
}

/** Whatever becomes of the file, the message that holds it is taken out of the chat first. */
async function bring(app: App, ctx: CommandContext, file: SaidFile): Promise<string> {
  const t = textOf(ctx.language).cookies;
  const signal = AbortSignal.timeout(fetchLimitMs);
  const bytes = ctx.isPrivate ? await file.read(maxFileBytes, signal) : Buffer.alloc(0);
  const isHidden = (await ctx.hide?.()) ?? true;
  const told = isHidden ? t.hidden : t.notHidden;
  try {
    const lines = await keepFile(app, ctx, bytes.toString('utf8'));
    return [...lines, ...(ctx.hide ? [told] : [])].join('\n');
  } catch (error) {
    // The sentence says what is wrong; what became of the message is to be known in any case.
    if (error instanceof UserError) throw new UserError(error.code, { ...error.values, told: ctx.hide ? told : '' });
    throw error;
  }
}

async function keepFile(app: App, ctx: CommandContext, text: string): Promise<string[]> {
  const t = textOf(ctx.language).cookies;
  const { secretKey: key } = app.config;
  if (!ctx.isPrivate) throw new UserError('cookies_private');
  assertInstaller(ctx);
  if (!key) throw new UserError('secret_key_missing');
  const { cookies: found, badLines } = readCookieFile(text);
  if (found.length === 0) throw new UserError('cookies_unreadable');
  const kept: CookieRow[] = [];
  for (const [site, ofSite] of bySite(found)) {
    kept.push(await keepCookies(app.db, { site, cookies: ofSite, key, chat: ctx.chat, userId: ctx.user.id }));
  }
  const bad = badLines.slice(0, mostBadLines).join(', ') + (badLines.length > mostBadLines ? ' …' : '');
  return [t.isKept, ...kept.map((row) => t.kept(toKept(row))), ...(bad ? [t.badLines(bad)] : [])];
}
