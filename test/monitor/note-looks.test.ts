import { expect, onTestFinished, test } from 'vitest';
import { checks, streams } from '../../src/db/schema.ts';
import { saveDueLooks } from '../../src/monitor/note-looks.ts';
import type { Run, Watched } from '../../src/monitor/watched.ts';
import { startTestApp } from '../support/app.ts';

test('looks that told nothing new are written down after ten minutes, of a live stream after one', async () => {
  const t = await startTestApp({}, []);
  onTestFinished(() => t.close());
  const { db } = t.app;
  const now = performance.now();
  const watched = async (channel: string, state: Run['state'], savedMinutesAgo: number): Promise<Watched> => {
    const [stream] = await db
      .insert(streams)
      .values({ platform: 'site', channel, url: `https://site.example/${channel}` })
      .returning();
    const [row] = await db
      .insert(checks)
      .values({ streamId: stream?.id ?? 0, state })
      .returning();
    const run = { id: row?.id ?? 0, state, reason: null, unsavedCount: 5, lastAt: now };
    return { run: { ...run, savedAt: now - savedMinutesAgo * 60_000 } } as Watched;
  };
  const list = [
    await watched('a', 'offline', 9),
    await watched('b', 'offline', 11),
    await watched('c', 'live', 0.5),
    await watched('d', 'live', 2),
  ];
  await saveDueLooks(db, list);
  const rows = await db.select().from(checks).orderBy(checks.id);
  expect(rows.map(({ count }) => count)).toEqual([1, 6, 1, 6]);
  expect(list.map(({ run }) => run?.unsavedCount)).toEqual([5, 0, 5, 0]);
});
