import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LiveOrigin, type LiveStream, startLiveOrigin } from '../support/live.ts';
import type { ChaosChat } from './chat.ts';
import { openDiscordChat } from './chat-discord.ts';
import { openTelegramChat } from './chat-telegram.ts';

/** What stands around the product in one run: a strict chat, and two live streams. */
export type Stage = {
  chat: ChaosChat;
  /** The first is recorded into `archive`, in several Parts, the second where it is ordered. */
  streams: [LiveStream, LiveStream];
  /** Makes several Parts of the first stream. */
  limitBytes: number;
  /** Folder of the run. */
  dir: string;
  env: Record<string, string>;
  /** While it is there, Storage takes so many bytes. */
  quotaFile: string;
  close(): Promise<void>;
};

export type StageOptions = {
  chat?: 'telegram' | 'discord';
  /** Telegram counts messages as the real one does, and there are more than a chat may get in a minute. */
  hasRates?: boolean;
};

/** How much slower than alone this machine is at the moment: processes that want to run, for each processor. */
const slowness = () => Math.max(1, (loadavg()[0] ?? 1) / availableParallelism());

/** Length of the streams in seconds, at twice the speed of life, and Parts of the first. */
const usual = { lengths: [12, 8], partCount: 3 } as const;
/** 26 messages into the vault and 25 into the channel: more than the 20 of a minute. */
const many = { lengths: [25, 8], partCount: 25 } as const;

/** Builds it; the streams stand still at their beginning. */
export async function buildStage({ chat: kind, hasRates = false }: StageOptions = {}): Promise<Stage> {
  const { lengths, partCount } = hasRates ? many : usual;
  const chat = await (kind === 'discord' ? openDiscordChat() : openTelegramChat({ hasRates }));
  const { origin, streams } = await openStreams(lengths);
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-chaos-run-'));
  const quotaFile = join(dir, 'quota');
  // Whoever is given no time to run must not look dead, or all do everything again and again.
  const slow = slowness();
  return {
    ...{ chat, streams, dir, quotaFile },
    limitBytes: await limitFor(streams[0], lengths[0], partCount),
    env: {
      DATA_DIR: join(dir, 'data'),
      PORT: '0',
      WEB_TOKEN: 'chaos',
      ALLOW_PRIVATE_SOURCES: '1',
      DISK_RESERVE_MB: '0',
      SEGMENT_SECONDS: '1',
      LEASE_SECONDS: String(Math.min(slow, 4)),
      SWEEP_SECONDS: '0.3',
      GRACE_SECONDS: '60',
      LOG_LEVEL: 'debug',
      CHAOS_SETTLE_MS: String(Math.min(2_000 * slow, 20_000)),
      CHAOS_QUOTA_FILE: quotaFile,
      ...chat.env,
    },
    async close() {
      await origin.close();
      await chat.close();
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function openStreams(
  lengths: readonly [number, number],
): Promise<{ origin: LiveOrigin; streams: [LiveStream, LiveStream] }> {
  // All of a stream stays in its playlist: whatever dies, nothing needs to be missing.
  const of = (seconds: number) => ({
    mode: 'clock' as const,
    speed: 2,
    segments: seconds,
    window: seconds,
    initial: 3,
  });
  const origin = await startLiveOrigin(of(lengths[0]));
  origin.pause();
  const second = await origin.stream('second', { ...of(lengths[1]), toneHz: 660 });
  second.pause();
  return { origin, streams: [origin, second] };
}

/** The size limit that makes `count` Parts of the stream, or one more: its largest stretch plus what planning keeps free. */
async function limitFor(stream: LiveStream, length: number, count: number): Promise<number> {
  const sizes = await Promise.all(Array.from({ length }, async (_, at) => (await stream.bytes(at)).length));
  const perPart = Math.ceil(sizes.length / count);
  const stretch = (at: number) => sizes.slice(at, at + perPart).reduce((sum, size) => sum + size, 0);
  return Math.ceil((Math.max(...sizes.map((_, at) => stretch(at))) + 64_001) / 0.985);
}
