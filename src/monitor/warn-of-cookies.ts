import { and, eq, gt, inArray, isNotNull, lt, sql } from 'drizzle-orm';
import { alertOperators } from '../advance.ts';
import type { App } from '../app.ts';
import { siteOf } from '../core/cookies.ts';
import { activeSessionStates } from '../core/session.ts';
import { inMs } from '../db/clock.ts';
import { checks, cookies, renditions, sessions, streams } from '../db/schema.ts';

const dayMs = 86_400_000;
/** Cookies that expire within this time are to be renewed. */
const warnBeforeMs = 3 * dayMs;
/** What a site answered longer ago is not worth a warning now. */
const recentMs = 3_600_000;

/** Tells, once a day, of cookies that expire soon, and of sites that ask whether we are a robot. */
export async function warnOfCookies(app: App): Promise<void> {
  const today = new Date().toISOString().slice(0, 10);
  const soon = inMs(warnBeforeMs);
  const rows = await app.db.select().from(cookies).where(lt(cookies.expiresAt, soon));
  for (const { domain, expiresAt, chatKind, chatId } of rows) {
    const values = { domain, date: expiresAt?.toISOString().slice(0, 10) ?? '' };
    const key = `cookies_expire ${domain} ${today}`;
    await alertOperators(app, { code: 'cookies_expire', values, key }, [{ kind: chatKind, chatId }]);
  }
  for (const domain of await findRobotChecks(app)) await warnOfRobotCheck(app, domain, today);
}

async function warnOfRobotCheck(app: App, domain: string, today: string): Promise<void> {
  const [row] = await app.db.select().from(cookies).where(eq(cookies.domain, domain));
  const code = row ? 'cookies_refused' : 'cookies_wanted';
  const alert = { code, values: { domain }, key: `${code} ${domain} ${today}` } as const;
  await alertOperators(app, alert, row && [{ kind: row.chatKind, chatId: row.chatId }]);
}

/** Sites that asked whether we are a robot, when they were looked at or when a broadcast was to be captured. */
async function findRobotChecks({ db }: App): Promise<Set<string>> {
  const since = inMs(-recentMs);
  const looked = await db
    .selectDistinct({ url: streams.url })
    .from(checks)
    .innerJoin(streams, eq(streams.id, checks.streamId))
    .where(and(eq(checks.reason, 'bot_check'), gt(checks.lastAt, since)));
  const captured = await db
    .selectDistinct({ url: streams.url })
    .from(renditions)
    .innerJoin(sessions, eq(sessions.id, renditions.sessionId))
    .innerJoin(streams, eq(streams.id, sql`coalesce(${sessions.sourceId}, ${sessions.streamId})`))
    .where(
      and(
        isNotNull(renditions.trouble),
        sql`split_part(${renditions.trouble}, ':', 1) = 'bot_check'`,
        inArray(sessions.state, activeSessionStates),
      ),
    );
  return new Set([...looked, ...captured].map(({ url }) => siteOf(new URL(url).hostname)));
}
