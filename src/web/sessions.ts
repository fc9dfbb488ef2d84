import { and, asc, desc, eq } from 'drizzle-orm';
import { coverageOf, streamName } from '../core/card.ts';
import type { Database } from '../db/client.ts';
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
  return row && toView(db, row);
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
): Promise<{ segments: PlaylistSegment[]; hasEnded: boolean } | undefined> {
  const rendition = await mainRendition(db, sessionId);
  if (!rendition) return undefined;
  const rows = await findSegments(db, rendition.id, { from: 0 });
  return {
    segments: rows
      .filter(({ segment }) => segment.track === 0)
      .map(({ segment, take }) => ({ ...segment, container: take.codecs.container })),
    hasEnded: rendition.endedAt !== null && rendition.keptAt !== null,
  };
}

/** The key of a Take's initialization section, if it is one of this Session. */
export async function findInitKey(db: Database, sessionId: number, takeId: number): Promise<string | undefined> {
  const [row] = await db
    .select({ key: takes.initKey })
    .from(takes)
    .innerJoin(renditions, eq(renditions.id, takes.renditionId))
    .where(and(eq(takes.id, takeId), eq(renditions.sessionId, sessionId)));
  return row?.key ?? undefined;
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
