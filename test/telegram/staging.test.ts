import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { TelegramOptions } from '../../src/bots/telegram/client.ts';
import { createTelegramChat } from '../../src/bots/telegram/telegram.ts';
import { fileUri } from '../../src/bots/telegram/upload.ts';
import { FatalError, TemporaryError } from '../../src/core/errors.ts';
import type { Chat, PartFile, TargetRef } from '../../src/core/ports.ts';
import { gates } from '../../src/db/schema.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { type TelegramOptions as ServerOptions, startTelegram, type Telegram } from '../support/telegram/server.ts';

let telegram: Telegram;
let product: TestApp;
let dir: string;
let chat: Chat;
let target: TargetRef;
const signal = AbortSignal.timeout(100_000);

async function open(server: ServerOptions = {}, options: Partial<TelegramOptions> = {}): Promise<void> {
  telegram = await startTelegram(server);
  product = await startTestApp({}, []);
  dir = await mkdtemp(join(tmpdir(), 'aircheck-staging-'));
  const { db, bus, log } = product.app;
  const vault = String(telegram.world.addChannel({ title: 'vault' }).id);
  const ours = { db, bus, log, token: telegram.token, apiRoot: telegram.root, isLocal: false, uploadMbps: 0, vault };
  chat = createTelegramChat({ ...ours, ...options });
  target = { id: 1, kind: 'telegram', address: vault, limits: {} };
}

afterEach(async () => {
  await product.close();
  await telegram.close();
  await rm(dir, { recursive: true, force: true });
  expect(telegram.violations).toEqual([]);
});

async function makePart(sizeBytes: number): Promise<PartFile> {
  const path = join(dir, 'part.mp4');
  await writeFile(path, Buffer.alloc(sizeBytes, 'part '));
  return { partId: 7, path, sizeBytes, lengthMs: 90_500, width: 1280, height: 720, fileName: 'a-b_c.mp4' };
}

const stage = (file: PartFile, onProgress: (sentBytes: number) => void = () => {}) =>
  chat.stage(target, file, { signal, onProgress });

test('a file is staged silently with all that a player needs, and its progress is told', async () => {
  await open();
  telegram.fault({ method: 'sendVideo', kind: 'slowBody', bytesPerSecond: 5_000_000 });
  const told: number[] = [];
  const file = await makePart(20_000_000);
  const remote = await stage(file, (sentBytes) => told.push(sentBytes));
  expect(told.length).toBeGreaterThan(1);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(told.at(-1)).toBe(20_000_000);
  const call = telegram.calls.find(({ method }) => method === 'sendVideo');
  expect(call?.params).toMatchObject({ disable_notification: true, supports_streaming: true, duration: 91 });
  expect(call?.params).toMatchObject({ width: 1280, height: 720, caption: 'aircheck part 7' });
  expect(telegram.world.fileOf(String(remote.fileId)).sizeBytes).toBe(20_000_000);
});

test('the measured rate bounds the size of the parts to come', async () => {
  await open({}, { patienceMs: 4_000 });
  const before = await chat.limits(target);
  expect(before.partBytes).toBe(50_000_000);
  telegram.fault({ method: 'sendVideo', kind: 'slowBody', bytesPerSecond: 3_000_000 });
  await stage(await makePart(6_000_000));
  const after = await chat.limits(target);
  expect(after.partBytes).toBeLessThan(before.partBytes);
  expect((await chat.limits({ ...target, limits: { partBytes: 1_000_000 } })).partBytes).toBe(1_000_000);
});

test('an upload the server hangs up on for its length asks for smaller parts', async () => {
  await open({ httpTimeoutMs: 1_000 }, { patienceMs: 1_000 });
  telegram.fault({ method: 'sendVideo', kind: 'delay', ms: 3_000 });
  const failure = await stage(await makePart(6_000_000)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(FatalError);
  expect((failure as FatalError).code).toBe('part_over_limit');
  expect((await chat.limits(target)).partBytes).toBe(5_000_000);
});

test('a file over the limit of the server asks for smaller parts', async () => {
  await open();
  const failure = await stage(await makePart(53_000_000)).catch((error: unknown) => error);
  expect((failure as FatalError).code).toBe('part_over_limit');
});

test('an upload that breaks off may be tried again', async () => {
  await open();
  telegram.fault({ method: 'sendVideo', kind: 'resetBody' });
  const file = await makePart(3_000_000);
  expect(await stage(file).catch((error: unknown) => error)).toBeInstanceOf(TemporaryError);
  expect((await stage(file)).type).toBe('video');
});

test('UPLOAD_MBPS is one gate for all uploads', async () => {
  await open({}, { uploadMbps: 200 });
  await Promise.all([stage(await makePart(3_000_000)), stage(await makePart(3_000_000))]);
  const rows = await product.app.db.select().from(gates);
  // 2 × 3 pieces of 1 MiB, each 42 ms after the one before; one piece's time is the window.
  expect(rows.find(({ key }) => key === 'uplink')?.takenAt).toHaveLength(1);
});

test('where a server of ours finds a file', () => {
  expect(fileUri({}, '/data/spool/a b.mp4')).toBe('file:///data/spool/a%20b.mp4');
  expect(fileUri({ pathMap: '/data:/mnt/air' }, '/data/spool/p.mp4')).toBe('file:///mnt/air/spool/p.mp4');
  expect(() => fileUri({ pathMap: '/data:/mnt' }, '/database/p.mp4')).toThrow('telegram_path_map');
});
