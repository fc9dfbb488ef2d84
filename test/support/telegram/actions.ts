import type { Chat, User } from 'grammy/types';
import { remove } from './messages.ts';
import { change, defaultBot, press, say, sendFile, stateOf } from './people.ts';
import * as places from './places.ts';
import { nextId, type WorldState } from './state.ts';
import type { WorldForServer } from './types.ts';
import { holdUpdates, releaseUpdates } from './updates.ts';
import { viewOf } from './views.ts';
import type { SeenMessage, World } from './world.ts';

type Looks = Pick<World, 'messages' | 'albums' | 'fileOf'>;
type Actions = Omit<World, keyof WorldState | keyof WorldForServer | keyof Looks | 'commands'>;

function seen(world: WorldState, chat: Chat): SeenMessage[] {
  const botId = defaultBot(world).user.id;
  const messages = [...stateOf(world, chat).messages.values()].toSorted((one, other) => one.id - other.id);
  return messages.map((message) => ({
    ...viewOf(world, message, botId),
    ...(message.file ? { fileSha256: message.file.sha256 } : {}),
  }));
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

function addUser(world: WorldState, { id, firstName, username, languageCode }: Parameters<World['addUser']>[0]): User {
  const user: User = { id: id ?? 7_000_000 + nextId(world), is_bot: false, first_name: firstName };
  if (username) user.username = username;
  if (languageCode) user.language_code = languageCode;
  world.users.set(user.id, user);
  return user;
}

/** What people do, and what tests do to the servers. */
export function forPeople(world: WorldState): Actions {
  return {
    addUser: (user) => addUser(world, user),
    addChannel: (channel) => places.addChannel(world, channel),
    addGroup: (group) => places.addGroup(world, group),
    privateChat: (user) => places.privateChat(world, user),
    link: (channel, group) => places.link(world, channel, group),
    setMember: (chat, user, status) => places.setMember(world, chat, { user, status }),
    kick: (chat) => places.kick(world, chat),
    setRights: (chat, rights) => places.setRights(world, chat, rights),
    protect(chat) {
      stateOf(world, chat).isProtected = true;
    },
    migrate: (group) => places.migrate(world, group),
    say: (user, chat, text, more = {}) => say(world, user, chat, { ...more, text }),
    change: (chat, messageId, text) => change(world, chat, { messageId, text }),
    erase(chat, messageId) {
      const message = stateOf(world, chat).messages.get(messageId);
      if (message) remove(message);
    },
    sendFile: (user, chat, what) => sendFile(world, user, chat, what),
    press: (user, chat, messageId, button) => press(world, user, chat, { messageId, button }),
    deactivate(user) {
      stateOf(world, user).isDeactivated = true;
    },
    ...forForwards(world),
    ...forTime(world),
  };
}

function forTime(world: WorldState): Pick<World, 'holdUpdates' | 'releaseUpdates' | 'advance' | 'freeze'> {
  return {
    holdUpdates: () => holdUpdates(world),
    releaseUpdates: ({ order } = {}) => releaseUpdates(world, order === 'reversed'),
    advance(ms) {
      world.clockOffsetMs += ms;
    },
    freeze() {
      world.frozenAt = Date.now();
    },
  };
}

function albumsOf(messages: SeenMessage[]): SeenMessage[][] {
  const albums = new Map<string, SeenMessage[]>();
  for (const message of messages) {
    const id = message.media_group_id;
    if (id !== undefined) albums.set(id, [...(albums.get(id) ?? []), message]);
  }
  return [...albums.values()];
}

/** What tests look at. */
export function forLooks(world: WorldState): Looks {
  return {
    messages: (chat) => seen(world, chat),
    albums: (chat) => albumsOf(seen(world, chat)),
    fileOf(fileId) {
      const known = world.files.get(fileId);
      if (!known) throw new Error(`no file ${fileId}`);
      return known.file;
    },
  };
}
