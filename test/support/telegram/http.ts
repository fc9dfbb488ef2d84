import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, dropped, errorAnswer, failureAnswer, writeAnswer } from './answer.ts';
import { ApiError } from './api-error.ts';
import { answerCall, type Process, restartError } from './call.ts';
import { downloadFile } from './download.ts';
import type { Faults } from './faults.ts';
import { methodNotFound, parseParams } from './params.ts';
import { ParserFailure } from './parser-failure.ts';
import { readBody } from './read-body.ts';
import { checkToken, type Route, routeOf } from './route.ts';
import { methodNamed } from './spec.ts';
import type { Call, Mode, WorldForServer } from './types.ts';

/** A call as it ended. `status` is 0 where no answer was sent; `at` is when it came, in ms since 1970. */
export type CallRecord = {
  token: string;
  method: string;
  params: Record<string, unknown>;
  status: number;
  at: number;
  errorCode?: number;
};

/** What a request needs to be answered. */
export type HttpContext = {
  mode: Mode;
  filesDir: string;
  world: Pick<WorldForServer, 'botOf' | 'fileAt'>;
  process: Process;
  faults: Faults;
  calls: CallRecord[];
  violate: (text: string) => void;
  /** Aborted when the server goes down; another one after a restart. */
  signal: AbortSignal;
  /** The server closes a connection this long after the body was read or, before that, was begun. */
  httpTimeoutMs: number;
};

/** Answers one request. The client hanging up changes nothing: what is in process goes on. */
export async function answerRequest(context: HttpContext, request: IncomingMessage, response: ServerResponse) {
  request.on('error', () => {});
  const record: CallRecord = { token: '', method: '', params: {}, status: 0, at: Date.now() };
  const timer = setTimeout(() => request.socket.destroy(), context.httpTimeoutMs);
  try {
    const answer = await answerRoute(context, request, { response, record, onRead: () => timer.refresh() });
    if (answer === undefined) return;
    if (record.method !== '') noteEnd(context, record, request.socket.destroyed ? { ...answer, status: 0 } : answer);
    await writeAnswer(request, response, answer);
  } finally {
    clearTimeout(timer);
  }
}

type Reading = { response: ServerResponse; record: CallRecord; onRead: () => void };

/** What a request comes to, a refusal and a bug of this server too; undefined where it has been answered. */
async function answerRoute(context: HttpContext, request: IncomingMessage, reading: Reading) {
  try {
    const route = routeOf(request.url ?? '', context.mode);
    if (route.kind === 'method') return await answerMethod(context, request, { ...reading, route });
    await downloadFile(context.world, route, reading.response);
    return undefined;
  } catch (error) {
    if (error instanceof ApiError) return errorAnswer(error);
    if (error instanceof ParserFailure) return failureAnswer(error, context.mode);
    context.violate(`bug: ${String(error)}`);
    return { status: 500, text: '', isLast: true };
  }
}

function noteEnd({ calls }: HttpContext, record: CallRecord, { status, errorCode }: Answer): void {
  calls.push({ ...record, status, ...(errorCode !== undefined && { errorCode }) });
}

type MethodReading = Reading & { route: Extract<Route, { kind: 'method' }> };

/** Body first, then token, then method: the parser knows nothing of bots. */
async function answerMethod(context: HttpContext, request: IncomingMessage, reading: MethodReading): Promise<Answer> {
  const { route, record } = reading;
  const method = methodNamed(route.method);
  Object.assign(record, { token: route.token, method: method ?? route.method });
  checkVerb(request, context.mode);
  const faults = method === undefined ? [] : context.faults.strike('body', method);
  const form = await readBody(request, { ...context, query: route.query, fault: faults[0] });
  if (form === undefined) return dropped;
  reading.onRead();
  checkToken(route.token);
  if (context.world.botOf(route.token) === undefined) throw new ApiError(401, 'Unauthorized');
  if (method === undefined) throw methodNotFound();
  record.params = Object.fromEntries(form.args);
  record.params = parseParams({ method, ...form, violate: context.violate });
  const call: Call = { token: route.token, method, params: record.params, files: form.files, signal: context.signal };
  return await answerCall(call, context.faults.strike('call', method, call.params), (struck) =>
    atHand(context, struck),
  );
}

/** A call in hand when the server goes down is answered at once, while it may still come to its end unheard. */
async function atHand({ process }: HttpContext, call: Call): Promise<unknown> {
  if (call.signal.aborted) throw restartError(call.method);
  let onAbort = () => {};
  const isDown = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(restartError(call.method));
  });
  call.signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([isDown, process(call)]);
  } finally {
    call.signal.removeEventListener('abort', onAbort);
  }
}

/** The front of the cloud says what it does not take; TDLib knows GET and POST only (HttpReader::parse_head). */
function checkVerb({ method = '' }: IncomingMessage, mode: Mode): void {
  if (method === 'GET' || method === 'POST') return;
  if (mode === 'cloud') throw new ApiError(405, 'Method Not Allowed');
  throw new ParserFailure(501, 'Not Implemented');
}
