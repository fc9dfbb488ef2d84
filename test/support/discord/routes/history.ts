import { badForm } from '../api-error.ts';
import { type Call, ok, partOf, type Result, type Route } from '../call.ts';
import { botCan, visibleChannel } from '../permissions.ts';
import { snowflake, wholeNumber } from '../query.ts';
import type { StoredMessage, WorldState } from '../state.ts';
import { botView } from '../views.ts';

/**
 * Newest first; `after` gives the ones that follow it directly, `around` both sides; at most one of the three.
 *
 * Without the right to read the history the list is empty, and that is not an error.
 * Source: https://docs.discord.com/developers/resources/message#get-channel-messages
 */
function listMessages(world: WorldState, call: Call): Result {
  const channel = visibleChannel(world, partOf(call, 'channel'));
  const limit = wholeNumber(call.query, 'limit', { min: 1, max: 100, or: 50 });
  const range = rangeOf(call.query);
  if (!botCan(world, channel, 'ReadMessageHistory')) return ok([]);
  const newestFirst = [...channel.messages.values()].toSorted((one, other) =>
    BigInt(one.id) > BigInt(other.id) ? -1 : 1,
  );
  return ok(within(newestFirst, range, limit).map((message) => botView(world, message)));
}

type Range = { name: 'before' | 'after' | 'around'; id: bigint } | undefined;

function rangeOf(query: URLSearchParams): Range {
  const given = (['before', 'after', 'around'] as const).flatMap((name) => {
    const id = snowflake(query, name);
    return id === undefined ? [] : [{ name, id }];
  });
  if (given.length <= 1) return given[0];
  const message = 'Only one of before, after, around may be given.';
  throw badForm([{ path: '', code: 'MUTUALLY_EXCLUSIVE', message }]);
}

function within(newestFirst: StoredMessage[], range: Range, limit: number): StoredMessage[] {
  if (!range) return newestFirst.slice(0, limit);
  const older = newestFirst.filter(({ id }) => BigInt(id) < range.id);
  const newer = newestFirst.filter(({ id }) => BigInt(id) > range.id);
  if (range.name === 'before') return older.slice(0, limit);
  if (range.name === 'after') return newer.slice(-limit);
  const middle = newestFirst.filter(({ id }) => BigInt(id) === range.id);
  const half = Math.floor(limit / 2);
  return [...(half > 0 ? newer.slice(-half) : []), ...middle, ...older.slice(0, half)].slice(0, limit);
}

/** The history of a channel. */
export const historyRoutes: Route[] = [
  { verb: 'GET', path: '/channels/:channel/messages', answer: listMessages, rate: { limit: 5, perMs: 5000 } },
];
