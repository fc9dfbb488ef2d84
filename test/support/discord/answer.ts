import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DiscordError } from './api-error.ts';
import type { Result } from './call.ts';
import type { Flood } from './rates.ts';

/** What goes back on a socket. Status 0: nothing, the socket is destroyed. */
export type Answer = {
  status: number;
  text: string;
  type?: string;
  headers?: Record<string, string>;
  /** The connection closes after it. */
  isLast?: boolean;
  /** It closes at once, whatever the client still says. */
  isCut?: boolean;
  /** Of a refusal: Discord's number for it. */
  code?: number;
};

/** No answer at all. */
export const dropped: Answer = { status: 0, text: '' };

/** A body as JSON, or none. */
export function resultAnswer({ status, body }: Result): Answer {
  return { status, text: body === undefined ? '' : JSON.stringify(body) };
}

/** `{message, code, errors?}`, and what else a refusal says. */
export function errorAnswer({ status, code, message, errors, more }: DiscordError): Answer {
  return { status, code, text: JSON.stringify({ message, code, ...more, ...(errors && { errors }) }) };
}

/** `{message: "500: …", code: 0}`. */
export function brokenAnswer(status: number): Answer {
  return { status, code: 0, text: JSON.stringify({ message: `${status}: Internal Server Error`, code: 0 }) };
}

/** 429. Source: https://docs.discord.com/developers/topics/rate-limits#exceeding-a-rate-limit */
export function floodAnswer({ retryAfter, scope }: Flood): Answer {
  const isGlobal = scope === 'global';
  const message = scope === 'shared' ? 'The resource is being rate limited.' : 'You are being rate limited.';
  const headers: Record<string, string> = {
    'retry-after': String(Math.ceil(retryAfter)),
    'x-ratelimit-scope': scope,
    ...(isGlobal && { 'x-ratelimit-global': 'true' }),
  };
  return {
    status: 429,
    code: 0,
    headers,
    text: JSON.stringify({ message, retry_after: retryAfter, global: isGlobal }),
  };
}

/** What the front says by itself: HTML, and none of Discord's headers. */
export function frontAnswer(status: number): Answer {
  const text = `<html><head><title>${status}</title></head><body><h1>${status}</h1>cloudflare</body></html>\r\n`;
  return { status, text, type: 'text/html', headers: status === 429 ? { 'retry-after': '3600' } : {} };
}

/** Writes an answer. With `isLast` the connection closes once the client has said all it wants to say. */
export async function writeAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  if (answer.status === 0 || response.destroyed) {
    request.socket.destroy();
    return;
  }
  const length = Buffer.byteLength(answer.text);
  const isOfFront = answer.type === 'text/html';
  response.writeHead(answer.status, {
    ...(length > 0 && { 'content-type': answer.type ?? 'application/json', 'content-length': length }),
    ...(isOfFront ? {} : { via: '1.1 google' }),
    ...answer.headers,
    ...(answer.isLast && { connection: 'close' }),
  });
  if (answer.isCut) response.end(answer.text, () => request.socket.destroy());
  else if (answer.isLast && !request.readableEnded) await lingered(request, response, answer.text);
  else response.end(answer.text);
}

/** The answer goes out while the client still sends; closing at once would reset the connection, answer and all. */
async function lingered(request: IncomingMessage, response: ServerResponse, text: string): Promise<void> {
  response.flushHeaders();
  response.write(text);
  await new Promise<void>((resolve) => {
    request.once('end', resolve);
    request.once('close', resolve);
    request.resume();
  });
  response.end();
}
