import { type APIMessage, DiscordAPIError, REST, Routes } from 'discord.js';
import { expect, onTestFinished } from 'vitest';
import { type Discord, type DiscordOptions, startDiscord } from '../support/discord/server.ts';
import type { ChannelState, GuildState } from '../support/discord/state.ts';

/** A server with one guild, one text channel, one member, and discord.js' client for REST; closed when the test ends. */
export type Setup = Discord & { rest: REST; guild: GuildState; channel: ChannelState };

/** Starts it. The test fails when it did what the real server ignores in silence, unless it empties `violations`. */
export async function setup(options: DiscordOptions = {}): Promise<Setup> {
  const discord = await startDiscord({ isRateLimited: false, ...options });
  onTestFinished(async () => {
    await discord.close();
    expect(discord.violations).toEqual([]);
  });
  const guild = discord.world.addGuild({ name: 'Guild' });
  const channel = discord.world.addChannel(guild, { name: 'vods' });
  return { ...discord, rest: restOf(discord), guild, channel };
}

/** A client that tells a refusal at once instead of trying again. */
export function restOf({ root, token }: Pick<Discord, 'root' | 'token'>): REST {
  return new REST({ api: root, version: '10', retries: 0, timeout: 60_000, rejectOnRateLimit: () => true }).setToken(
    token,
  );
}

/** Sends a message with discord.js' REST. */
export async function send({ rest }: Pick<Setup, 'rest'>, channel: ChannelState, body: object): Promise<APIMessage> {
  return (await rest.post(Routes.channelMessages(channel.id), { body })) as APIMessage;
}

/** The call must be refused with exactly this status and code. */
export async function expectRefused(call: Promise<unknown>, status: number, code: number): Promise<DiscordAPIError> {
  const error = await call.then(
    (result) => {
      throw new Error(`not refused: ${JSON.stringify(result)}`);
    },
    (reason: unknown) => reason,
  );
  if (!(error instanceof DiscordAPIError)) throw error;
  expect([error.status, error.code, error.message.split('\n')[0]]).toEqual([status, code, expect.any(String)]);
  return error;
}
