import { setTimeout as delay } from 'node:timers/promises';
import postgres from 'postgres';
import { errorText, UserError } from '../core/errors.ts';
import type { Logger } from '../lib/log.ts';

const limitMs = 60_000;
const pauseMs = 500;

/** Wrong password, no such user, no such database: waiting mends none of them. Source: PostgreSQL, error codes. */
const finalCodes = ['28000', '28P01', '3D000'];

/**
 * Waits until Postgres takes a connection: it may start later than this process, or have none free for a moment.
 *
 * @throws UserError `postgres_unreachable` after `forMs` (60 s), or at once where it refuses this user or database
 */
export async function awaitPostgres(url: string, log: Logger, forMs = limitMs): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    const error = await tryOnce(url);
    if (error === undefined) return;
    const isFinal = finalCodes.includes(String((error as { code?: unknown }).code));
    const detail = errorText(error);
    if (isFinal || performance.now() - startedAt > forMs) throw new UserError('postgres_unreachable', { detail });
    log.warn({ detail }, 'Postgres takes no connection yet');
    await delay(pauseMs);
  }
}

async function tryOnce(url: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {} });
  try {
    await sql`select 1`;
    return undefined;
  } catch (error) {
    return error ?? new Error('unknown');
  } finally {
    await sql.end({ timeout: 5 });
  }
}
