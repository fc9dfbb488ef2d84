import { Api, GrammyError, InputFile } from 'grammy';
import type { Update } from 'grammy/types';
import { expect, onTestFinished } from 'vitest';
import { startTelegram, type Telegram, type TelegramOptions } from '../support/telegram/server.ts';
import { waitFor } from '../support/wait.ts';

/** A server with one bot, and grammY's client for it; closed when the test ends. */
export type Setup = Telegram & { api: Api };

/** Starts it. The test fails when it did what the real server ignores in silence, unless it empties `violations`. */
export async function setup(options: TelegramOptions = {}): Promise<Setup> {
  const telegram = await startTelegram({ forwardDelayMs: 0, ...options });
  onTestFinished(async () => {
    await telegram.close();
    expect(telegram.violations).toEqual([]);
  });
  return { ...telegram, api: new Api(telegram.token, { apiRoot: telegram.root }) };
}

/** The call must be refused with exactly this. */
export async function expectRefused(call: Promise<unknown>, code: number, description: string): Promise<GrammyError> {
  const error = await call.then(
    (result) => {
      throw new Error(`not refused: ${JSON.stringify(result)}`);
    },
    (reason: unknown) => reason,
  );
  if (!(error instanceof GrammyError)) throw error;
  expect([error.error_code, error.description]).toEqual([code, description]);
  return error;
}

/** A small file to upload; every call makes other bytes. */
export function bytes(name = 'part.mp4', size = 2000): InputFile {
  serial += 1;
  return new InputFile(Buffer.alloc(size, `${serial} ${name} `), name);
}
let serial = 0;

/** Reads and confirms updates until `count` of them were there. */
export async function takeUpdates({ api }: Setup, count: number): Promise<Update[]> {
  const all: Update[] = [];
  await waitFor(
    async () => {
      const offset = (all.at(-1)?.update_id ?? -1) + 1;
      all.push(...(await api.getUpdates({ timeout: 1, ...(all.length > 0 ? { offset } : {}) })));
      return all.length >= count;
    },
    { what: `${count} updates` },
  );
  return all;
}
