import { badField, refusal } from '../api-error.ts';
import { type Call, nothing, ok, partOf, type Result, type Route } from '../call.ts';
import { edit, messageFlags, messageIn, remove } from '../messages.ts';
import { botCan, demand, sendPermission, visibleChannel } from '../permissions.ts';
import { checkMessage } from '../rules.ts';
import { channelTypes, emit, nowMs, type WorldState } from '../state.ts';
import { botView } from '../views.ts';

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

/** Messages that stand. Rates as seen in the headers of the real server. */
export const messageRoutes: Route[] = [
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
