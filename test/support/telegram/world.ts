import type { Chat, Message, User } from 'grammy/types';
import { forLooks, forPeople } from './actions.ts';
import { publish } from './messages.ts';
import { fileAtPath } from './methods/files.ts';
import { newBot, newState } from './new-state.ts';
import { defaultBot, type SayOptions, type SendFileOptions } from './people.ts';
import type { BotRights, GroupOptions } from './places.ts';
import type { CommandList, MemberStatus, StoredFile, WorldState } from './state.ts';
import type { WorldForServer, WorldOptions } from './types.ts';
import { endPoll } from './updates.ts';

/** A message as the bot sees it, with the hash of its file's bytes (hex) to compare with the disk. */
export type SeenMessage = Message & { fileSha256?: string };

/** What people do and tests look at. Chats and users are the Bot API objects. */
export type World = WorldState &
  WorldForServer & {
    addUser(user: { id?: number; firstName: string; username?: string; languageCode?: string }): User;
    addChannel(channel: { title: string; username?: string; botRights?: BotRights }): Chat.ChannelChat;
    addGroup(group: GroupOptions): Chat.GroupChat | Chat.SupergroupChat;
    privateChat(user: User): Chat.PrivateChat;
    link(channel: Chat, group: Chat): void;
    setMember(chat: Chat, user: User, status: MemberStatus): void;
    kick(chat: Chat): void;
    setRights(chat: Chat, rights: Record<string, boolean>): void;
    /** From now on nothing may be forwarded from the chat. */
    protect(chat: Chat): void;
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

/** A world without bots, people and chats. */
export function createWorld(options: WorldOptions): World {
  const state = newState(options);
  const world = Object.assign(state, forServer(state), forPeople(state), forLooks(state));
  const commands = { get: () => defaultBot(state).commands };
  return Object.defineProperty(world, 'commands', commands) as World;
}
