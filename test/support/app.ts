import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asc, desc, eq } from 'drizzle-orm';
import { type App, type ProcessRole, processRoles, type RunningApp, startApp } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { findPartsOfDelivery } from '../../src/db/deliveries.ts';
import { deliveries, gaps, posts, segments, sessions, takes, webMessages } from '../../src/db/schema.ts';
import { createLogger } from '../../src/lib/log.ts';
import { probe } from '../../src/media/probe.ts';
import { freshDatabase } from './postgres.ts';
import { waitFor } from './wait.ts';
import { whatIsOpen } from './what-is-open.ts';

export type TestApp = {
  readonly app: App;
  readonly running: RunningApp;
  /** Types in the web chat and waits for the answer. */
  say(text: string, chatId?: string): Promise<{ text: string; isError?: boolean }>;
  /** Ends the process's roles and starts them anew on the same data. */
  restart(roles?: readonly ProcessRole[]): Promise<void>;
  stop(): Promise<void>;
  close(): Promise<void>;
  env: Record<string, string>;
};

/** The whole product on a database and folders of its own; `env` changes the configuration. */
export async function startTestApp(
  env: Record<string, string> = {},
  roles: readonly ProcessRole[] = processRoles,
): Promise<TestApp> {
  const database = await freshDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'aircheck-test-'));
  const all = {
    DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    PORT: '0',
    WEB_TOKEN: 'test-token',
    ALLOW_PRIVATE_SOURCES: '1',
    DISK_RESERVE_MB: '0',
    SEGMENT_SECONDS: '2',
    LEASE_SECONDS: '2',
    GRACE_SECONDS: '60',
    LOG_LEVEL: process.env.TEST_LOG ?? 'silent',
    ...env,
  };
  const open = (which: readonly ProcessRole[]) =>
    startApp(readConfig(all) as Config, createLogger(all.LOG_LEVEL), which);
  let running = await open(roles);
  let isRunning = true;
  const stop = async () => {
    if (isRunning) await running.stop();
    isRunning = false;
  };
  return {
    get app() {
      return running.app;
    },
    get running() {
      return running;
    },
    env: all,
    say: (text, chatId = 'main') => say(running.app, text, chatId),
    async restart(which = roles) {
      await stop();
      running = await open(which);
      isRunning = true;
    },
    stop,
    async close() {
      await stop();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function say(app: App, text: string, chatId: string) {
  const values = {
    chatId,
    author: 'user' as const,
    userId: 'owner',
    userName: 'you',
    kind: 'command' as const,
    content: { text },
  };
  const [said] = await app.db.insert(webMessages).values(values).returning();
  if (!said) throw new Error('not said');
  await app.bus.tell('web_messages', said.id);
  const [reply] = await waitFor(
    async () => {
      const rows = await app.db
        .select()
        .from(webMessages)
        .where(eq(webMessages.nonce, `reply:${said.id}`));
      return rows.length > 0 ? rows : undefined;
    },
    { what: `an answer to ${text}` },
  );
  return reply?.content ?? { text: '' };
}

/** Everything a flow looks at, read from rows and files. */
export async function readOutcome(app: App, sessionId?: number) {
  const allSessions = await app.db.select().from(sessions).orderBy(asc(sessions.id));
  const allDeliveries = await app.db.select().from(deliveries).orderBy(asc(deliveries.id));
  const wanted = allDeliveries.filter((row) => sessionId === undefined || row.sessionId === sessionId);
  return {
    sessions: allSessions,
    deliveries: wanted,
    posts: await app.db.select().from(posts).orderBy(asc(posts.id)),
    takes: await app.db.select().from(takes).orderBy(asc(takes.id)),
    gaps: await app.db.select().from(gaps).orderBy(asc(gaps.id)),
    segments: await app.db.select().from(segments).orderBy(asc(segments.id)),
    messages: await app.db.select().from(webMessages).orderBy(asc(webMessages.id)),
  };
}

/** Waits until every Delivery (at least `count`) is done. */
export async function waitUntilPosted(app: App, count = 1, timeoutMs = 240_000): Promise<void> {
  const isPosted = async () => {
    const rows = await app.db.select().from(deliveries).orderBy(desc(deliveries.id));
    return rows.length >= count && rows.every((row) => row.state === 'done');
  };
  await waitFor(isPosted, { timeoutMs, what: `${count} done deliveries` }).catch(async (error: Error) => {
    throw new Error(`${error.message}; open are:\n${(await whatIsOpen(app.db)).join('\n')}`);
  });
}

/** Waits until this many video frames are kept. */
export async function waitForFrames(app: App, frames: number): Promise<void> {
  await waitFor(
    async () => {
      const rows = await app.db.select({ frames: segments.frameCount }).from(segments);
      return rows.reduce((sum, row) => sum + row.frames, 0) >= frames;
    },
    { timeoutMs: 240_000, what: `${frames} kept frames` },
  );
}

/** The files a Delivery posted, probed: what a viewer gets. */
export async function readPostedFiles(app: App, deliveryId: number) {
  const [delivery] = await app.db.select().from(deliveries).where(eq(deliveries.id, deliveryId));
  if (!delivery) throw new Error('no such delivery');
  const planned = await findPartsOfDelivery(app.db, delivery);
  const rows = await app.db.select().from(posts).where(eq(posts.deliveryId, deliveryId)).orderBy(asc(posts.ordinal));
  const ids = rows.filter((row) => row.partIds.length > 0).map((row) => Number(row.posted?.messageIds[0]));
  const messages = await app.db.select().from(webMessages).orderBy(asc(webMessages.id));
  const media = messages.filter((message) => ids.includes(message.id)).flatMap((message) => message.media);
  const files = await Promise.all(
    media.map((item) => probe(app.storage.localPath?.(item.key) ?? '', { ffprobe: 'ffprobe', countPackets: true })),
  );
  return {
    planned,
    media,
    files,
    frames: files.reduce((sum, file) => sum + file.frameCount, 0),
    path: (key: string) => app.storage.localPath?.(key) ?? '',
  };
}
