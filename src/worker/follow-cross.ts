import { eq } from 'drizzle-orm';
import { moveSource } from '../advance.ts';
import type { App } from '../app.ts';
import { streams } from '../db/schema.ts';
import type { SessionRow, StreamRow } from '../db/sessions.ts';
import { toStreamRef } from '../db/watches.ts';

/** A Platform may take this long to say whether the paired Stream is live. */
const lookLimitMs = 15_000;

/** The Stream a Session is captured from now. */
export async function findSource(app: App, session: SessionRow, own: StreamRow): Promise<StreamRow> {
  if (session.sourceId === null) return own;
  const [row] = await app.db.select().from(streams).where(eq(streams.id, session.sourceId));
  return row ?? own;
}

/**
 * Goes over to the other Stream of a Session's pair, where that is live; never to any but the one that was named.
 *
 * @returns the Stream; undefined where it is not live, or nobody can tell
 */
export async function goOver(
  app: App,
  { id, streamId, crossId }: SessionRow,
  { source, signal }: { source: StreamRow; signal: AbortSignal },
): Promise<StreamRow | undefined> {
  if (crossId === null) return undefined;
  const otherId = source.id === streamId ? crossId : streamId;
  try {
    const [other] = await app.db.select().from(streams).where(eq(streams.id, otherId));
    const platform = app.platforms.find(({ name }) => name === other?.platform);
    if (!other || !platform) return undefined;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(lookLimitMs)]);
    const [status] = await platform.check([toStreamRef(other)], limited);
    if (status?.state !== 'live') return undefined;
    await moveSource(app, id, other.id);
    return other;
  } catch (err) {
    app.log.info({ err, stream: otherId }, 'not known whether the paired stream is live');
    return undefined;
  }
}
