import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { createLogger } from '../../src/lib/log.ts';
import { openQueue } from '../../src/queue/queue.ts';
import { memoryFolder } from './memory-folder.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: string;
  }
}

/** One Postgres for the whole run, with a migrated template that `freshDatabase` clones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-test-'));
  // Open to Postgres' own user: the cluster lies inside and goes with the folder.
  await chmod(dir, 0o755);
  const log = createLogger('error');
  const server = await startEmbeddedPostgres(dir, log);
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  await hasten(sql, new URL(server.url).password);
  const memory = await memoryFolder(
    process.getuid?.() === 0 ? (await stat(join(dir, 'postgres/cluster'))).uid : undefined,
  );
  if (memory) await sql.unsafe(`create tablespace memory location '${memory}'`);
  // A clone lies where its template does.
  await sql.unsafe(`create database template_aircheck ${memory ? 'tablespace memory' : ''}`);
  await sql.end();
  const template = new URL(server.url);
  template.pathname = '/template_aircheck';
  await migrateDatabase(template.href);
  // The queue's own tables, which it makes where they are missing: eleven migrations less for each test.
  await (await openQueue(template.href, log)).close();
  project.provide('postgresUrl', server.url);
  return async () => {
    await server.stop();
    for (const each of memory ? [dir, memory] : [dir]) await rm(each, { recursive: true, force: true, maxRetries: 10 });
  };
}

/** What is in this server is thrown away and need not outlive the machine; nor is its password worth 4 096 rounds. */
async function hasten(sql: postgres.Sql, password: string): Promise<void> {
  const settings = ['fsync', 'synchronous_commit', 'full_page_writes', 'autovacuum', 'jit'];
  for (const setting of settings) await sql.unsafe(`alter system set ${setting} = off`);
  await sql`select pg_reload_conf()`;
  await sql`set scram_iterations = 1`;
  await sql.unsafe(`alter role current_user password '${password}'`);
}
