import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { ApiError } from '../support/telegram/api-error.ts';
import { type ListenerOptions, listen } from '../support/telegram/listener.ts';
import type { Call, Mode } from '../support/telegram/types.ts';

export const token = '1000001:AAF-strict-test-server-token-000001';

/** The HTTP side alone: every call is answered with the method and parameters it arrived with. */
export async function startEcho(options: Partial<ListenerOptions> & { mode?: Mode } = {}) {
  const filesDir = await mkdtemp(join(tmpdir(), 'aircheck-echo-'));
  const violations: string[] = [];
  const seen: Call[] = [];
  const file = { path: join(filesDir, 'file.bin'), sizeBytes: 5 };
  await writeFile(file.path, 'bytes');
  const listener = await listen({
    mode: 'local',
    filesDir,
    world: {
      botOf: (asked) => (asked === token ? { id: 1_000_001, is_bot: true, first_name: 'echo' } : undefined),
      fileAt: (_token, path) => (path === 'videos/file_1.mp4' ? file : undefined),
    },
    process: async (call) => {
      seen.push(call);
      return { method: call.method, params: call.params };
    },
    violate: (text) => violations.push(text),
    ...options,
  });
  onTestFinished(async () => {
    await listener.close();
    await rm(filesDir, { recursive: true, force: true });
  });
  const root = `http://127.0.0.1:${listener.port}`;
  return { ...listener, root, bot: `${root}/bot${token}`, filesDir, violations, seen };
}

/** What a call came to, as its answer says. */
export async function answerOf(response: Response | Promise<Response>) {
  const settled = await response;
  const text = await settled.text();
  const type = settled.headers.get('content-type');
  return {
    status: settled.status,
    body: type === 'application/json' ? JSON.parse(text) : text,
    headers: settled.headers,
  };
}

/** Expects a refusal in the real server's words; the HTTP status is the error code. */
export async function expectRefusal(response: Promise<Response>, code: number, description: string): Promise<void> {
  const { status, body } = await answerOf(response);
  expect({ status, body }).toEqual({ status: code, body: { ok: false, error_code: code, description } });
}

/** Posts a JSON body. */
export function postJson(url: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(body), ...init });
}

/** A refusal of the world, for tests of what becomes of it. */
export function refuse(...args: ConstructorParameters<typeof ApiError>): () => Promise<never> {
  return () => Promise.reject(new ApiError(...args));
}
