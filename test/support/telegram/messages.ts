import { badRequest } from './api-error.ts';
import { forwardToGroup, nextChannelMessageId, propagateEdit, store } from './forwards.ts';
import {
  type BotState,
  botById,
  type ChatState,
  later,
  nowSeconds,
  type StoredMessage,
  type WorldState,
} from './state.ts';
import { announce } from './updates.ts';

/** A message before it has an id. */
export type Draft = Omit<StoredMessage, 'id' | 'chat' | 'date'>;

/** Private and basic groups count per bot, supergroups and channels each for itself. */
function takeMessageId(world: WorldState, chat: ChatState): number {
  const { type } = chat.chat;
  if (type === 'supergroup' || type === 'channel') return nextChannelMessageId(chat);
  const owner = chat.botId === undefined ? [...world.bots.values()][0] : botById(world, chat.botId);
  if (!owner) throw new Error('a world without a bot');
  owner.lastMessageId += 1;
  return owner.lastMessageId;
}

function place(world: WorldState, message: StoredMessage): StoredMessage {
  message.id = takeMessageId(world, message.chat);
  message.date = nowSeconds(world);
  // A topic is named by the message that it begins with.
  if (message.service && 'forum_topic_created' in message.service) message.threadId = message.id;
  store(message.chat, message);
  return message;
}

/**
 * Puts messages into a chat in one go, tells the bots, and forwards channel posts to the linked group.
 *
 * @param isScheduled the server keeps them back: they have the id 0 until `publish`
 */
export function post(
  world: WorldState,
  chat: ChatState,
  { drafts, isScheduled = false }: { drafts: Draft[]; isScheduled?: boolean },
): StoredMessage[] {
  const messages = drafts.map((draft): StoredMessage => ({ ...draft, id: 0, chat, date: nowSeconds(world) }));
  const appear = (isOwnToo: boolean) => {
    for (const message of messages) place(world, message);
    for (const message of messages) announce(world, message, { isOwnToo });
    forwardToGroup(world, messages);
  };
  if (!isScheduled) {
    appear(false);
    return messages;
  }
  // The answer shows the id 0 for ever: what appears later is another object.
  const answered = messages.map((message) => ({ ...message }));
  world.scheduled.push(() => appear(true));
  const { bigChannelDelayMs } = world.options;
  if (bigChannelDelayMs !== undefined) later(world, bigChannelDelayMs, () => publish(world));
  return answered;
}

/** Lets everything appear that was auto-scheduled, each with its own `channel_post` update. */
export function publish(world: WorldState): void {
  for (const appear of world.scheduled.splice(0)) appear();
}

/** Whether a post to this chat is kept back for transcoding. Source: Bot API, Message, field `message_id`. */
export function isKeptBack(world: WorldState, chat: ChatState, draft: Draft): boolean {
  return world.options.bigChannelDelayMs !== undefined && chat.chat.type === 'channel' && draft.file?.kind === 'video';
}

/**
 * The message a parameter names.
 *
 * @param action what the error says, e.g. `edit`
 * @throws ApiError 400 `message to <action> not found`
 */
export function messageOf(chat: ChatState, id: unknown, action: string): StoredMessage {
  if (!id) throw badRequest('message identifier is not specified');
  const message = chat.messages.get(Number(id));
  if (!message) throw badRequest(`message to ${action} not found`);
  return message;
}

/** The parts of a message that an edit may change. */
export type Change = Partial<
  Pick<StoredMessage, 'text' | 'entities' | 'caption' | 'captionEntities' | 'isCaptionAbove' | 'file' | 'markup'>
>;

function shownParts(message: StoredMessage): string {
  const { text, entities, caption, captionEntities, isCaptionAbove, file, markup } = message;
  const lists = [entities ?? [], captionEntities ?? []];
  return JSON.stringify([text ?? '', caption ?? '', lists, isCaptionAbove ?? false, file?.uniqueId, markup]);
}

/**
 * Changes a message, its forwards in the linked group, and tells the other bots.
 *
 * @throws ApiError 400 `message is not modified: …`
 */
export function edit(world: WorldState, message: StoredMessage, change: Change): StoredMessage {
  const changed = { ...message, ...change };
  if (shownParts(changed) === shownParts(message)) {
    throw badRequest(
      'message is not modified: specified new message content and reply markup are exactly the same as a current ' +
        'content and reply markup of the message',
    );
  }
  Object.assign(message, change, { editDate: nowSeconds(world) });
  announce(world, message, { isEdit: true });
  propagateEdit(world, message);
  return message;
}

/** Takes a message away; it leaves a hole in the ids. */
export function remove(message: StoredMessage): void {
  const { chat } = message;
  chat.messages.delete(message.id);
  chat.pinned = chat.pinned.filter((pinned) => pinned !== message);
}

/** Where a bot's messages come from: in channels the channel, elsewhere the bot. */
export function senderOf(bot: BotState, chat: ChatState): Pick<StoredMessage, 'from' | 'senderChat' | 'botId'> {
  if (chat.chat.type === 'channel') return { senderChat: chat, botId: bot.user.id };
  return { from: bot.user, botId: bot.user.id };
}
