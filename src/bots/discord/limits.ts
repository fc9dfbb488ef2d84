import { GuildPremiumTier } from 'discord.js';
import { and, eq, sql } from 'drizzle-orm';
import type { ChatLimits, TargetRef } from '../../core/ports.ts';
import { placeLimits } from '../../db/schema.ts';
import type { Discord } from './client.ts';
import { destination } from './destination.ts';
import { textChars } from './markup.ts';
import { guildOf, orUndefined } from './places.ts';

/**
 * Largest file. Source: https://discord.com/developers/docs/reference#uploading-files: 20 MiB since 2026-09-03, more
 * in servers with boosts (50 MiB from level 2, 100 MiB on level 3) or the perks of the same size.
 */
const mebibyte = 1 << 20;
const defaultBytes = 20 * mebibyte;
/** Room for what Discord counts and we do not. */
const margin = 0.99;
/** Source: https://discord.com/developers/docs/resources/message#create-message */
const albumItems = 10;
/** More Parts than this flood a channel: a link is posted instead, where the web can be reached. */
const maxParts = 10;
/** However small Discord says: smaller files help nobody. */
const leastBytes = mebibyte;

/** What a place takes: one file, and all files of one message (undefined: nothing was refused yet). */
export type PlaceLimits = { placeId: string; basisBytes: number; fileBytes: number; messageBytes?: number };

/** What a place takes by what it says of itself and by what it refused before. Places are servers, or one of a person. */
export async function placeLimitsOf(discord: Discord, address: string): Promise<PlaceLimits> {
  const { guildId, channelId } = destination(address);
  const placeId = guildId ?? channelId;
  const basisBytes = await basisOf(discord, placeId);
  const [learned] = await discord.db
    .select()
    .from(placeLimits)
    .where(and(eq(placeLimits.account, discord.account), eq(placeLimits.placeId, placeId)));
  // A server that was boosted since takes more than it refused then.
  const valid = learned?.basisBytes === basisBytes ? learned : undefined;
  const fileBytes = Math.max(leastBytes, Math.min(basisBytes, valid?.fileBytes ?? basisBytes));
  return { placeId, basisBytes, fileBytes, ...(valid?.messageBytes ? { messageBytes: valid.messageBytes } : {}) };
}

async function basisOf(discord: Discord, placeId: string): Promise<number> {
  const guild = await orUndefined(guildOf(discord, placeId));
  if (!guild) return defaultBytes;
  const features: string[] = guild.features;
  const has = (name: string) => features.includes(name);
  if (guild.premium_tier === GuildPremiumTier.Tier3 || has('MAX_FILE_SIZE_100_MB')) return 100 * mebibyte;
  if (guild.premium_tier === GuildPremiumTier.Tier2 || has('MAX_FILE_SIZE_50_MB')) return 50 * mebibyte;
  return defaultBytes;
}

/** Part size and album size of a Target. Where a message was refused for its size, albums are as small as one message. */
export async function limitsOf(discord: Discord, target: TargetRef): Promise<ChatLimits> {
  const { fileBytes, messageBytes } = await placeLimitsOf(discord, target.address);
  const own = { ...target.limits };
  const possible = Math.floor(fileBytes * margin);
  const partBytes = Math.min(possible, own.partBytes ?? possible);
  const items = messageBytes === undefined ? albumItems : Math.floor(messageBytes / partBytes);
  return {
    captionChars: textChars,
    textChars,
    maxParts,
    ...own,
    partBytes,
    albumItems: Math.max(1, Math.min(items, own.albumItems ?? albumItems, albumItems)),
  };
}

/**
 * Writes down what a place refused, halved: `fileBytes` for a message with one file, `messageBytes` for more of them.
 * What was learned before stays where it is less.
 */
export async function learnRefused(
  discord: Discord,
  { placeId, basisBytes }: PlaceLimits,
  refused: { fileBytes: number } | { messageBytes: number },
): Promise<void> {
  const half = Object.fromEntries(Object.entries(refused).map(([name, bytes]) => [name, Math.floor(bytes / 2)]));
  await writeLimits(discord, { placeId, basisBytes, ...half });
}

/** What an interaction says a file may have there: a person's own subscription may raise it, so only less counts. */
export async function learnSaid(discord: Discord, placeId: string, saidBytes: number): Promise<void> {
  const { basisBytes, fileBytes } = await placeLimitsOf(discord, placeId);
  if (saidBytes < fileBytes) await writeLimits(discord, { placeId, basisBytes, fileBytes: saidBytes });
}

type Learned = Pick<typeof placeLimits.$inferInsert, 'placeId' | 'basisBytes' | 'fileBytes' | 'messageBytes'>;

async function writeLimits({ db, account }: Discord, learned: Learned): Promise<void> {
  const isSame = sql`${placeLimits.basisBytes} = excluded.basis_bytes`;
  await db
    .insert(placeLimits)
    .values({ account, ...learned })
    .onConflictDoUpdate({
      target: [placeLimits.account, placeLimits.placeId],
      set: {
        basisBytes: sql`excluded.basis_bytes`,
        fileBytes: sql`case when ${isSame} then least(${placeLimits.fileBytes}, excluded.file_bytes) else excluded.file_bytes end`,
        messageBytes: sql`case when ${isSame} then least(${placeLimits.messageBytes}, excluded.message_bytes) else excluded.message_bytes end`,
        changedAt: sql`now()`,
      },
    });
}
