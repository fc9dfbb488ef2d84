import type { Chat, ChatAdministratorRights, User } from 'grammy/types';
import { allPermissions, allRights, memberView } from './members.ts';
import { post } from './messages.ts';
import { defaultBot, stateOf } from './people.ts';
import {
  type BotState,
  type ChatState,
  chatKey,
  type Member,
  type MemberStatus,
  nextId,
  type WorldState,
} from './state.ts';
import { announceMember } from './updates.ts';

/** What the bot is in a new chat: an administrator with some rights (all, if absent), a member, or nothing. */
export type BotRights = Partial<ChatAdministratorRights> | 'member' | 'none';

function newChat(world: WorldState, chat: Chat, botId?: number): ChatState {
  const state: ChatState = {
    chat,
    members: new Map(),
    messages: new Map(),
    topics: new Map(),
    pinned: [],
    lastId: 0,
    ...(botId === undefined ? {} : { botId }),
  };
  world.chats.set(chatKey(chat.id, botId ?? 0), state);
  return state;
}

function memberFor(user: User, type: string, rights: BotRights = allRights(type) as BotRights): Member | undefined {
  if (rights === 'none') return undefined;
  if (rights === 'member') return { user, status: 'member', rights: {} };
  return { user, status: 'administrator', rights: { can_manage_chat: true, ...rights } as Record<string, boolean> };
}

function join(world: WorldState, chat: ChatState, rights: BotRights | undefined): void {
  for (const bot of world.bots.values()) {
    const member = memberFor(bot.user, chat.chat.type, rights);
    if (member) chat.members.set(bot.user.id, member);
  }
}

/** A channel; all bots that are there already are in it with the same rights. */
export function addChannel(
  world: WorldState,
  { title, username, botRights }: { title: string; username?: string; botRights?: BotRights },
): Chat.ChannelChat {
  const id = -1_002_000_000_000 - nextId(world);
  const chat: Chat.ChannelChat = { id, type: 'channel', title, ...(username ? { username } : {}) };
  join(world, newChat(world, chat), botRights);
  return chat;
}

export type GroupOptions = {
  title: string;
  username?: string;
  /** `supergroup` if absent. */
  type?: 'group' | 'supergroup' | 'forum';
  botRights?: BotRights;
  /** Sets the privacy mode of all bots; it is one setting per bot in the real world too. */
  privacyMode?: boolean;
};

/** A group of some type. */
export function addGroup(world: WorldState, options: GroupOptions): Chat.GroupChat | Chat.SupergroupChat {
  const { title, username, type = 'supergroup', botRights, privacyMode } = options;
  for (const bot of world.bots.values()) if (privacyMode !== undefined) bot.hasPrivacy = privacyMode;
  const name = username ? { username } : {};
  const chat: Chat.GroupChat | Chat.SupergroupChat =
    type === 'group'
      ? { id: -4_000_000 - nextId(world), type, title }
      : {
          id: -1_003_000_000_000 - nextId(world),
          type: 'supergroup',
          title,
          ...name,
          ...(type === 'forum' ? { is_forum: true as const } : {}),
        };
  const state = newChat(world, chat);
  // Message 1 of a forum is where "General" begins.
  if (type === 'forum') state.lastId = 1;
  join(world, state, botRights);
  return chat;
}

/** The private chat of a person with a bot, begun by the person; the same one again when it stands. */
export function privateChat(world: WorldState, user: User, bot: BotState = defaultBot(world)): Chat.PrivateChat {
  const { id, first_name, last_name, username } = user;
  const chat: Chat.PrivateChat = { id, type: 'private', first_name, ...(last_name ? { last_name } : {}) };
  if (username) chat.username = username;
  if (!world.chats.has(chatKey(id, bot.user.id))) newChat(world, chat, bot.user.id);
  return chat;
}

/** The group becomes the place for comments of the channel. */
export function link(world: WorldState, channel: Chat, group: Chat): void {
  const [one, other] = [stateOf(world, channel), stateOf(world, group)];
  if (channel.type !== 'channel' || group.type !== 'supergroup') throw new Error('only a channel and a supergroup');
  one.linked = other;
  other.linked = one;
}

function changeMember(world: WorldState, chat: ChatState, member: Member): void {
  const status = chat.chat.type === 'private' ? 'member' : 'left';
  const before = chat.members.get(member.user.id) ?? { user: member.user, status, rights: {} };
  chat.members.set(member.user.id, member);
  const bot = [...world.bots.values()].find(({ user }) => user.id === member.user.id);
  if (!bot) return;
  const [from = bot.user] = [...world.users.values()].filter((user) => !user.is_bot);
  announceMember(world, bot, { chat, from, before: memberView(before, chat), after: memberView(member, chat) });
}

/** Makes a person or bot something in a chat; a bot is told. In a private chat `kicked` blocks the bot. */
export function setMember(world: WorldState, chat: Chat, { user, status }: { user: User; status: MemberStatus }): void {
  const state = stateOf(world, chat);
  if (chat.type === 'private') {
    state.isBlocked = status === 'kicked' || status === 'left';
    changeMember(world, state, {
      user: defaultBot(world).user,
      status: state.isBlocked ? 'kicked' : 'member',
      rights: {},
    });
    return;
  }
  const rights = status === 'administrator' ? allRights(chat.type) : status === 'restricted' ? allPermissions() : {};
  changeMember(world, state, { user, status, rights });
}

/** Puts the bot out of a chat. */
export function kick(world: WorldState, chat: Chat, user: User = defaultBot(world).user): void {
  setMember(world, chat, { user, status: 'kicked' });
}

/** Gives and takes rights of the bot; those not named stay. */
export function setRights(world: WorldState, chat: Chat, rights: Record<string, boolean>): void {
  const state = stateOf(world, chat);
  const { user } = defaultBot(world);
  const member = state.members.get(user.id);
  if (!member) throw new Error('the bot is not in this chat');
  changeMember(world, state, { ...member, rights: { ...member.rights, ...rights } });
}

/** Makes a basic group a supergroup, as the server does when it must; the old id is refused from now on. */
export function migrate(world: WorldState, group: Chat): Chat.SupergroupChat {
  const old = stateOf(world, group);
  const title = 'title' in group ? (group.title ?? '') : '';
  const chat: Chat.SupergroupChat = { id: -1_003_000_000_000 - nextId(world), type: 'supergroup', title };
  const state = newChat(world, chat);
  for (const [id, member] of old.members) state.members.set(id, { ...member });
  const [from] = [...old.members.values()].filter(({ user }) => !user.is_bot);
  const sender = from ? { from: from.user } : {};
  post(world, old, { drafts: [{ ...sender, service: { migrate_to_chat_id: chat.id } }] });
  post(world, state, { drafts: [{ ...sender, service: { migrate_from_chat_id: group.id } }] });
  old.migratedTo = state;
  return chat;
}
