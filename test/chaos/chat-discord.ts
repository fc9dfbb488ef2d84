import type { CommandUse } from '../support/discord/command-use.ts';
import type { Interaction } from '../support/discord/interactions.ts';
import { startDiscord } from '../support/discord/server.ts';
import type { SeenMessage } from '../support/discord/world.ts';
import type { ChaosChat, Place } from './chat.ts';

/** A command that finds nobody is lost at Discord: a person reads "did not respond" after 3 s, and gives it again. */
const patienceMs = 10_000;

/** Discord with a server of two channels; it counts rates as the real one does. */
export async function openDiscordChat(): Promise<ChaosChat> {
  const discord = await startDiscord();
  const { world } = discord;
  const guild = world.addGuild({ name: 'Club' });
  const home = world.addChannel(guild, { name: 'bot' });
  const archive = world.addChannel(guild, { name: 'archive' });
  const owner = world.addUser({ username: 'boss' });
  world.addMember(guild, owner, ['ManageGuild']);

  const said: Interaction[] = [];
  const say = (name: string, options: CommandUse['options']) => {
    if (world.commands().some((command) => command.name === name)) said.push(world.command(owner, home, name, options));
  };
  const channelOf = (place: Place) => (place === 'home' ? home : archive);
  const byBot = (place: Place) => world.messages(channelOf(place)).filter(({ author }) => author.id === discord.bot.id);
  const posts = (place: Place) => byBot(place).filter(({ attachments }) => attachments.length > 0);
  const isCard = ({ components = [], attachments }: SeenMessage) => components.length > 0 && attachments.length === 0;
  const answers = () =>
    said.map((each) => each.replies().filter(({ isDeleted, isLoading }) => !isDeleted && !isLoading));
  const answerIds = () => new Set(answers().flatMap((replies) => replies.map(({ message }) => message.id)));
  const loose = (place: Place) => {
    const known = answerIds();
    return byBot(place).filter((each) => each.attachments.length === 0 && !isCard(each) && !known.has(each.id));
  };
  return {
    patienceMs,
    env: { DISCORD_TOKEN: discord.token, DISCORD_API_ROOT: discord.root, DISCORD_GUILDS: '' },
    // Before the bot registered its commands nobody can give one.
    isReady: () => world.commands().length > 0 && discord.gateway.sessions().length > 0,
    addTarget: (limitBytes) =>
      say('target', { action: 'add', name: 'archive', address: `<#${archive.id}>`, limit: `${limitBytes}B` }),
    record: (url, to) => say('record', { url, ...(to && { to }) }),
    fault(fault) {
      if (fault.kind === 'discord') discord.fault(fault.spec);
      if (fault.kind === 'gateway') discord.gateway.fault(fault.spec);
    },
    async restart() {
      discord.gateway.down();
      discord.gateway.up();
    },
    settle: () => undefined,
    files: (place) =>
      posts(place).flatMap(({ id, attachments, fileSha256 }) =>
        attachments.map((file, at) => ({
          ...{ messageId: id, sha256: fileSha256[at] ?? '' },
          path: world.fileOf(file.id).path,
        })),
      ),
    stagedHashes: () => undefined,
    comments(place) {
      const [first] = posts(place);
      return world.threads(channelOf(place)).flatMap((thread) =>
        world
          .messages(thread)
          .filter(({ author, content }) => author.id === discord.bot.id && content !== '')
          .map(({ content }) => ({ text: content, isInPlace: thread.id === first?.id })),
      );
    },
    cardCount: () => byBot('home').filter(isCard).length,
    leftOver: () =>
      (['home', 'archive'] as const).flatMap((place) => loose(place).map(({ content }) => `${place}: ${content}`)),
    answerCount: () => 0,
    answeredTwice: () =>
      answers()
        .filter((replies) => new Set(replies.map(({ message }) => message.content)).size < replies.length)
        .map((replies) => replies[0]?.message.content ?? ''),
    complaints: () => discord.violations.map((text) => `violation: ${text}`),
    calls: () =>
      discord.calls.map(({ at, verb, path, status }) => ({
        at,
        text: `Discord: ${verb} ${path.slice(0, 80)} → ${status}`,
      })),
    close: () => discord.close(),
  };
}
