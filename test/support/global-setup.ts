import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
import { startEmbeddedPostgres } from '../../src/db/embedded.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { createLogger } from '../../src/lib/log.ts';

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
  const server = await startEmbeddedPostgres(dir, createLogger('error'));
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  await sql`create database template_aircheck`;
  await sql.end();
  const template = new URL(server.url);
  template.pathname = '/template_aircheck';
  await migrateDatabase(template.href);
  project.provide('postgresUrl', server.url);
  return async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true, maxRetries: 10 });
  };
}
