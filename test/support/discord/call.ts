import type { StoredFile } from './file-store.ts';
import type { SchemaName } from './schema.ts';
import type { Fields, WorldState } from './state.ts';

/** A request after its body was read. */
export type Call = {
  /** `GET`, `POST`, … */
  verb: string;
  /** Below `/api/v10`, without the query. */
  path: string;
  /** What stands in the path, by the names of the route. */
  at: Record<string, string>;
  query: URLSearchParams;
  /** Of JSON or of `payload_json`; `{}` without a body. A list only for the list of commands. */
  body: Fields;
  /** Files by the n of `files[n]`. */
  files: Map<number, StoredFile>;
};

/** What a handler says. `body` undefined: none. */
export type Result = { status: number; body?: unknown };

/** Answers one call. @throws DiscordError for what Discord refuses */
export type Handler = (world: WorldState, call: Call) => Result | Promise<Result>;

/** How many calls in how many ms pass through one bucket. */
export type Rate = { limit: number; perMs: number };

/** An endpoint. */
export type Route = {
  verb: string;
  /** `/channels/:channel/messages`; names of the main part are `channel`, `guild`, `webhook`. */
  path: string;
  answer: Handler;
  schema?: SchemaName;
  /** The body is a list of things of the shape. */
  isList?: boolean;
  /** The bucket; routes with the same name share it. */
  rate?: Rate;
  /** Works without a token of a bot, as everything whose address holds its own token. */
  isOpen?: boolean;
  /** Files may come with it. */
  hasFiles?: boolean;
};

/** 200 with a body. */
export function ok(body: unknown): Result {
  return { status: 200, body };
}

/** 201 with a body. */
export function created(body: unknown): Result {
  return { status: 201, body };
}

/** 204. */
export const nothing: Result = { status: 204 };

/** What stands in the path under the name. @throws Error for a name that the route does not have */
export function partOf(call: Call, name: string): string {
  const value = call.at[name];
  if (value === undefined) throw new Error(`the route has no ${name}`);
  return value;
}
