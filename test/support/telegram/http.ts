import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, dropped, errorAnswer, failureAnswer, writeAnswer } from './answer.ts';
import { ApiError } from './api-error.ts';
import { readForm, throttle } from './body.ts';
import { answerCall, type Process, restartError } from './call.ts';
import { downloadFile } from './download.ts';
import type { FaultSpec, Faults } from './faults.ts';
import type { Form } from './multipart.ts';
import { methodNotFound, parseParams } from './params.ts';
import { ParserFailure } from './parser-failure.ts';
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
  const isGoneAfter = (ms: number) => setTimeout(() => request.socket.destroy(), ms);
  const timer = isGoneAfter(context.httpTimeoutMs);
  try {
    const route = routeOf(request.url ?? '', context.mode);
    if (route.kind === 'file') return await downloadFile(context.world, route, response);
    const answer = await answerMethod(context, request, { route, record, onRead: () => timer.refresh() });
    noteEnd(context, record, request.socket.destroyed ? { ...answer, status: 0 } : answer);
    await writeAnswer(request, response, answer);
  } catch (error) {
    const answer = answerOf(error, context.mode);
    if (record.method !== '') noteEnd(context, record, request.socket.destroyed ? { ...answer, status: 0 } : answer);
    await writeAnswer(request, response, answer);
    if (!(error instanceof ApiError || error instanceof ParserFailure)) context.violate(`bug: ${String(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

function noteEnd({ calls }: HttpContext, record: CallRecord, { status, errorCode }: Answer): void {
  calls.push({ ...record, status, ...(errorCode !== undefined && { errorCode }) });
}

function answerOf(error: unknown, mode: Mode): Answer {
  if (error instanceof ApiError) return errorAnswer(error);
  if (error instanceof ParserFailure) return failureAnswer(error, mode);
  return { status: 500, text: '', isLast: true };
}

type Reading = { route: Extract<Route, { kind: 'method' }>; record: CallRecord; onRead: () => void };

/** Body first, then token, then method: the parser knows nothing of bots. */
async function answerMethod(context: HttpContext, request: IncomingMessage, reading: Reading): Promise<Answer> {
  const { route, record } = reading;
  const method = methodNamed(route.method);
  Object.assign(record, { token: route.token, method: method ?? route.method });
  checkVerb(request, context.mode);
  const faults = method === undefined ? [] : context.faults.strike('body', method);
  const form = await readBody(context, request, { query: route.query, fault: faults[0] });
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

async function readBody(
  context: HttpContext,
  request: IncomingMessage,
  { query, fault }: { query: string; fault: FaultSpec | undefined },
): Promise<Form | undefined> {
  try {
    if (fault?.kind === 'empty413') throw new ParserFailure(413, '');
    const form = await readForm(request, { ...context, query, onChunk: onChunkFor(fault, request, context.signal) });
    return fault?.kind === 'resetBody' ? undefined : form;
  } catch (error) {
    // The client broke off: there is nobody to answer.
    if (request.destroyed && !request.readableEnded) return undefined;
    if (error instanceof ParserFailure) throw error;
    throw new ParserFailure(400, `Bad Request: ${String(error)}`);
  }
}

function onChunkFor(fault: FaultSpec | undefined, request: IncomingMessage, signal: AbortSignal) {
  if (fault?.kind === 'slowBody') return throttle(fault.bytesPerSecond, signal);
  return () => {
    if (fault?.kind === 'resetBody') request.socket.resetAndDestroy();
    if (fault?.kind === 'diskFull') throw new ParserFailure(500, "Internal Server Error: can't upload the file");
  };
}
