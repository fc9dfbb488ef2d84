import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, brokenAnswer, dropped, errorAnswer, floodAnswer, frontAnswer, writeAnswer } from './answer.ts';
import { answerCall } from './answer-call.ts';
import { DiscordError, refusal } from './api-error.ts';
import { type BodyOptions, readBody } from './body.ts';
import type { Call, Route } from './call.ts';
import { serveAttachment } from './cdn.ts';
import { listOf } from './component-rules.ts';
import type { FaultSpec, Faults, Struck } from './faults.ts';
import { limitsFor } from './limits.ts';
import type { Rates } from './rates.ts';
import { type Found, findRoute } from './routes/table.ts';
import { checkBody } from './rules.ts';
import { nowMs, type WorldState } from './state.ts';

/** A call as it ended. `status` is 0 where no answer was sent; `at` is when it came, in ms since 1970. */
export type CallRecord = {
  verb: string;
  /** As the table spells it: `/channels/:channel/messages`; empty for what there is not. */
  route: string;
  path: string;
  body: unknown;
  files: { fileName: string; sizeBytes: number; sha256: string }[];
  status: number;
  code?: number;
  at: number;
};

/** What a request needs to be answered. */
export type HttpContext = {
  world: WorldState;
  rates: Rates;
  faults: Faults;
  calls: CallRecord[];
  /** Endpoints that are made with the server. */
  routes: Route[];
  signal: AbortSignal;
};

/** Answers one request. The client hanging up changes nothing: what is in process goes on. */
export async function answerRequest(
  context: HttpContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.on('error', () => undefined);
  const { world } = context;
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (/^\/(ephemeral-)?attachments\//.test(url.pathname)) return await serveAttachment(world, url, response);
  const path = url.pathname.replace(/^\/api(\/v\d+)?/, '');
  const record: CallRecord = {
    verb: request.method ?? '',
    route: '',
    path,
    body: {},
    files: [],
    status: 0,
    at: Date.now(),
  };
  const answer = await guarded(world, () => answerApi(context, { request, url, path, record }));
  if ([401, 403, 429].includes(answer.status)) context.rates.noteInvalid(nowMs(world));
  const status = request.socket.destroyed ? 0 : answer.status;
  context.calls.push({ ...record, status, ...(answer.code !== undefined && { code: answer.code }) });
  await writeAnswer(request, response, answer);
}

async function guarded(world: WorldState, work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DiscordError) return { ...errorAnswer(error), isLast: error.status === 413 };
    world.options.violate(`bug: ${error instanceof Error ? error.stack : String(error)}`);
    return { ...brokenAnswer(500), isLast: true };
  }
}

type Asked = { request: IncomingMessage; url: URL; path: string; record: CallRecord };

async function answerApi(context: HttpContext, asked: Asked): Promise<Answer> {
  const { world, rates } = context;
  const { request, url, path, record } = asked;
  if (rates.isBanned(nowMs(world))) return { ...frontAnswer(429), isLast: true };
  checkHead(world, request, url.pathname);
  const found = findRoute(record.verb, path, context.routes);
  record.route = found.route.path;
  const called: Struck = { verb: record.verb, route: found.route.path, path, ids: Object.values(found.at) };
  const [fault] = context.faults.strike('body', called);
  if (fault?.kind === 'early413')
    return { ...errorAnswer(refusal('tooLarge')), isLast: true, isCut: fault.isCut === true };
  const read = await readBody(request, bodyOptions(context, found, fault));
  if (read === undefined) return dropped;
  record.body = read.body;
  record.files = [...read.files.values()].map(({ fileName, sizeBytes, sha256 }) => ({ fileName, sizeBytes, sha256 }));
  checkToken(world, request, found.route);
  const call: Call = { verb: record.verb, path, at: found.at, query: url.searchParams, ...read };
  return await passed(context, found, { call, called });
}

function bodyOptions({ world, signal }: HttpContext, { route, at }: Found, fault: FaultSpec | undefined): BodyOptions {
  const { filesDir: dir, violate } = world.options;
  return { dir, violate, limits: limitsFor(world, at), hasFiles: route.hasFiles === true, fault, signal };
}

/** Rates come before everything that looks at the call. */
async function passed(
  context: HttpContext,
  { route, at }: Found,
  { call, called }: { call: Call; called: Struck },
): Promise<Answer> {
  const { world, rates, faults, signal } = context;
  const { headers, flood } = rates.pass(route, { at }, nowMs(world));
  if (flood) return withHeaders(floodAnswer(flood), headers);
  const process = async () => {
    checkShapes(world, route, call);
    return await route.answer(world, call);
  };
  const answer = await answerCall(faults.strike('call', called), { process, signal });
  return withHeaders(answer, headers);
}

function withHeaders(answer: Answer, headers: Record<string, string>): Answer {
  return { ...answer, headers: { ...headers, ...answer.headers } };
}

function checkShapes(world: WorldState, { schema, isList }: Route, { body }: Call): void {
  if (schema === undefined) return;
  if (!isList) return checkBody(world, schema, body);
  for (const item of listOf(body)) checkBody(world, schema, item);
}

/** Source: https://docs.discord.com/developers/reference#user-agent and #api-versioning */
function checkHead(world: WorldState, request: IncomingMessage, pathname: string): void {
  const agent = request.headers['user-agent'] ?? '';
  if (agent === '') throw refusal('internalNetwork');
  if (!/^DiscordBot \([^,]+, [^)]+\)/.test(agent)) world.options.violate(`User-Agent "${agent}" may be blocked`);
  if (!pathname.startsWith('/api/')) throw refusal('notFound');
  if (!pathname.startsWith('/api/v10/')) throw refusal('invalidVersion');
}

function checkToken(world: WorldState, request: IncomingMessage, { isOpen }: Route): void {
  if (isOpen) return;
  const isKnown = request.headers.authorization === `Bot ${world.token}`;
  if (!isKnown || world.isRevoked) throw refusal('unauthorized');
}
