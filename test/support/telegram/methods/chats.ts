import type { ForumTopic } from 'grammy/types';
import { chatOf, hasRight, membership, requireInside } from '../access.ts';
import { badRequest } from '../api-error.ts';
import { memberView } from '../members.ts';
import { post, senderOf } from '../messages.ts';
import { botByToken, type ChatState, nowMs, type Topic } from '../state.ts';
import type { Call } from '../types.ts';
import { viewOf } from '../views.ts';
import type { World } from '../world.ts';

/** A pressed button is answered within this time. Source: behaviour, "query is too old"; the number is ours. */
const callbackMs = 60_000;
/** Source: Bot API, answerCallbackQuery, field `text`. */
const maxAnswerChars = 200;

/** getChat: ChatFullInfo. */
export async function getChat(world: World, call: Call): Promise<unknown> {
  const bot = botByToken(world, call.token);
  const chat = chatOf(world, bot, call.params.chat_id);
  const pinned = chat.pinned.at(-1);
  return {
    ...chat.chat,
    accent_color_id: 0,
    max_reaction_count: 11,
    accepted_gift_types: {
      unlimited_gifts: false,
      limited_gifts: false,
      unique_gifts: false,
      premium_subscription: false,
      gifts_from_channels: false,
    },
    ...(chat.isProtected ? { has_protected_content: true } : {}),
    ...(chat.linked ? { linked_chat_id: chat.linked.chat.id } : {}),
    ...(pinned ? { pinned_message: viewOf(world, pinned, bot.user.id, true) } : {}),
  };
}

/** In channels only administrators see who is there. */
function membersOf(world: World, call: Call): ChatState {
  const bot = botByToken(world, call.token);
  const chat = chatOf(world, bot, call.params.chat_id);
  if (chat.chat.type === 'private') return chat;
  requireInside(bot, chat);
  return chat;
}

/** getChatMember. */
export async function getChatMember(world: World, call: Call): Promise<unknown> {
  const bot = botByToken(world, call.token);
  const chat = membersOf(world, call);
  const user = world.users.get(call.params.user_id);
  if (!user) throw badRequest('PARTICIPANT_ID_INVALID');
  const isHidden = chat.chat.type === 'channel' && membership(bot, chat)?.status !== 'administrator';
  if (isHidden && user.id !== bot.user.id) throw badRequest('member list is inaccessible');
  return memberView(chat.members.get(user.id) ?? { user, status: 'left', rights: {} }, chat);
}

/** getChatAdministrators: other bots are left out. */
export async function getChatAdministrators(world: World, call: Call): Promise<unknown[]> {
  const bot = botByToken(world, call.token);
  const chat = membersOf(world, call);
  if (chat.chat.type === 'private') throw badRequest('there are no administrators in the private chat');
  if (chat.chat.type === 'channel' && membership(bot, chat)?.status !== 'administrator') {
    throw badRequest('member list is inaccessible');
  }
  return [...chat.members.values()]
    .filter(({ status }) => status === 'creator' || status === 'administrator')
    .filter(({ user }) => !user.is_bot || user.id === bot.user.id)
    .map((member) => memberView(member, chat));
}

/** answerCallbackQuery: once, and soon. */
export async function answerCallbackQuery(world: World, call: Call): Promise<true> {
  const bot = botByToken(world, call.token);
  const { callback_query_id: queryId, text, show_alert: showAlert } = call.params;
  const at = bot.callbacks.get(queryId);
  bot.callbacks.delete(queryId);
  if (at === undefined || nowMs(world) - at > callbackMs) {
    throw badRequest('query is too old and response timeout expired or query ID is invalid');
  }
  if (text !== undefined && Array.from(text).length > maxAnswerChars) throw badRequest('MESSAGE_TOO_LONG');
  world.answers.push({ queryId, ...(text ? { text } : {}), showAlert: showAlert === true });
  return true;
}

/** createForumTopic: its id is that of the service message it begins with. */
export async function createForumTopic(world: World, call: Call): Promise<ForumTopic> {
  const { bot, chat } = forumOf(world, call);
  const name = String(call.params.name ?? '').trim();
  if (name === '') throw badRequest('TOPIC_TITLE_EMPTY');
  const topic = { name, icon_color: call.params.icon_color ?? 7_322_096 };
  const draft = { ...senderOf(bot, chat), isTopicMessage: true, service: { forum_topic_created: topic } };
  const [message] = post(world, chat, { drafts: [draft] });
  if (!message) throw new Error('nothing posted');
  chat.topics.set(message.id, { name, isClosed: false });
  return { message_thread_id: message.id, ...topic };
}

/** closeForumTopic. */
export async function closeForumTopic(world: World, call: Call): Promise<true> {
  const { bot, chat } = forumOf(world, call);
  const threadId: number = call.params.message_thread_id;
  const topic: Topic | undefined = chat.topics.get(threadId);
  if (!topic) throw badRequest('message thread not found');
  if (topic.isClosed) throw badRequest('TOPIC_NOT_MODIFIED');
  topic.isClosed = true;
  const draft = { ...senderOf(bot, chat), isTopicMessage: true, threadId, service: { forum_topic_closed: {} } };
  post(world, chat, { drafts: [draft] });
  return true;
}

function forumOf(world: World, call: Call) {
  const bot = botByToken(world, call.token);
  const chat = chatOf(world, bot, call.params.chat_id);
  requireInside(bot, chat);
  if (!('is_forum' in chat.chat) || !chat.chat.is_forum) throw badRequest('the chat is not a forum');
  if (!hasRight(bot, chat, 'can_manage_topics')) throw badRequest('not enough rights to create a topic');
  return { bot, chat };
}
