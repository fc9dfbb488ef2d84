import type { APIUser } from 'discord.js';
import { probe } from '../../src/media/probe.ts';
import { startTestApp, type TestApp } from './app.ts';
import type { CommandUse } from './discord/command-use.ts';
import type { Reply } from './discord/interactions.ts';
import { type Discord, type DiscordOptions, startDiscord } from './discord/server.ts';
import type { ChannelState, GuildState } from './discord/state.ts';
import type { SeenMessage, World } from './discord/world.ts';
import { waitFor } from './wait.ts';

/** The product on a strict Discord: a server with the channels `home` and `archive`, and somebody who manages it. */
export type DiscordApp = {
  readonly t: TestApp;
  discord: Discord;
  world: World;
  guild: GuildState;
  /** Where commands are given and cards stand. */
  home: ChannelState;
  archive: ChannelState;
  owner: APIUser;
  /** A person gives a command, the owner if nobody is named, and reads the answer. */
  say(
    name: string,
    options?: CommandUse['options'],
    where?: { channel?: ChannelState; user?: APIUser; files?: CommandUse['files'] },
  ): Promise<Reply>;
  /** The latest card in a channel (home). */
  card(channel?: ChannelState): SeenMessage | undefined;
  /** Messages with files in a channel (archive), in order. */
  posts(channel?: ChannelState): SeenMessage[];
  close(): Promise<void>;
};

/** Starts it and waits until it listens. */
export async function startDiscordApp({
  server = {},
  env = {},
}: {
  server?: DiscordOptions;
  env?: Record<string, string>;
} = {}): Promise<DiscordApp> {
  const discord = await startDiscord(server);
  const { world } = discord;
  const guild = world.addGuild({ name: 'Club' });
  const home = world.addChannel(guild, { name: 'bot' });
  const archive = world.addChannel(guild, { name: 'archive' });
  const owner = world.addUser({ username: 'boss' });
  world.addMember(guild, owner, ['ManageGuild']);
  const t = await startTestApp({ DISCORD_TOKEN: discord.token, DISCORD_API_ROOT: discord.root, ...env });
  await waitFor(() => world.commands().length > 0, { what: 'commands' });
  return {
    ...{ t, discord, world, guild, home, archive, owner },
    async say(name, options = {}, { channel = home, user = owner, files } = {}) {
      const interaction = world.command(user, channel, name, options, { ...(files && { files }) });
      const shown = () => interaction.replies().find(({ isLoading, isDeleted }) => !isLoading && !isDeleted);
      return waitFor(shown, { what: `an answer to /${name}` });
    },
    card: (channel = home) => world.messages(channel).findLast(({ components = [] }) => components.length > 0),
    posts: (channel = archive) => world.messages(channel).filter(({ attachments }) => attachments.length > 0),
    async close() {
      await t.close();
      await discord.close();
    },
  };
}

/** Video frames of the files that stand in messages. */
export async function discordFrames({ world }: DiscordApp, messages: SeenMessage[]): Promise<number> {
  const files = messages.flatMap(({ attachments }) => attachments.map(({ id }) => world.fileOf(id).path));
  const probed = await Promise.all(files.map((path) => probe(path, { ffprobe: 'ffprobe', countPackets: true })));
  return probed.reduce((sum, { frameCount }) => sum + frameCount, 0);
}
