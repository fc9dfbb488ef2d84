import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { User } from 'grammy/types';
import type { Fault, FaultSpec } from './faults.ts';
import type { CallRecord } from './http.ts';
import { listen } from './listener.ts';
import { handlers } from './methods/handlers.ts';
import type { Call, Mode, WorldOptions } from './types.ts';
import { createWorld, type World } from './world.ts';

export type TelegramOptions = Partial<Omit<WorldOptions, 'violate'>> & {
  mode?: Mode;
  /** `<number>:<text>`, as the real ones. */
  token?: string;
  /** After this long without a live event the connection is closed, while the call goes on (500 000). */
  httpTimeoutMs?: number;
};

/** A running Bot API server with a world behind it. */
export type Telegram = {
  /** `http://127.0.0.1:<port>`, for `apiRoot` of grammY. */
  root: string;
  token: string;
  bot: User;
  world: World;
  /** What the real server silently ignores but is a bug of ours; tests assert that it is empty. */
  violations: string[];
  /** Every call in the order in which they ended. */
  calls: CallRecord[];
  /** Makes the next matching calls go wrong; faults are struck in the order in which they were added. */
  fault(spec: FaultSpec): Fault;
  addBot(token: string): User;
  revoke(token: string): void;
  /** The same world on the same port; what is in hand is answered with 500 "restart" or 429. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

const defaultToken = '1000001:AAF-strict-test-server-token-000001';

/**
 * Starts a Bot API server that refuses what the real one refuses, on a free port of 127.0.0.1.
 *
 * Its own folder goes away with it; `filesDir` stays where it was given.
 */
export async function startTelegram(options: TelegramOptions = {}): Promise<Telegram> {
  const { mode = 'cloud', token = defaultToken, flood = true, httpTimeoutMs } = options;
  const filesDir = options.filesDir ?? (await mkdtemp(join(tmpdir(), 'aircheck-telegram-')));
  const uploads = join(filesDir, 'uploads');
  await mkdir(uploads, { recursive: true });
  const violations: string[] = [];
  const violate = (text: string) => void violations.push(text);
  const world = createWorld({ ...options, mode, flood, filesDir, violate });
  const bot = world.addBot(token);
  const process = (call: Call) => handle(world, call);
  const http = { mode, filesDir: uploads, world, process, violate, ...(httpTimeoutMs && { httpTimeoutMs }) };
  const listener = await listen(http);
  return {
    root: `http://127.0.0.1:${listener.port}`,
    token,
    bot,
    world,
    violations,
    calls: listener.calls,
    fault: (spec) => listener.faults.add(spec),
    addBot: (another) => world.addBot(another),
    revoke: (revoked) => world.revoke(revoked),
    restart: () => listener.restart(),
    async close() {
      await listener.close();
      await world.close();
      if (options.filesDir === undefined) await rm(filesDir, { recursive: true, force: true });
    },
  };
}

async function handle(world: World, call: Call): Promise<unknown> {
  const handler = handlers[call.method];
  if (handler === undefined) throw new Error(`the test server has no handler for ${call.method}`);
  return await handler(world, call);
}
