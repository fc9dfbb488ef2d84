import type { Config } from './config.ts';
import type { ChatKind } from './core/model.ts';
import type { Chat, Platform, Storage } from './core/ports.ts';
import type { Database, Sql } from './db/client.ts';
import type { Logger } from './lib/log.ts';
import type { Bus } from './queue/bus.ts';
import type { JobQueue } from './queue/queue.ts';

/** Everything that is built once per process; functions take it first. Built by `openApp` alone. */
export type App = {
  config: Config;
  log: Logger;
  db: Database;
  /** For LISTEN and raw statements. */
  sql: Sql;
  bus: Bus;
  queue: JobQueue;
  storage: Storage;
  platforms: Platform[];
  chats: Map<ChatKind, Chat>;
  /** Names this process as an owner of leases; new at each start. */
  owner: string;
};
