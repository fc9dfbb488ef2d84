import type { Update, User } from 'grammy/types';
import { ApiError } from './api-error.ts';
import { type BotState, later, nowMs, type StoredMessage, type WorldState } from './state.ts';
import { viewOf } from './views.ts';
import { canSee } from './visibility.ts';
import { kickWebhook } from './webhooks.ts';

/** Updates nobody asked for within this time are forgotten. Source: Bot API, "Getting updates". */
const keptMs = 24 * 3600_000;
/** What only comes when it is named. Source: Bot API, getUpdates, allowed_updates. */
const onRequest = ['chat_member', 'message_reaction', 'message_reaction_count'];
/** Source: telegram-bot-api Client.cpp: a longer timeout is taken as this. */
const maxTimeoutSeconds = 50;
/** The same offset again within this time waits until it has passed, if nothing is there. Source: Client.cpp. */
const sameOffsetMs = 3000;

type Body = Omit<Update, 'update_id'>;

/** Puts an update into a bot's queue, if its setting at this moment asks for the kind. */
export function deliver(world: WorldState, bot: BotState, body: Body): void {
  if (world.heldUpdates) {
    world.heldUpdates.push(() => deliver(world, bot, body));
    return;
  }
  const kind = Object.keys(body)[0] ?? '';
  const isWanted = bot.allowedUpdates?.length ? bot.allowedUpdates.includes(kind) : !onRequest.includes(kind);
  if (!isWanted || bot.isRevoked) return;
  bot.queue.push({ update: { update_id: bot.nextUpdateId, ...body } as Update, at: nowMs(world) });
  bot.nextUpdateId += 1;
  kickWebhook(world, bot);
  for (const wake of bot.onUpdate) wake();
}

/** Lets updates wait until they are released. */
export function holdUpdates(world: WorldState): void {
  world.heldUpdates ??= [];
}

/** Delivers what waits, the last first if asked to. */
export function releaseUpdates(world: WorldState, isReversed: boolean): void {
  const held = world.heldUpdates ?? [];
  world.heldUpdates = undefined;
  for (const run of isReversed ? held.toReversed() : held) run();
}

/** What a message is called as an update. */
export function updateKind(message: StoredMessage, isEdit: boolean) {
  if (message.chat.chat.type === 'channel') return isEdit ? 'edited_channel_post' : 'channel_post';
  return isEdit ? 'edited_message' : 'message';
}

/**
 * Tells all bots of the chat that may see it of a message; the bot that sent it only of service messages and of what
 * was auto-scheduled (`isOwnToo`). Source: telegram-bot-api Client.cpp, need_skip_update_message.
 */
export function announce(
  world: WorldState,
  message: StoredMessage,
  { isEdit = false, isOwnToo = false }: { isEdit?: boolean; isOwnToo?: boolean } = {},
): void {
  for (const bot of world.bots.values()) {
    const isOwn = message.botId === bot.user.id;
    if (isOwn ? !isOwnToo && !message.service : !canSee(bot, message)) continue;
    deliver(world, bot, { [updateKind(message, isEdit)]: viewOf(world, message, bot.user.id) } as Body);
  }
}

/** Tells a bot that its own membership changed. */
export function announceMember(
  world: WorldState,
  bot: BotState,
  change: { chat: StoredMessage['chat']; from: User; before: unknown; after: unknown },
): void {
  const update = {
    chat: change.chat.chat,
    from: change.from,
    date: Math.floor(nowMs(world) / 1000),
    old_chat_member: change.before,
    new_chat_member: change.after,
  };
  deliver(world, bot, { my_chat_member: update } as unknown as Body);
}

/** Drops what is confirmed by `offset` and what is too old; a negative offset keeps the last ones only. */
function confirm(world: WorldState, bot: BotState, offset: number): void {
  const oldest = nowMs(world) - keptMs;
  const fresh = bot.queue.filter(({ at }) => at >= oldest);
  bot.queue = offset < 0 ? fresh.slice(offset) : fresh.filter(({ update }) => update.update_id >= offset);
}

/** Waits for the first update, the timeout, the end of the server, or another poll (409). */
async function waitForUpdate(world: WorldState, bot: BotState, ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const done = () => {
      bot.onUpdate.delete(done);
      signal.removeEventListener('abort', done);
      if (bot.endPoll === end) bot.endPoll = undefined;
      resolve();
    };
    const end = () => {
      bot.onUpdate.delete(done);
      reject(conflict('terminated by other getUpdates request; make sure that only one bot instance is running'));
    };
    bot.onUpdate.add(done);
    bot.endPoll = end;
    signal.addEventListener('abort', done);
    later(world, ms, done);
    if (signal.aborted) done();
  });
}

function conflict(text: string): ApiError {
  return new ApiError(409, `Conflict: ${text}`);
}

/** Ends the getUpdates that waits, if one does, with 409. */
export function endPoll(bot: BotState): void {
  const end = bot.endPoll;
  bot.endPoll = undefined;
  end?.();
}

/**
 * getUpdates: what is not confirmed comes again; a second poll ends the first with 409. `timeout` in seconds.
 *
 * @throws ApiError 409 while a webhook is set, or when another poll came
 */
export async function getUpdates(
  world: WorldState,
  bot: BotState,
  params: { offset?: number; limit?: number; timeout?: number; allowed_updates?: string[] },
  signal: AbortSignal,
): Promise<Update[]> {
  if (bot.webhook) {
    throw conflict(
      "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    );
  }
  endPoll(bot);
  if (params.allowed_updates) bot.allowedUpdates = params.allowed_updates;
  const { offset = 0, limit = 100, timeout = 0 } = params;
  const count = Math.min(Math.max(limit, 1), 100);
  confirm(world, bot, offset);
  const waitMs = Math.max(Math.min(Math.max(timeout, 0), maxTimeoutSeconds) * 1000, stallMs(bot, offset));
  bot.lastPoll = { offset, at: Date.now() };
  if (bot.queue.length === 0 && waitMs > 0) await waitForUpdate(world, bot, waitMs, signal);
  return bot.queue.slice(0, count).map(({ update }) => update);
}

function stallMs(bot: BotState, offset: number): number {
  if (bot.lastPoll?.offset !== offset) return 0;
  return Math.max(0, bot.lastPoll.at + sameOffsetMs - Date.now());
}
