import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import * as schema from './schema.ts';

export type Database = PostgresJsDatabase<typeof schema>;
/** What queries run on: the pool or one transaction. */
export type Queryable = Database | Parameters<Parameters<Database['transaction']>[0]>[0];
export type Sql = postgres.Sql;

/** A process that sleeps in the middle of a transaction holds its locks no longer than this. */
const stuckAfterMs = 10_000;

/** Opens the pool. `sql` is for LISTEN and raw statements; `close` waits up to 5 s for what runs. */
export function openDatabase(
  url: string,
  options: { max?: number; stuckAfterMs?: number } = {},
): { db: Database; sql: Sql; close: () => Promise<void> } {
  const sql = postgres(url, {
    max: options.max ?? 10,
    connect_timeout: 10,
    idle_timeout: 60,
    onnotice: () => {},
    connection: {
      application_name: 'aircheck',
      idle_in_transaction_session_timeout: options.stuckAfterMs ?? stuckAfterMs,
    },
  });
  const db = drizzle(sql, { schema, casing: 'snake_case' });
  return { db, sql, close: () => sql.end({ timeout: 5 }) };
}

/** Postgres' error code (`23505` = unique violation) wherever drizzle wrapped it, else undefined. */
export function databaseErrorCode(error: unknown): string | undefined {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    if ('code' in e && typeof e.code === 'string') return e.code;
  }
  return undefined;
}

/** `postgres.js` gives Dates to raw statements only as text; this makes one from either. */
export function toDate(value: Date | string): Date {
  return value instanceof Date ? value : new Date(value);
}
