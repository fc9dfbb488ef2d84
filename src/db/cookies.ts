import { asc, eq, sql } from 'drizzle-orm';
import {
  type Cookie,
  type CookieReader,
  expiryOf,
  freshCookies,
  mergeCookies,
  readCookieFile,
  siteOf,
  writeCookieFile,
} from '../core/cookies.ts';
import type { ChatAddress } from '../core/model.ts';
import type { Logger } from '../lib/log.ts';
import { seal, unseal } from '../lib/seal.ts';
import type { Database, Queryable } from './client.ts';
import { cookies } from './schema.ts';

export type CookieRow = typeof cookies.$inferSelect;

/** Cookies of one site that a person brings. */
export type Brought = { site: string; cookies: Cookie[]; key: string; chat: ChatAddress; userId: string };

/**
 * Keeps the cookies of a site, encrypted, together with those it had; what has expired is dropped.
 *
 * @throws UserError `sealed_otherwise` where those it had were sealed with another `SECRET_KEY`
 */
export async function keepCookies(db: Database, brought: Brought): Promise<CookieRow> {
  const { site, key, chat, userId } = brought;
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`cookies:${site}`}, 0))`);
    const [row] = await tx.select().from(cookies).where(eq(cookies.domain, site));
    const now = new Date();
    const old = row ? readCookieFile(unseal(row.sealed, key, site)).cookies : [];
    const kept = freshCookies(mergeCookies(old, brought.cookies), now);
    const values = {
      sealed: seal(writeCookieFile(kept), key, site),
      cookieCount: kept.length,
      expiresAt: expiryOf(kept, now) ?? null,
      broughtBy: `${chat.kind}:${userId}`,
      chatKind: chat.kind,
      chatId: chat.chatId,
      changedAt: sql`now()`,
    };
    const insert = tx.insert(cookies).values({ domain: site, ...values });
    const [written] = await insert.onConflictDoUpdate({ target: cookies.domain, set: values }).returning();
    if (!written) throw new Error('upsert returned no row');
    return written;
  });
}

/** What is kept, by site; the values stay sealed. */
export const listCookies = (db: Queryable): Promise<CookieRow[]> =>
  db.select().from(cookies).orderBy(asc(cookies.domain));

/** Forgets the cookies of a site. @returns whether there were any */
export async function removeCookies(db: Queryable, site: string): Promise<boolean> {
  const rows = await db.delete(cookies).where(eq(cookies.domain, site)).returning({ domain: cookies.domain });
  return rows.length > 0;
}

/** What reads the cookies of pages. Cookies that no longer open are none: a page that needs them says so itself. */
export function createCookieReader(db: Queryable, key: string | undefined, log: Logger): CookieReader {
  return async (url) => {
    const site = siteOf(new URL(url).hostname);
    const [row] = key ? await db.select().from(cookies).where(eq(cookies.domain, site)) : [];
    if (!row || !key) return undefined;
    try {
      return unseal(row.sealed, key, site);
    } catch (err) {
      log.warn({ err, site }, 'cookies were encrypted with another SECRET_KEY; the site is asked without them');
      return undefined;
    }
  };
}
