import { eq } from 'drizzle-orm';
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

/** The other Stream of a Session's pair, where it is live; never any but the one that was named. */
export async function findLiveOther(
  app: App,
  { streamId, crossId }: SessionRow,
  { source, signal }: { source: StreamRow; signal: AbortSignal },
): Promise<StreamRow | undefined> {
  if (crossId === null) return undefined;
  const otherId = source.id === streamId ? crossId : streamId;
  const [other] = await app.db.select().from(streams).where(eq(streams.id, otherId));
  const platform = app.platforms.find(({ name }) => name === other?.platform);
  if (!other || !platform) return undefined;
  try {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(lookLimitMs)]);
    const [status] = await platform.check([toStreamRef(other)], limited);
    return status?.state === 'live' ? other : undefined;
  } catch (err) {
    app.log.info({ err, stream: otherId }, 'not known whether the paired stream is live');
    return undefined;
  }
}
