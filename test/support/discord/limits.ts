import type { BodyLimits } from './body.ts';
import type { Call } from './call.ts';
import type { WorldState } from './state.ts';

/** Largest file where no boosts count. Source: https://docs.discord.com/developers/reference#uploading-files */
export const fallbackFileBytes = 20 * 2 ** 20;

/** Largest request as documented there. */
const requestBytes = 25 * 2 ** 20;

/** What may be uploaded where the path leads: a guild's boosts count for everybody in it, bots too. */
export function limitsFor(world: WorldState, at: Call['at']): BodyLimits {
  const channelId = at['channel'] ?? interactionOf(world, at)?.channelId ?? '';
  const guild = world.guilds.get(world.channels.get(channelId)?.guildId ?? '');
  const file = guild?.fileLimitBytes ?? fallbackFileBytes;
  // Boosted guilds take larger files than the documented request, so there it cannot be the truth.
  const usual = file < requestBytes ? requestBytes : Number.POSITIVE_INFINITY;
  return { file, request: world.options.requestLimitBytes ?? usual };
}

function interactionOf(world: WorldState, at: Call['at']) {
  const token = at['token'];
  return token === undefined ? undefined : [...world.interactions.values()].find((known) => known.token === token);
}
