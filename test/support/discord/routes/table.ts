import { refusal } from '../api-error.ts';
import type { Call, Route } from '../call.ts';
import { accountRoutes } from './account.ts';
import { callbackRoutes } from './callback.ts';
import { commandRoutes } from './commands.ts';
import { historyRoutes } from './history.ts';
import { messageRoutes } from './messages.ts';
import { postingRoutes } from './posting.ts';
import { reactionRoutes } from './reactions.ts';
import { threadRoutes } from './threads.ts';
import { webhookRoutes } from './webhooks.ts';

const routes: Route[] = [
  ...accountRoutes,
  ...commandRoutes,
  ...postingRoutes,
  ...messageRoutes,
  ...historyRoutes,
  ...threadRoutes,
  ...reactionRoutes,
  ...callbackRoutes,
  ...webhookRoutes,
];

const patterns = routes.map((route) => ({ route, pattern: patternOf(route.path) }));

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
}

/** Where a request goes, with what stands in its path. */
export type Found = { route: Route; at: Call['at'] };

/**
 * Finds the endpoint; the first of the table that fits.
 *
 * @param path below `/api/v10`, without the query
 * @throws DiscordError 404, 405
 */
export function findRoute(verb: string, path: string, extra: Route[]): Found {
  const all = [...extra.map((route) => ({ route, pattern: patternOf(route.path) })), ...patterns];
  const fitting = all.flatMap(({ route, pattern }) => {
    const match = pattern.exec(path);
    return match ? [{ route, at: decoded(match.groups ?? {}) }] : [];
  });
  if (fitting.length === 0) throw refusal('notFound');
  const found = fitting.find(({ route }) => route.verb === verb);
  if (!found) throw refusal('methodNotAllowed');
  return found;
}

function decoded(groups: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, text]) => [name, decodeURIComponent(text)]));
}
