import { badField, refusal } from '../api-error.ts';
import { type Call, nothing, ok, partOf, type Result, type Route } from '../call.ts';
import { listOf } from '../component-rules.ts';
import { edit, messageFlags, messageIn, newMessage, publish, remove } from '../messages.ts';
import { botCan, demand, isWritable, type Permission, sendPermission, visibleChannel } from '../permissions.ts';
import { checkMessage } from '../rules.ts';
import { type ChannelState, channelTypes, emit, nowMs, type StoredMessage, type WorldState } from '../state.ts';
import { botView } from '../views.ts';

/** A channel that can be written in, with what the message takes. @throws DiscordError 50001, 50007, 50013, 50083 */
function channelForMessage(world: WorldState, call: Call): ChannelState {
  const channel = visibleChannel(world, partOf(call, 'channel'));
  if (!isWritable(channel)) throw refusal('wrongChannelType');
  if (channel.recipient && !mayWriteTo(world, channel.recipient.id)) throw refusal('cannotSendToUser');
  const needed: Permission[] = [sendPermission(channel)];
  if (call.files.size > 0) needed.push('AttachFiles');
  if (listOf(call.body['embeds']).length > 0) needed.push('EmbedLinks');
  demand(world, channel, ...needed);
  if (channel.thread?.isLocked && channel.thread.isArchived) throw refusal('archivedThread');
  return channel;
}

/** Only to people the bot shares a guild with, and who take direct messages. */
function mayWriteTo(world: WorldState, userId: string): boolean {
  const isShared = [...world.guilds.values()].some(({ members, isLeft }) => !isLeft && members.has(userId));
  return isShared && !world.closedDirects.has(userId);
}

function createMessage(world: WorldState, call: Call): Result {
  const channel = channelForMessage(world, call);
  checkMessage(call.body);
  const earlier = earlierOf(world, channel, call);
  if (earlier) return ok({ ...botView(world, earlier), nonce: earlier.nonce });
  const flags = Number(call.body['flags'] ?? 0);
  if ((flags & messageFlags.ephemeral) !== 0) world.options.violate('an ephemeral message outside of an interaction');
  const message = newMessage(world, channel, call, world.bot);
  message.flags &= ~messageFlags.ephemeral;
  const nonce = call.body['nonce'];
  if (typeof nonce === 'string' || typeof nonce === 'number') keepNonce(world, message, nonce);
  if (channel.thread) channel.thread.isArchived = false;
  publish(world, message);
  return ok({ ...botView(world, message), ...(message.nonce !== undefined && { nonce: message.nonce }) });
}

function keepNonce(world: WorldState, message: StoredMessage, nonce: string | number): void {
  message.nonce = nonce;
  world.nonces.set(String(nonce), { message, at: nowMs(world) });
}

/**
 * With `enforce_nonce` the message that the nonce made in the last minutes is the answer.
 *
 * @throws DiscordError 10008 when that one was deleted
 * Source: enforce_nonce of Create Message; https://github.com/discord/discord-api-docs/pull/6647
 */
function earlierOf(world: WorldState, channel: ChannelState, { body }: Call): StoredMessage | undefined {
  if (body['enforce_nonce'] !== true) return undefined;
  const nonce = body['nonce'];
  if (nonce === undefined || nonce === null) {
    world.options.violate('enforce_nonce without a nonce');
    return undefined;
  }
  const known = world.nonces.get(String(nonce));
  if (!known || nowMs(world) - known.at > world.options.nonceWindowMs) return undefined;
  if (known.message.channelId !== channel.id) world.options.violate(`nonce ${String(nonce)} in two channels`);
  if (!world.channels.get(known.message.channelId)?.messages.has(known.message.id)) throw refusal('unknownMessage');
  return known.message;
}

function oneMessage(world: WorldState, call: Call): Result {
  const channel = visibleChannel(world, partOf(call, 'channel'));
  demand(world, channel, 'ReadMessageHistory');
  return ok(botView(world, messageIn(channel, partOf(call, 'message'))));
}

function editMessage(world: WorldState, call: Call): Result {
  const channel = visibleChannel(world, partOf(call, 'channel'));
  const message = messageIn(channel, partOf(call, 'message'));
  if (message.author.id !== world.bot.id) throw refusal('notAuthor');
  if (message.type === 21) throw refusal('systemMessage');
  if (call.files.size > 0) demand(world, channel, 'AttachFiles');
  checkMessage(call.body, message.flags);
  return ok(botView(world, edit(world, message, call)));
}

function deleteMessage(world: WorldState, call: Call): Result {
  const channel = visibleChannel(world, partOf(call, 'channel'));
  const message = messageIn(channel, partOf(call, 'message'));
  if (message.author.id !== world.bot.id) demand(world, channel, 'ManageMessages');
  remove(world, message);
  return nothing;
}

const fortnightMs = 14 * 24 * 60 * 60_000;

function bulkDelete(world: WorldState, call: Call): Result {
  const channel = visibleChannel(world, partOf(call, 'channel'));
  if (channel.guildId === undefined) throw refusal('notOnDirect');
  demand(world, channel, 'ManageMessages');
  const ids = call.body['messages'];
  if (!Array.isArray(ids) || ids.length < 2 || ids.length > 100) {
    throw badField('messages', 'BASE_TYPE_BAD_LENGTH', 'Must be between 2 and 100 in length.');
  }
  const messages = ids.flatMap((id) => channel.messages.get(String(id)) ?? []);
  if (messages.some(({ createdAt }) => nowMs(world) - createdAt > fortnightMs)) throw refusal('bulkDeleteTooOld');
  for (const message of messages) remove(world, message);
  return nothing;
}

function crosspost(world: WorldState, call: Call): Result {
  const channel = visibleChannel(world, partOf(call, 'channel'));
  if (channel.type !== channelTypes.announcement) throw refusal('wrongChannelType');
  const message = messageIn(channel, partOf(call, 'message'));
  demand(world, channel, 'SendMessages');
  if (message.author.id !== world.bot.id && !botCan(world, channel, 'ManageMessages'))
    throw refusal('missingPermissions');
  if ((message.flags & messageFlags.crossposted) !== 0) throw refusal('alreadyCrossposted');
  message.flags |= messageFlags.crossposted;
  return ok(botView(world, message));
}

function type(world: WorldState, call: Call): Result {
  const channel = visibleChannel(world, partOf(call, 'channel'));
  demand(world, channel, sendPermission(channel));
  const place = { channel_id: channel.id, user_id: world.bot.id, timestamp: Math.floor(nowMs(world) / 1000) };
  emit(world, channel.guildId ?? null, 'TYPING_START', place);
  return nothing;
}

const path = '/channels/:channel/messages';
const one = `${path}/:message`;

/** Messages of channels. Rates as seen in the headers of the real server. */
export const messageRoutes: Route[] = [
  {
    verb: 'POST',
    path,
    answer: createMessage,
    schema: 'MessageCreateRequest',
    hasFiles: true,
    rate: { limit: 5, perMs: 5000 },
  },
  { verb: 'GET', path: one, answer: oneMessage, rate: { limit: 5, perMs: 5000 } },
  {
    verb: 'PATCH',
    path: one,
    answer: editMessage,
    schema: 'MessageEditRequestPartial',
    hasFiles: true,
    rate: { limit: 5, perMs: 5000 },
  },
  { verb: 'DELETE', path: one, answer: deleteMessage, rate: { limit: 5, perMs: 1000 } },
  { verb: 'POST', path: `${path}/bulk-delete`, answer: bulkDelete, rate: { limit: 1, perMs: 1000 } },
  { verb: 'POST', path: `${one}/crosspost`, answer: crosspost, rate: { limit: 10, perMs: 3_600_000 } },
  { verb: 'POST', path: '/channels/:channel/typing', answer: type, rate: { limit: 5, perMs: 5000 } },
];
