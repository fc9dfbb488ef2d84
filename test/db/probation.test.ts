import { eq } from 'drizzle-orm';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/db/client.ts';
import { claimLease } from '../../src/db/leases.ts';
import { measureTake, withholdTake } from '../../src/db/probation.ts';
import { gaps, renditions, segments, sessions, streams, takes } from '../../src/db/schema.ts';
import { FencedError, keepSegment, type TakeRow } from '../../src/db/segments.ts';
import { keptInWindow } from '../../src/db/sessions.ts';
import { freshDatabase } from '../support/postgres.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let opened: ReturnType<typeof openDatabase>;
let db: Database;
let streamId = 0;

beforeAll(async () => {
  database = await freshDatabase();
  opened = openDatabase(database.url);
  ({ db } = opened);
  const url = 'https://e.example/live';
  const [stream] = await db.insert(streams).values({ platform: 'generic', channel: url, url }).returning();
  streamId = stream?.id ?? 0;
});
afterAll(async () => {
  await opened.close();
  await database.drop();
});

/** Names of Media Segments, two to a Segment; each Take follows the one before. */
async function insertTakes(names: number[][]): Promise<TakeRow[]> {
  const [session] = await db.insert(sessions).values({ streamId, state: 'ended' }).returning();
  const [rendition] = await db
    .insert(renditions)
    .values({ sessionId: session?.id ?? 0, name: 'best' })
    .returning();
  const renditionId = rendition?.id ?? 0;
  const rows: TakeRow[] = [];
  let mediaSequence = 0;
  for (const [ordinal, all] of names.entries()) {
    const startMs = mediaSequence * 4_000;
    const [take] = await db
      .insert(takes)
      .values({ renditionId, ordinal, streamId, worker: 'w', fence: 1, codecs: { container: 'ts' }, startMs })
      .returning();
    if (!take) throw new Error('no take');
    rows.push(take);
    for (let at = 0; at < all.length; at += 2) {
      const hashes = all.slice(at, at + 2).map(String);
      await db.insert(segments).values({
        ...{ renditionId, takeId: take.id, seq: at / 2, mediaSequence, key: `${take.id}/${at}`, sizeBytes: 1 },
        ...{ startMs: mediaSequence * 4_000, lengthMs: hashes.length * 2_000, isIndependent: true },
        ...{ sourceSequence: at, sourceCount: hashes.length, playlist: 'p', hashes },
      });
      mediaSequence++;
    }
  }
  return rows;
}

const tail = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 9 });

test('of random tails all that stood in the recording before is counted as seen, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(tail, tail, tail, async (first, second, third) => {
      const [, , last] = await insertTakes([first, second, third]);
      const before = new Set([...first, ...second]);
      const seenCount = third.filter((name) => before.has(name)).length;
      const unseenCount = third.length - seenCount;
      expect(await measureTake(db, last as TakeRow)).toEqual({ seenCount, unseenCount, unseenMs: unseenCount * 2_000 });
    }),
    { numRuns: 25 },
  );
});

test('sound whose pictures never came gives its place to the next sound', async () => {
  const [take] = await insertTakes([[1, 2]]);
  if (!take) throw new Error('no take');
  const lease = await claimLease(db, `capture:${take.renditionId}`, 'w', 60);
  if (!lease) throw new Error('no lease');
  const one = { sizeBytes: 1, lengthMs: 2_000, isIndependent: true, startsRun: false, frameCount: 0, path: '' };
  const keep = (track: 0 | 1, sourceSequence: number) => {
    const from = { track, sourceSequence, sourceCount: 1, playlist: 'p', hashes: [`${track} ${sourceSequence}`] };
    return keepSegment(db, lease, take, `${take.id}/${track}-${sourceSequence}`, { ...one, ...from });
  };
  await keep(1, 2);
  // Its pictures' file was lost; what follows is whole.
  const sound = await keep(1, 3);
  expect(await keep(0, 3)).toMatchObject({ mediaSequence: sound.mediaSequence, seq: sound.seq });
  const rows = await db.select().from(segments).where(eq(segments.takeId, take.id)).orderBy(segments.id);
  expect(rows.map(({ track, mediaSequence }) => [track, mediaSequence])).toEqual([
    [0, 0],
    [1, 1],
    [0, 1],
  ]);
});

test('what is withheld is told once, with its length, and counts for no window', async () => {
  const [first, last] = await insertTakes([
    [1, 2, 3, 4],
    [1, 2, 3],
  ]);
  if (!first || !last) throw new Error('no takes');
  const lease = await claimLease(db, 'capture:1', 'w', 60);
  if (!lease) throw new Error('no lease');
  await withholdTake(db, lease, { take: last, reason: 'phantom' });
  await withholdTake(db, lease, { take: last, reason: 'phantom' });
  const slept = { ...lease, fence: lease.fence - 1 };
  await expect(withholdTake(db, slept, { take: first, reason: 'phantom' })).rejects.toThrow(FencedError);
  const told = (await db.select().from(gaps)).filter(({ takeId }) => takeId === last.id);
  expect(told).toMatchObject([{ kind: 'withheld', cause: 'phantom', atMs: 8_000, lengthMs: 6_000 }]);
  const window = { fromSequence: 0, toSequence: null };
  expect(await keptInWindow(db, first.renditionId, window)).toMatchObject({ lengthMs: 8_000, endMs: 8_000 });
});
