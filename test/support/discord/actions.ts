import type { APIUser } from 'discord.js';
import type { CommandUse } from './command-use.ts';
import type { StoredFile } from './file-store.ts';
import * as guilds from './guilds.ts';
import { pressButton, sendCommand } from './interactions.ts';
import { newMessage, publish, remove } from './messages.ts';
import type { Permission } from './permissions.ts';
import * as places from './places.ts';
import { type ChannelState, channelOf, type Fields, type GuildState, nowMs, type WorldState } from './state.ts';
import { messageView } from './views.ts';
import type { SeenMessage } from './world.ts';

type More = Pick<CommandUse, 'locale' | 'files'>;

/** Guilds and channels. */
export function forPlaces(state: WorldState) {
  return {
    addGuild: (options?: guilds.GuildOptions) => guilds.addGuild(state, options),
    addChannel: (guild: GuildState, options?: places.ChannelOptions) => places.addChannel(state, guild, options),
    direct: (user: APIUser) => places.directChannel(state, user),
    closeDirect: (user: APIUser) => void state.closedDirects.add(user.id),
    kick: (guild: GuildState) => guilds.kick(state, guild),
    deleteChannel: (channel: ChannelState) => places.deleteChannel(state, channel),
    setPermissions: (guild: GuildState, permissions: Permission[]) =>
      guilds.setGuildPermissions(state, guild, permissions),
    setOverwrites: (channel: ChannelState, overwrites: places.OverwriteOptions[]) =>
      places.setOverwrites(state, channel, overwrites),
    setBoost: (guild: GuildState, options: guilds.GuildOptions) => guilds.setBoost(state, guild, options),
  };
}

/** What people do. */
export function forPeople(state: WorldState) {
  return {
    addUser: (options?: { username?: string; globalName?: string }) => guilds.addUser(state, options),
    addMember: (guild: GuildState, user: APIUser, permissions?: Permission[]) =>
      guilds.addMember(state, guild, user, permissions),
    command: (user: APIUser, channel: ChannelState, name: string, options?: CommandUse['options'], more?: More) =>
      sendCommand(state, { user, channel, name, options, ...more }),
    autocomplete: (
      user: APIUser,
      channel: ChannelState,
      use: Pick<CommandUse, 'name' | 'options' | 'locale'> & { focused: string },
    ) => sendCommand(state, { user, channel, ...use }),
    press: (user: APIUser, channel: ChannelState, messageId: string, customId: string) =>
      pressButton(state, { user, channel }, messageId, customId),
    say(user: APIUser, channel: ChannelState, content: string) {
      const body: Fields = { content };
      return messageView(state, publish(state, newMessage(state, channel, { body, files: new Map() }, user)));
    },
    erase(channel: ChannelState, messageId: string) {
      const message = channelOf(state, channel.id).messages.get(messageId);
      if (message) remove(state, message);
    },
  };
}

/** What tests look at. */
export function forLooks(state: WorldState) {
  return {
    messages(channel: ChannelState): SeenMessage[] {
      const written = [...channel.messages.values()].filter(({ type }) => type !== 21);
      const all = written.toSorted((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1));
      return all.map((message) => ({
        ...messageView(state, message),
        fileSha256: message.attachments.map(({ file }) => file.sha256),
      }));
    },
    threads: (channel: ChannelState) =>
      [...state.channels.values()].filter(({ thread, parentId }) => thread && parentId === channel.id),
    commands: (guild?: GuildState) => [...(state.commandLists.get(guild?.id ?? '')?.values() ?? [])],
    fileOf(attachmentId: string): StoredFile {
      const attachment = state.attachments.get(attachmentId);
      if (!attachment) throw new Error(`no attachment ${attachmentId}`);
      return attachment.file;
    },
  };
}

/** The clock, and the token. */
export function forTime(state: WorldState) {
  return {
    advance(ms: number) {
      state.clockOffsetMs += ms;
    },
    freeze() {
      state.frozenAt = Date.now();
    },
    now: () => nowMs(state),
    revoke() {
      state.isRevoked = true;
    },
  };
}
