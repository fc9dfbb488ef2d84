#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { type ProcessRole, processRoles, startApp } from './app.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { UserError } from './core/errors.ts';
import { errorSentence } from './core/text/text.ts';
import { awaitPostgres } from './db/await-postgres.ts';
import { migrateDatabase } from './db/migrate.ts';
import { createLogger } from './lib/log.ts';

const usage = `aircheck all                   everything in one process (the default)
aircheck bots|monitor|worker|web   one role; DATABASE_URL is needed
aircheck migrate               brings the database's tables up to date
aircheck doctor                checks this installation and says what to do
aircheck demo [--once]         records a built-in test card`;

async function main(): Promise<number> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { once: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  const [command = 'all'] = positionals;
  if (values.help) return say(usage, 0);
  const config = readConfig(process.env);
  if (command === 'migrate') return migrate(config);
  if (command === 'doctor') return doctor(config);
  if (command === 'demo') return demo(config, values.once ?? false);
  const roles = command === 'all' ? processRoles : processRoles.filter((role) => role === command);
  if (roles.length === 0) return say(`"${command}" is not a command.\n${usage}`, 1);
  return serve(config, roles);
}

function say(text: string, code: number): number {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  return code;
}

/** Loaded only here: it brings the libraries of every chat, which are a quarter of what a role's start costs. */
async function doctor(config: Config): Promise<number> {
  const { runDoctor } = await import('./doctor.ts');
  return runDoctor(config);
}

async function demo(config: Config, isOnce: boolean): Promise<number> {
  const { runDemo } = await import('./demo.ts');
  return runDemo(config, { isOnce });
}

async function migrate(config: Config): Promise<number> {
  if (!config.databaseUrl)
    return say('Nothing to do: without DATABASE_URL the built-in database is brought up to date at each start.', 0);
  await awaitPostgres(config.databaseUrl, createLogger(config.logLevel));
  await migrateDatabase(config.databaseUrl);
  return say('The database is up to date.', 0);
}

async function serve(config: Config, roles: readonly ProcessRole[]): Promise<number> {
  const isAll = roles.length === processRoles.length;
  if (!isAll && !config.databaseUrl)
    return say('A single role needs DATABASE_URL: its peers must reach the same database.', 1);
  const log = createLogger(config.logLevel, { role: isAll ? 'all' : roles[0] });
  if (isAll && config.databaseUrl) {
    await awaitPostgres(config.databaseUrl, log);
    await migrateDatabase(config.databaseUrl);
  }
  const running = await startApp(config, log, roles);
  if (running.web) say(`Aircheck is ready: ${running.web.loginUrl}`, 0);
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
  log.info('stopping: leases are handed over');
  await running.stop();
  return 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    if (error instanceof ConfigError) process.exit(say(error.message, 1));
    if (error instanceof UserError) process.exit(say(errorSentence('en', error), 1));
    // As a log holds it: a query's values may be all that a person typed.
    createLogger('fatal').fatal({ err: error }, 'Aircheck ends');
    process.exit(1);
  },
);
