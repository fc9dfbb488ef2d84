import type { Chat, Message, User } from 'grammy/types';
import { publish, remove } from './messages.ts';
import { fileAtPath } from './methods/files.ts';
import { newBot, newState } from './new-state.ts';
import { change, defaultBot, press, type SayOptions, type SendFileOptions, say, sendFile, stateOf } from './people.ts';
import * as places from './places.ts';
import { type CommandList, type MemberStatus, nextId, type StoredFile, type WorldState } from './state.ts';
import type { WorldForServer, WorldOptions } from './types.ts';
import { endPoll, holdUpdates, releaseUpdates } from './updates.ts';
import { viewOf } from './views.ts';

/** A message as the bot sees it, with the hash of its file's bytes (hex) to compare with the disk. */
export type SeenMessage = Message & { fileSha256?: string };

/** What people do and tests look at. Chats and users are the Bot API objects. */
export type World = WorldState &
  WorldForServer & {
    addUser(user: { id?: number; firstName: string; username?: string; languageCode?: string }): User;
    addChannel(channel: { title: string; username?: string; botRights?: places.BotRights }): Chat.ChannelChat;
    addGroup(group: places.GroupOptions): Chat.GroupChat | Chat.SupergroupChat;
    privateChat(user: User): Chat.PrivateChat;
    link(channel: Chat, group: Chat): void;
    setMember(chat: Chat, user: User, status: MemberStatus): void;
    kick(chat: Chat): void;
    setRights(chat: Chat, rights: Record<string, boolean>): void;
    migrate(group: Chat): Chat.SupergroupChat;
    say(user: User, chat: Chat, text: string, options?: SayOptions): Message;
    /** A person edits a text. */
    change(chat: Chat, messageId: number, text: string): void;
    /** A person deletes a message; no bot is told. */
    erase(chat: Chat, messageId: number): void;
    sendFile(user: User, chat: Chat, what: SendFileOptions): Promise<Message>;
    /** @returns the id of the callback query */
    press(user: User, chat: Chat, messageId: number, button: string): string;
    /** In the order of their ids, without those that were deleted. */
    messages(chat: Chat): SeenMessage[];
    /** Only what belongs to an album, in order. */
    albums(chat: Chat): SeenMessage[][];
    /** Lists of setMyCommands, by scope and language. */
    readonly commands: CommandList[];
    /** @throws Error for an id that never was */
    fileOf(fileId: string): StoredFile;
    holdForwards(): void;
    releaseForwards(options?: { order?: 'reversed' }): void;
    /** The next `count` automatic forwards never appear. */
    dropForwards(count: number): void;
    /** Updates wait from now on, as if the servers were slow; `releaseUpdates` numbers and delivers them. */
    holdUpdates(): void;
    releaseUpdates(options?: { order?: 'reversed' }): void;
    /** Moves the server's clock on; timers do not follow. */
    advance(ms: number): void;
    /** The server's clock stands still from now on, but for `advance`. */
    freeze(): void;
    /** The person's account is gone: 403 from now on. */
    deactivate(user: User): void;
  };

function seen(world: WorldState, chat: Chat): SeenMessage[] {
  const botId = defaultBot(world).user.id;
  const messages = [...stateOf(world, chat).messages.values()].toSorted((one, other) => one.id - other.id);
  return messages.map((message) => ({
    ...viewOf(world, message, botId),
    ...(message.file ? { fileSha256: message.file.sha256 } : {}),
  }));
}

function forServer(world: WorldState): WorldForServer {
  const usable = (token: string) => {
    const bot = world.bots.get(token);
    return bot?.isRevoked ? undefined : bot;
  };
  return {
    addBot(token) {
      const bot = newBot(world, token);
      world.bots.set(token, bot);
      world.users.set(bot.user.id, bot.user);
      return bot.user;
    },
    botOf: (token) => usable(token)?.user,
    revoke(token) {
      const bot = world.bots.get(token);
      if (bot) bot.isRevoked = true;
    },
    fileAt(token, filePath) {
      const bot = usable(token);
      return bot && fileAtPath(world, bot.user.id, filePath);
    },
    publish: () => publish(world),
    async close() {
      world.closing.abort();
      for (const timer of world.timers) clearTimeout(timer);
      for (const bot of world.bots.values()) endPoll(bot);
    },
  };
}

function forForwards(world: WorldState): Pick<World, 'holdForwards' | 'releaseForwards' | 'dropForwards'> {
  return {
    holdForwards() {
      world.heldForwards ??= [];
    },
    releaseForwards({ order } = {}) {
      const held = world.heldForwards ?? [];
      world.heldForwards = undefined;
      for (const run of order === 'reversed' ? held.toReversed() : held) run();
    },
    dropForwards(count) {
      world.forwardsToDrop += count;
    },
  };
}

/** A world without bots, people and chats. */
export function createWorld(options: WorldOptions): World {
  const state = newState(options);
  const people = {
    addUser({ id, firstName, username, languageCode }) {
      const user: User = { id: id ?? 7_000_000 + nextId(state), is_bot: false, first_name: firstName };
      if (username) user.username = username;
      if (languageCode) user.language_code = languageCode;
      state.users.set(user.id, user);
      return user;
    },
    addChannel: (channel) => places.addChannel(state, channel),
    addGroup: (group) => places.addGroup(state, group),
    privateChat: (user) => places.privateChat(state, user),
    link: (channel, group) => places.link(state, channel, group),
    setMember: (chat, user, status) => places.setMember(state, chat, { user, status }),
    kick: (chat) => places.kick(state, chat),
    setRights: (chat, rights) => places.setRights(state, chat, rights),
    migrate: (group) => places.migrate(state, group),
    say: (user, chat, text, more = {}) => say(state, user, chat, { ...more, text }),
    change: (chat, messageId, text) => change(state, chat, { messageId, text }),
    erase(chat, messageId) {
      const message = stateOf(state, chat).messages.get(messageId);
      if (message) remove(message);
    },
    sendFile: (user, chat, what) => sendFile(state, user, chat, what),
    press: (user, chat, messageId, button) => press(state, user, chat, { messageId, button }),
    messages: (chat) => seen(state, chat),
    albums(chat) {
      const albums = new Map<string, SeenMessage[]>();
      for (const message of seen(state, chat)) {
        const id = message.media_group_id;
        if (id !== undefined) albums.set(id, [...(albums.get(id) ?? []), message]);
      }
      return [...albums.values()];
    },
    fileOf(fileId) {
      const known = state.files.get(fileId);
      if (!known) throw new Error(`no file ${fileId}`);
      return known.file;
    },
    holdUpdates: () => holdUpdates(state),
    releaseUpdates: ({ order } = {}) => releaseUpdates(state, order === 'reversed'),
    advance(ms) {
      state.clockOffsetMs += ms;
    },
    freeze() {
      state.frozenAt = Date.now();
    },
    deactivate(user) {
      stateOf(state, user).isDeactivated = true;
    },
  } satisfies Partial<World>;
  const world = Object.assign(state, people, forServer(state), forForwards(state));
  const commands = { get: () => defaultBot(state).commands };
  return Object.defineProperty(world, 'commands', commands) as World;
}
