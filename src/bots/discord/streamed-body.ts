import { randomBytes } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A request's body that is never whole in memory; opened anew for each try. */
export type StreamedBody = {
  isStreamed: true;
  contentType: string;
  sizeBytes: number;
  open(): AsyncIterable<Uint8Array>;
};

/** A file inside a body: its name as the other side sees it (`[A-Za-z0-9._-]` only), and its bytes. */
export type BodyFile = { fileName: string; contentType: string; sizeBytes: number; read(): AsyncIterable<Uint8Array> };

/** Whether a body is one of ours. */
export const isStreamed = (body: unknown): body is StreamedBody =>
  typeof body === 'object' && body !== null && 'isStreamed' in body;

/** `payload_json` and `files[n]`. Source: https://discord.com/developers/docs/reference#uploading-files */
export function multipartBody(payload: unknown, files: BodyFile[]): StreamedBody {
  const boundary = `aircheck-${randomBytes(12).toString('hex')}`;
  const head = (disposition: string, type: string) =>
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${type}\r\n\r\n`);
  const json = Buffer.concat([head('name="payload_json"', 'application/json'), Buffer.from(JSON.stringify(payload))]);
  const heads = files.map(({ fileName, contentType }, index) =>
    head(`name="files[${index}]"; filename="${fileName}"`, contentType),
  );
  const lineEnd = Buffer.from('\r\n');
  const end = Buffer.from(`--${boundary}--\r\n`);
  const fileBytes = files.reduce((sum, file, index) => sum + (heads[index]?.length ?? 0) + file.sizeBytes + 2, 0);
  return {
    isStreamed: true,
    contentType: `multipart/form-data; boundary=${boundary}`,
    sizeBytes: json.length + 2 + fileBytes + end.length,
    async *open() {
      yield Buffer.concat([json, lineEnd]);
      for (const [index, file] of files.entries()) {
        yield heads[index] as Buffer;
        yield* file.read();
        yield lineEnd;
      }
      yield end;
    },
  };
}

type Sending = { method: string; headers: Record<string, string>; body: StreamedBody; signal: AbortSignal };

/**
 * Sends such a body with its length, at the pace of the other side. An answer that comes before the end of the body
 * (413) counts; what is left is not sent.
 */
export async function sendStreamed(url: string, { method, headers, body, signal }: Sending): Promise<Response> {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  const length = { 'content-type': body.contentType, 'content-length': String(body.sizeBytes) };
  const call = request(url, { method, headers: { ...headers, ...length }, signal, agent: false });
  const answered = firstAnswer(call);
  const sent = pipeline(Readable.from(body.open(), { objectMode: false }), call);
  // Its fault is told by `answered`, unless the answer came first.
  sent.catch(() => undefined);
  try {
    return await readAnswer(await Promise.race([answered, sent.then(() => answered)]));
  } finally {
    call.destroy();
  }
}

function firstAnswer(call: ClientRequest): Promise<IncomingMessage> {
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    call.on('response', resolve);
    call.on('error', reject);
  });
  answered.catch(() => undefined);
  return answered;
}

/** A status is an answer, even where its text is cut off by a server that hung up; a "yes" is not without its text. */
async function readAnswer(answer: IncomingMessage): Promise<Response> {
  const { statusCode = 0, headers } = answer;
  const chunks: Buffer[] = [];
  let isWhole = true;
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer);
  } catch (error) {
    if (statusCode < 400) throw error;
    isWhole = false;
  }
  const kept = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined || (!isWhole && name === 'content-type') ? [] : [[name, String(value)] as [string, string]],
  );
  const bytes = statusCode === 204 || !isWhole ? null : Buffer.concat(chunks);
  return new Response(bytes, { status: statusCode, headers: kept });
}
