import { and, asc, desc, eq } from 'drizzle-orm';
import { coverageOf, streamName } from '../core/card.ts';
import type { Database } from '../db/client.ts';
import { findDetection } from '../db/detection.ts';
import { renditions, segments, sessions, streams, takes } from '../db/schema.ts';
import { findSegments } from '../db/segments.ts';
import { findGaps, keptSoFar } from '../db/sessions.ts';
import type { SessionView } from './pages/session.tsx';
import type { PlaylistSegment } from './playlist.ts';

type Found = { session: typeof sessions.$inferSelect; stream: typeof streams.$inferSelect };

/** The Rendition that a page shows: the first captured one. */
async function mainRendition(db: Database, sessionId: number) {
  const [row] = await db
    .select()
    .from(renditions)
    .where(eq(renditions.sessionId, sessionId))
    .orderBy(asc(renditions.id))
    .limit(1);
  return row;
}

async function toView(db: Database, { session, stream }: Found): Promise<SessionView> {
  const rendition = await mainRendition(db, session.id);
  const kept = rendition ? await keptSoFar(db, rendition.id) : { lengthMs: 0, sizeBytes: 0 };
  const gaps = rendition ? await findGaps(db, rendition.id) : [];
  const { lengthMs, sizeBytes } = kept;
  const coverage = coverageOf({ lengthMs, gaps });
  return {
    id: session.id,
    name: session.title ?? streamName(stream),
    state: session.state,
    startedAt: session.startedAt,
    lengthMs,
    sizeBytes,
    coverage,
    gaps,
  };
}

/** One Session as its page shows it. */
export async function findSessionView(db: Database, id: number): Promise<SessionView | undefined> {
  const [row] = await db
    .select({ session: sessions, stream: streams })
    .from(sessions)
    .innerJoin(streams, eq(streams.id, sessions.streamId))
    .where(eq(sessions.id, id));
  if (!row) return undefined;
  return { ...(await toView(db, row)), detection: await findDetection(db, id) };
}

/** The last 100 Sessions, newest first. */
export async function findSessionViews(db: Database): Promise<SessionView[]> {
  const rows = await db
    .select({ session: sessions, stream: streams })
    .from(sessions)
    .innerJoin(streams, eq(streams.id, sessions.streamId))
    .orderBy(desc(sessions.id))
    .limit(100);
  return Promise.all(rows.map((row) => toView(db, row)));
}

/** What the playlist of a Session is a view of. */
export async function findPlaylist(
  db: Database,
  sessionId: number,
): Promise<{ segments: PlaylistSegment[]; bitsPerSecond: number; hasEnded: boolean } | undefined> {
  const rendition = await mainRendition(db, sessionId);
  if (!rendition) return undefined;
  const rows = await findSegments(db, rendition.id, { from: 0 });
  const sounds = new Map(
    rows.flatMap(({ segment }) => (segment.track === 1 ? [[segment.mediaSequence, segment.id]] : [])),
  );
  const shown = rows.filter(({ segment }) => segment.track === 0);
  const bits = rows.reduce((sum, { segment }) => sum + segment.sizeBytes * 8, 0);
  const lengthMs = shown.reduce((sum, { segment }) => sum + segment.lengthMs, 0);
  return {
    segments: shown.map(({ segment, take }) => ({
      ...segment,
      container: take.codecs.container,
      ...(sounds.size > 0
        ? { sound: { id: sounds.get(segment.mediaSequence), container: take.codecs.audioContainer ?? 'ts' } }
        : {}),
    })),
    bitsPerSecond: lengthMs > 0 ? bits / (lengthMs / 1000) : 0,
    hasEnded: rendition.endedAt !== null && rendition.keptAt !== null,
  };
}

/** The keys of a Take's initialization sections, if it is one of this Session: of the pictures, and of the sound. */
export async function findInitKeys(
  db: Database,
  sessionId: number,
  takeId: number,
): Promise<{ pictures: string | null; sound: string | null } | undefined> {
  const [row] = await db
    .select({ pictures: takes.initKey, sound: takes.audioInitKey })
    .from(takes)
    .innerJoin(renditions, eq(renditions.id, takes.renditionId))
    .where(and(eq(takes.id, takeId), eq(renditions.sessionId, sessionId)));
  return row;
}

/** The key of a Segment, if it is one of this Session. */
export async function findSegmentKey(db: Database, sessionId: number, segmentId: number): Promise<string | undefined> {
  const [row] = await db
    .select({ key: segments.key })
    .from(segments)
    .innerJoin(renditions, eq(renditions.id, segments.renditionId))
    .where(eq(segments.id, segmentId));
  const rendition = row && (await db.select().from(renditions).where(eq(renditions.sessionId, sessionId)));
  return row && rendition && rendition.length > 0 && row.key.startsWith(`sessions/${sessionId}-`) ? row.key : undefined;
}
