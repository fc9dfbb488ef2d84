import { appendFile, mkdir, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { App } from '../../src/app.ts';
import type { ClosedSegment, SourceItem } from '../../src/core/ports.ts';
import { claimLease } from '../../src/db/leases.ts';
import { cleanUp } from '../../src/worker/clean.ts';
import { openSpoolLog, readSpool, refuseSpool, spoolFolder, spoolRoot, takeSpools } from '../../src/worker/spool.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

let product: TestApp;
let app: App;
beforeAll(async () => {
  product = await startTestApp({}, []);
  ({ app } = product);
});
afterAll(() => product.close());

const from = { sequence: 6, playlist: 'p', programDateTime: new Date(5_000), hashes: ['a'] };
const origin = { streamId: 3, isReturn: true };
const as = (owner: string) => ({ ...app, owner });

/** What a capture of this owner closed: a Take, sound and pictures, a Gap. */
async function leave(owner: string, renditionId: number, fence: number): Promise<SourceItem[]> {
  const dir = spoolFolder(as(owner), renditionId, fence);
  await mkdir(dir, { recursive: true });
  const closed = (track: 0 | 1): ClosedSegment => ({
    ...{ path: join(dir, `${track}.m4s`), track, sizeBytes: 5, lengthMs: 4_000, isIndependent: true, startsRun: false },
    ...{ frameCount: 100, sourceSequence: 7, sourceCount: 2, playlist: 'p', hashes: ['b', 'c'] },
    programDateTime: new Date(5_000),
  });
  const items: SourceItem[] = [
    { kind: 'take', codecs: { container: 'fmp4', init: 'x' }, joined: true, initPath: join(dir, 'init.mp4') },
    { kind: 'segment', segment: closed(1) },
    { kind: 'segment', segment: closed(0) },
    { kind: 'gap', lengthMs: 2_000, cause: 'slid_out' },
  ];
  const log = openSpoolLog(app, dir, from);
  for (const item of items) log.write(item, origin);
  return items;
}

test('what a capture wrote down is read again as it was, from wherever its folder lies by then', async () => {
  const items = await leave('dead', 1, 2);
  await leave('other', 1, 3);
  await leave('other', 1, 9);
  await leave('other', 2, 1);
  const [oldest = '', next = '', ...rest] = await takeSpools(as('heir'), 1, 5);
  expect([oldest, next]).toEqual([spoolFolder(as('heir'), 1, 2), spoolFolder(as('heir'), 1, 3)]);
  expect(rest).toEqual([]);
  expect((await readdir(join(spoolRoot(app), 'other'))).sort()).toEqual(['r1-9', 'r2-1']);
  const spool = await readSpool(oldest);
  expect(spool).toMatchObject({ dir: oldest, fence: 2, from });
  const moved = JSON.parse(JSON.stringify(items).replaceAll('/dead/', '/heir/'));
  expect(JSON.parse(JSON.stringify(spool?.items.map(({ item }) => item)))).toEqual(moved);
  expect(spool?.items.map((each) => each.origin)).toEqual(items.map(() => origin));
  expect(spool?.items[2]?.item).toMatchObject({ segment: { programDateTime: new Date(5_000) } });
});

test('a torn line ends what is read; what was refused is not read again', async () => {
  await leave('torn', 4, 1);
  const dir = spoolFolder(as('torn'), 4, 1);
  const log = join(dir, 'items.jsonl');
  const { length } = await readFile(log);
  await truncate(log, length - 10);
  expect((await readSpool(dir))?.items).toHaveLength(3);
  await appendFile(log, '\n{"kind":"gap","lengthMs":1,"cause":"timeout"}\n');
  expect((await readSpool(dir))?.items).toHaveLength(3);
  await refuseSpool(dir);
  expect(await readSpool(dir)).toBeUndefined();
});

test('what waits for more than a day goes, but not what a capture that runs still holds', async () => {
  await claimLease(app.db, 'capture:7', 'alive', 600);
  for (const [owner, renditionId] of [
    ['gone', 7],
    ['alive', 7],
    ['alive', 8],
    ['fresh', 7],
  ] as const)
    await leave(owner, renditionId, 1);
  const part = join(spoolRoot(app), 'alive', 'p12');
  await mkdir(part);
  await writeFile(join(part, 'part.mp4'), 'x');
  const yesterday = new Date(Date.now() - 25 * 3600 * 1000);
  for (const owner of ['gone', 'alive']) {
    const names = await readdir(join(spoolRoot(app), owner), { recursive: true });
    for (const name of [...names, '.']) await utimes(join(spoolRoot(app), owner, name), yesterday, yesterday);
  }
  await cleanUp(app, AbortSignal.timeout(60_000));
  expect(await readdir(spoolRoot(app))).toEqual(expect.arrayContaining(['alive', 'fresh']));
  expect((await readdir(join(spoolRoot(app), 'alive'))).sort()).toEqual(['p12', 'r7-1']);
  expect(await readdir(join(spoolRoot(app), 'fresh'))).toEqual(['r7-1']);
  expect(await readdir(join(spoolRoot(app), 'gone')).catch(() => [])).toEqual([]);
});
