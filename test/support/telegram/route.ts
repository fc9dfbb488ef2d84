import { ApiError } from './api-error.ts';
import type { Mode } from './types.ts';

/** Where a request goes. `query` is the raw text after `?`. */
export type Route =
  | { kind: 'method'; token: string; method: string; query: string }
  | { kind: 'file'; token: string; filePath: string };

/**
 * Reads `/bot<token>/<method>`, `/bot<token>/test/<method>` and, in cloud mode, `/file/bot<token>/<path>`.
 *
 * @throws ApiError 404 `Not Found`
 * Source: HttpConnection::handle of https://github.com/tdlib/telegram-bot-api; a local server has no files (its README)
 */
export function routeOf(url: string, mode: Mode): Route {
  const at = url.search(/[?#]/);
  const path = percentDecode(at < 0 ? url : url.slice(0, at));
  const file = mode === 'cloud' ? /^\/file\/bot([^/]*)\/(.+)$/s.exec(path) : null;
  if (file) return { kind: 'file', token: file[1] ?? '', filePath: file[2] ?? '' };
  const [, token, test, method] = /^\/bot([^/]*)(\/test)?\/(.*)$/s.exec(path) ?? [];
  if (token === undefined || method === undefined) throw new ApiError(404, 'Not Found');
  const query = at >= 0 && url[at] === '?' ? url.slice(at + 1) : '';
  return { kind: 'method', token: test ? `${token}/test` : token, method, query };
}

/**
 * Refuses a token that no bot can have; whether a bot has it is another question.
 *
 * @throws ApiError 401 `Unauthorized: invalid token specified`
 * Source: ClientManager::send of https://github.com/tdlib/telegram-bot-api
 */
export function checkToken(token: string): void {
  const isPossible = !token.startsWith('0') && token.length <= 80 && /^[1-9]\d{0,15}:/.test(token);
  if (!isPossible) throw new ApiError(401, 'Unauthorized: invalid token specified');
}

function percentDecode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
