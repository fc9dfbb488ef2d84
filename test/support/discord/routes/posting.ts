import { refusal } from '../api-error.ts';
import { type Call, ok, partOf, type Result, type Route } from '../call.ts';
import { listOf } from '../component-rules.ts';
import { messageFlags, newMessage, publish } from '../messages.ts';
import { demand, isWritable, type Permission, sendPermission, visibleChannel } from '../permissions.ts';
import { checkMessage } from '../rules.ts';
import { type ChannelState, nowMs, type StoredMessage, type WorldState } from '../state.ts';
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

/** New messages. The rate as seen in the headers of the real server. */
export const postingRoutes: Route[] = [
  {
    verb: 'POST',
    path: '/channels/:channel/messages',
    answer: createMessage,
    schema: 'MessageCreateRequest',
    hasFiles: true,
    rate: { limit: 5, perMs: 5000 },
  },
];
