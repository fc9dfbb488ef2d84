import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checks, sessions, streams, watches, webMessages } from '../../src/db/schema.ts';
import { readWebToken } from '../../src/web/auth.ts';
import { readRange } from '../../src/web/files.ts';
import { buildPlaylist, type PlaylistSegment } from '../../src/web/playlist.ts';
import { startWeb } from '../../src/web/server.ts';
import { startTestApp, type TestApp } from '../support/app.ts';

let product: TestApp;
let root: string;
let cookie: string;

beforeAll(async () => {
  product = await startTestApp({}, ['web']);
  const login = new URL(product.running.web?.loginUrl ?? '');
  root = login.origin;
  const answer = await fetch(login, { redirect: 'manual' });
  cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
});
afterAll(() => product.close());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(root + path, { headers: { cookie, ...headers }, redirect: 'manual' });

test('nobody gets in without the login link, and the cookie is not the token', async () => {
  for (const path of ['/', '/sessions', '/sessions/1/index.m3u8', '/chat/events', '/messages/1/media/0']) {
    expect((await fetch(root + path)).status).toBe(401);
  }
  expect((await fetch(`${root}/login?token=wrong`, { redirect: 'manual' })).status).toBe(401);
  const answer = await fetch(`${root}/login?token=test-token`, { redirect: 'manual' });
  expect(answer.status).toBe(302);
  const [set = ''] = answer.headers.getSetCookie();
  expect(set).toMatch(/HttpOnly/i);
  expect(set).toMatch(/SameSite=Lax/i);
  expect(set).not.toContain('test-token');
  expect((await get('/')).status).toBe(200);
  expect((await fetch(`${root}/healthz`)).status).toBe(200);
});

test('the link of a recording opens that recording and nothing else', async () => {
  const { db } = product.app;
  const [stream] = await db
    .insert(streams)
    .values({ platform: 'generic', channel: 'shared', url: 'https://a.example/shared' })
    .returning();
  const [one, other] = await db
    .insert(sessions)
    .values([1, 2].map(() => ({ streamId: stream?.id ?? 0, state: 'ended' as const })))
    .returning();
  if (!one || !other) throw new Error('no sessions');
  const visit = (path: string, cookie = '') => fetch(root + path, { headers: { cookie }, redirect: 'manual' });
  expect((await visit(`/sessions/${one.id}`)).status).toBe(401);
  expect((await visit(`/sessions/${one.id}?key=${other.shareKey}`)).status).toBe(401);
  const opened = await visit(`/sessions/${one.id}?key=${one.shareKey}`);
  expect(opened.status).toBe(200);
  const left = opened.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  expect((await visit(`/sessions/${one.id}/index.m3u8`, left)).status).not.toBe(401);
  expect((await visit(`/sessions/${one.id}.mp4`, left)).status).not.toBe(401);
  for (const path of ['/', '/sessions', `/sessions/${other.id}`, `/sessions/${other.id}.mp4`])
    expect((await visit(path, left)).status).toBe(401);
});

test('what is watched is shown with what its last looks said, and a recording with how fast it was seen', async () => {
  const { db } = product.app;
  const url = 'https://a.example/watched';
  const [stream] = await db.insert(streams).values({ platform: 'generic', channel: 'watched', url }).returning();
  const streamId = stream?.id ?? 0;
  await db.insert(watches).values({ streamId, chatKind: 'web', chatId: 'main', createdBy: 'owner' });
  const at = new Date(Date.now() - 90_000);
  await db.insert(checks).values({ streamId, state: 'unknown', reason: 'bot_check', count: 2, at, lastAt: new Date() });
  const page = await (await get('/streams')).text();
  expect(page).toMatch(/not known whether live for 1:3\d \(2 looks\)/);
  expect(page).toContain('asks whether we are a robot');
  expect((await fetch(`${root}/streams`)).status).toBe(401);
  const detectedAt = new Date();
  const startedAt = new Date(detectedAt.getTime() - 42_000);
  const [session] = await db
    .insert(sessions)
    .values({ streamId, state: 'starting', startedAt, detectedAt })
    .returning();
  expect(await (await get(`/sessions/${session?.id}`)).text()).toContain('seen 42s after it began, nothing kept yet');
});

test('a token that was cut off is made anew: an empty one would let everybody in', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-token-'));
  const path = join(dir, 'web-token');
  try {
    await writeFile(path, '');
    const token = await readWebToken(undefined, dir);
    expect(token.length).toBeGreaterThan(20);
    expect(await readFile(path, 'utf8')).toBe(token);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await rm(path);
    const first = await Promise.all([1, 2, 3, 4].map(() => readWebToken(undefined, dir)));
    expect(new Set(first).size).toBe(1);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

test('addresses that can be nothing are not found', async () => {
  const big = '9'.repeat(20);
  const paths = [`/messages/${big}/media/0`, `/sessions/${big}`, `/sessions/${big}/index.m3u8`, '/assets/constructor'];
  for (const path of [...paths, `/sessions/1/segments/${big}.ts`])
    expect([path, (await get(path)).status]).toEqual([path, 404]);
});

test('a HEAD of the whole recording starts no program', async () => {
  let opened = 0;
  const openMp4 = async () => {
    opened++;
    return undefined;
  };
  const web = await startWeb(product.app, { openMp4 });
  try {
    const url = new URL('/sessions/1.mp4', web.loginUrl);
    expect((await fetch(url, { method: 'HEAD', headers: { cookie } })).status).toBe(404);
    expect(opened).toBe(0);
    expect((await fetch(url, { headers: { cookie } })).status).toBe(404);
    expect(opened).toBe(1);
  } finally {
    await web.close();
  }
});

test('another site cannot type into the chat', async () => {
  const form = { method: 'POST', body: new URLSearchParams({ text: '/stop' }) };
  const foreign = await fetch(`${root}/chat`, { ...form, headers: { cookie, origin: 'https://evil.example' } });
  expect(foreign.status).toBe(403);
  const own = await fetch(`${root}/chat`, { ...form, headers: { cookie, origin: root }, redirect: 'manual' });
  expect(own.status).toBe(302);
  const empty = await fetch(`${root}/chat`, {
    method: 'POST',
    body: new URLSearchParams({ text: ' ' }),
    headers: { cookie, origin: root },
  });
  expect(empty.status).toBe(400);
});

test('titles are text, never markup, and pages forbid inline scripts', async () => {
  const content = {
    text: '<script>alert(1)</script>',
    state: 'recording',
    facts: [{ label: 'x', value: '<img src=x onerror=alert(1)>' }],
  };
  await product.app.db.insert(webMessages).values({ chatId: 'main', author: 'bot', kind: 'card', content });
  const answer = await get('/');
  const html = await answer.text();
  expect(html).not.toContain('<script>alert');
  expect(html).not.toContain('<img src=x');
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'");
});

test('files of an album are sent whole and by range', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-web-'));
  const path = join(dir, 'a.mp4');
  await writeFile(path, '0123456789');
  await product.app.storage.put('web/parts/77.mp4', path);
  await rm(dir, { recursive: true });
  const item = { key: 'web/parts/77.mp4', width: 1, height: 1, lengthMs: 1, sizeBytes: 10, fileName: 'a.mp4' };
  const [row] = await product.app.db
    .insert(webMessages)
    .values({ chatId: 'main', author: 'bot', kind: 'video', content: { text: '' }, media: [item] })
    .returning();
  const url = `/messages/${row?.id}/media/0`;
  const whole = await get(url);
  expect([whole.status, await whole.text(), whole.headers.get('accept-ranges')]).toEqual([200, '0123456789', 'bytes']);
  const middle = await get(url, { range: 'bytes=2-4' });
  expect([middle.status, await middle.text(), middle.headers.get('content-range')]).toEqual([
    206,
    '234',
    'bytes 2-4/10',
  ]);
  const tail = await get(url, { range: 'bytes=-3' });
  expect([tail.status, await tail.text()]).toEqual([206, '789']);
  expect((await get(url, { range: 'bytes=10-' })).status).toBe(416);
  expect((await get(`/messages/${row?.id}/media/1`)).status).toBe(404);
  expect((await get('/messages/999999/media/0')).status).toBe(404);
});

test('a range is always inside the file or refused', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.option(fc.nat(2000)),
      fc.option(fc.nat(2000)),
      (size, from, to) => {
        const range = readRange(`bytes=${from ?? ''}-${to ?? ''}`, size);
        if (range === undefined || range === 'unsatisfiable') return;
        expect(range.from).toBeGreaterThanOrEqual(0);
        expect(range.to).toBeLessThan(size);
        expect(range.from).toBeLessThanOrEqual(range.to);
      },
    ),
  );
});

const hour = 3_600_000;
const arbitrarySegments = fc
  .array(
    fc.record({ lengthMs: fc.integer({ min: 100, max: hour }), startsRun: fc.boolean(), isNewTake: fc.boolean() }),
    { minLength: 1, maxLength: 40 },
  )
  .map((rows) => {
    let startMs = 0;
    let takeId = 1;
    return rows.map((row, index): PlaylistSegment => {
      if (row.isNewTake && index > 0) takeId++;
      const segment = {
        id: index + 10,
        takeId,
        mediaSequence: index,
        startMs,
        lengthMs: row.lengthMs,
        startsRun: row.startsRun,
        programDateTime: null,
        container: 'ts' as const,
      };
      startMs += row.lengthMs;
      return segment;
    });
  });

test('a playlist shows every segment of a finished session, and a live one keeps its sequences when it slides', () => {
  fc.assert(
    fc.property(arbitrarySegments, (segments) => {
      const urls = {
        segmentUrl: (id: number) => `segments/${id}.ts`,
        initUrl: (takeId: number) => `inits/${takeId}.mp4`,
      };
      const finished = buildPlaylist(segments, { hasEnded: true, ...urls });
      expect(finished.match(/segments\/\d+\.ts/g)).toHaveLength(segments.length);
      expect(finished).toContain('#EXT-X-ENDLIST');
      const live = buildPlaylist(segments, { hasEnded: false, ...urls });
      const shown = [...live.matchAll(/segments\/(\d+)\.ts/g)].map((match) => Number(match[1]));
      const first = Number(/MEDIA-SEQUENCE:(\d+)/.exec(live)?.[1]);
      expect(shown).toEqual(segments.slice(first).map((segment) => segment.id));
      expect(live).not.toContain('#EXT-X-ENDLIST');
      // Discontinuities that slid out are counted, so that the whole number never changes.
      const count = (text: string) =>
        Number(/DISCONTINUITY-SEQUENCE:(\d+)/.exec(text)?.[1]) + (text.match(/#EXT-X-DISCONTINUITY\n/g)?.length ?? 0);
      expect(count(live)).toBe(count(finished));
    }),
  );
});
