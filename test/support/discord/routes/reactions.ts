import { refusal } from '../api-error.ts';
import { type Call, nothing, ok, partOf, type Result, type Route } from '../call.ts';
import { messageIn } from '../messages.ts';
import { demand, visibleChannel } from '../permissions.ts';
import { type ChannelState, emit, type StoredMessage, type WorldState } from '../state.ts';

type Place = { channel: ChannelState; message: StoredMessage; emoji: string };

/** @throws DiscordError 10014 for what is no emoji */
function placeOf(world: WorldState, call: Call): Place {
  const channel = visibleChannel(world, partOf(call, 'channel'));
  const message = messageIn(channel, partOf(call, 'message'));
  const emoji = partOf(call, 'emoji');
  if (!/^\p{Extended_Pictographic}/u.test(emoji)) throw refusal('unknownEmoji');
  return { channel, message, emoji };
}

function tell(world: WorldState, event: string, { channel, message, emoji }: Place): void {
  const place = {
    channel_id: channel.id,
    message_id: message.id,
    ...(channel.guildId && { guild_id: channel.guildId }),
  };
  const data = { user_id: world.bot.id, emoji: { id: null, name: emoji }, burst: false, type: 0, ...place };
  emit(world, channel.guildId ?? null, event, data);
}

/** The first reaction with an emoji needs a right, another one with it does not. */
function react(world: WorldState, call: Call): Result {
  const place = placeOf(world, call);
  demand(world, place.channel, 'ReadMessageHistory');
  const users = place.message.reactions.get(place.emoji);
  if (!users) demand(world, place.channel, 'AddReactions');
  place.message.reactions.set(place.emoji, (users ?? new Set()).add(world.bot.id));
  tell(world, 'MESSAGE_REACTION_ADD', place);
  return nothing;
}

function takeBack(world: WorldState, call: Call): Result {
  const place = placeOf(world, call);
  const users = place.message.reactions.get(place.emoji);
  users?.delete(world.bot.id);
  if (users?.size === 0) place.message.reactions.delete(place.emoji);
  tell(world, 'MESSAGE_REACTION_REMOVE', place);
  return nothing;
}

function reactors(world: WorldState, call: Call): Result {
  const { message, emoji } = placeOf(world, call);
  return ok([...(message.reactions.get(emoji) ?? [])].flatMap((id) => world.users.get(id) ?? []));
}

const path = '/channels/:channel/messages/:message/reactions/:emoji';

/** Reactions; all changes of them share one bucket. */
export const reactionRoutes: Route[] = [
  { verb: 'PUT', path: `${path}/@me`, answer: react, rate: { limit: 1, perMs: 250 } },
  { verb: 'DELETE', path: `${path}/@me`, answer: takeBack, rate: { limit: 1, perMs: 250 } },
  { verb: 'GET', path, answer: reactors },
];
