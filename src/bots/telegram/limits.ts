import { eq, sql } from 'drizzle-orm';
import type { ChatLimits, TargetRef } from '../../core/ports.ts';
import { uploadRates } from '../../db/schema.ts';
import type { Telegram } from './client.ts';
import { captionChars, textChars } from './markup.ts';

/**
 * Largest upload. Source: core.telegram.org/bots/api#sending-files: 50 MB; 2000 MB by a server with `--local`.
 */
const cloudBytes = 50_000_000;
const localBytes = 2_000_000_000;
/** More items no album takes. Source: core.telegram.org/bots/api#sendmediagroup. */
const albumItems = 10;
/** More Parts than this flood a channel: a link is posted instead, where the web can be reached. */
const maxParts = 30;
/** Time of an upload that a Part is made for, of the server's patience. */
const sharePlanned = 0.8;
const patienceMs = 500_000;
/** However slow: smaller files help nobody. */
const leastBytes = 5_000_000;
/** What is shorter says more about the connection's start than about its rate. */
const leastMeasuredBytes = 1_000_000;

/** Where a Target's files are staged; undefined where nowhere. */
export const vaultOf = (telegram: Telegram, target: TargetRef): string | undefined => target.vault ?? telegram.vault;

/** Part size = what the bot may send, but no more than the measured rate moves in 400 s: at 500 s the server hangs up. */
export async function limitsOf(telegram: Telegram, target: TargetRef): Promise<ChatLimits> {
  const own = { ...target.limits };
  const wished = own.partBytes ?? (telegram.isLocal ? localBytes : cloudBytes);
  const [rate] = await telegram.db.select().from(uploadRates).where(eq(uploadRates.account, telegram.account));
  const possible = rate ? rate.bytesPerSecond * ((telegram.patienceMs ?? patienceMs) / 1000) * sharePlanned : wished;
  const partBytes = Math.min(wished, Math.max(leastBytes, Math.floor(possible)));
  const items = vaultOf(telegram, target) ? Math.min(albumItems, own.albumItems ?? albumItems) : 1;
  return { captionChars, textChars, maxParts, ...own, partBytes, albumItems: items };
}

/** Learns from an upload: the mean leans to the new by a fifth. */
export async function learnRate(telegram: Telegram, sizeBytes: number, elapsedMs: number): Promise<void> {
  if (sizeBytes < leastMeasuredBytes) return;
  const bytesPerSecond = sizeBytes / Math.max(elapsedMs / 1000, 0.001);
  const mean = sql`${uploadRates.bytesPerSecond} * 0.8 + excluded.bytes_per_second * 0.2`;
  await writeRate(telegram, bytesPerSecond, mean);
}

/** An upload did not end in the server's patience: from now on Parts are made for the rate that it had. */
export async function learnTooSlow(telegram: Telegram, sizeBytes: number, elapsedMs: number): Promise<void> {
  await writeRate(telegram, (sizeBytes / (elapsedMs / 1000)) * sharePlanned, sql`excluded.bytes_per_second`);
}

async function writeRate(telegram: Telegram, bytesPerSecond: number, next: ReturnType<typeof sql>): Promise<void> {
  await telegram.db
    .insert(uploadRates)
    .values({ account: telegram.account, bytesPerSecond })
    .onConflictDoUpdate({ target: uploadRates.account, set: { bytesPerSecond: next, changedAt: sql`now()` } });
}

/** Whether an upload took so long that the server hung up on it. */
export const isOutOfPatience = (telegram: Telegram, elapsedMs: number): boolean =>
  elapsedMs >= (telegram.patienceMs ?? patienceMs) * sharePlanned;
