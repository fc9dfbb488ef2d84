import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { desc, eq } from 'drizzle-orm';
import { type App, processRoles, type RunningApp, startApp } from './app.ts';
import { type Config, readConfig } from './config.ts';
import { type DeliveryRow, findPartsOfDelivery, findPosts } from './db/deliveries.ts';
import { deliveries, renditions, webMessages } from './db/schema.ts';
import { findGaps, keptInWindow, keptSoFar } from './db/sessions.ts';
import { createLogger } from './lib/log.ts';
import { startTestCard, type TestCard } from './testcard.ts';

/** Length of the broadcast of `demo --once`. */
const onceSeconds = 20;
const limitMs = 180_000;

/**
 * Records the built-in test card by the real path. `--once`: headless on a fresh data folder, one JSON line, exit 0
 * when the whole broadcast stands in the chat. Else it stays up with the web chat.
 */
export async function runDemo(config: Config, { isOnce }: { isOnce: boolean }): Promise<number> {
  const temp = isOnce ? await mkdtemp(join(tmpdir(), 'aircheck-demo-')) : undefined;
  // Open to Postgres' own user, so that the cluster lies inside and goes with the folder.
  if (temp) await chmod(temp, 0o755);
  const demoConfig = temp
    ? readConfig({
        PATH: '',
        DATA_DIR: temp,
        PORT: '0',
        ALLOW_PRIVATE_SOURCES: '1',
        LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn',
      })
    : { ...config, allowPrivateSources: true };
  const settings = {
    ...demoConfig,
    ffmpeg: config.ffmpeg,
    ffprobe: config.ffprobe,
    diskReserveMb: isOnce ? 0 : config.diskReserveMb,
  };
  const running = await startApp(settings, createLogger(settings.logLevel), processRoles);
  const card = await startTestCard({ ffmpeg: settings.ffmpeg, ...(isOnce ? { seconds: onceSeconds } : {}) });
  try {
    await waitForPlaylist(card.url);
    await type(running.app, `/record ${card.url}`);
    return isOnce ? await recordOnce(running.app, card) : await stayUp(running, card);
  } finally {
    await card.stop();
    await running.stop();
    if (temp) await rm(temp, { recursive: true, force: true });
  }
}

async function waitForPlaylist(url: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const isThere = await fetch(url).then(
      (answer) => answer.ok,
      () => false,
    );
    if (isThere) return;
    await delay(200);
  }
  throw new Error('The test card did not start: ffmpeg makes no stream here. Run "aircheck doctor".');
}

/** Says it in the web chat, as a person would. */
async function type(app: App, text: string): Promise<void> {
  const values = {
    chatId: 'main',
    author: 'user' as const,
    userId: 'owner',
    userName: 'you',
    kind: 'command' as const,
    content: { text },
  };
  const [row] = await app.db.insert(webMessages).values(values).returning();
  if (row) await app.bus.tell('web_messages', row.id);
}

async function stayUp({ web }: RunningApp, card: TestCard): Promise<number> {
  process.stdout.write(
    `\nA test card is live and being recorded. Open the chat:\n\n    ${web?.loginUrl}\n\nPress Stop on the card to see the album. Ctrl-C ends the demo.\n`,
  );
  const interrupted = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  await Promise.race([interrupted, card.ended]);
  return 0;
}

async function recordOnce(app: App, card: TestCard): Promise<number> {
  let endedAt = 0;
  void card.ended.then(() => {
    endedAt = Date.now();
  });
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    const [delivery] = await app.db.select().from(deliveries).orderBy(desc(deliveries.id)).limit(1);
    if (delivery?.state === 'done') return report(app, delivery, endedAt);
    const [reply] = await app.db.select().from(webMessages).where(eq(webMessages.kind, 'reply'));
    if (reply?.content.isError) return fail(reply.content.text);
    if (delivery?.state === 'paused') return fail(`The recording could not be posted: ${delivery.error}.`);
    await delay(200);
  }
  return fail(`The recording was not posted within ${limitMs / 1000} s. Run "aircheck doctor".`);
}

function fail(sentence: string): number {
  process.stderr.write(`${sentence}\n`);
  return 1;
}

/** The JSON line, after the frames of the Segments were compared with those of the posted Parts. */
async function report(app: App, delivery: DeliveryRow, endedAt: number): Promise<number> {
  const parts = await findPartsOfDelivery(app.db, delivery);
  const [album] = await findPosts(app.db, delivery.id);
  const [rendition] = await app.db.select().from(renditions).where(eq(renditions.id, delivery.renditionId));
  const kept = await keptSoFar(app.db, delivery.renditionId);
  const window = await keptInWindow(app.db, delivery.renditionId, delivery);
  const frames = parts.reduce((sum, part) => sum + (part.frameCount ?? 0), 0);
  const line = {
    session: delivery.sessionId,
    quality: rendition?.name,
    segments: kept.segmentCount,
    gaps: (await findGaps(app.db, delivery.renditionId)).length,
    parts: parts.length,
    bytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    frames,
    seconds: Math.round(window.lengthMs / 10) / 100,
    post: album?.posted?.messageIds[0],
    secondsToPost: album?.postedAt ? Math.max(0, (album.postedAt.getTime() - endedAt) / 1000) : undefined,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (!album?.posted) return fail('Nothing was posted.');
  if (frames !== window.frameCount)
    return fail(`The posted parts hold ${frames} frames, but ${window.frameCount} were captured.`);
  return 0;
}
