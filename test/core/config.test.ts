import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError, readConfig } from '../../src/config.ts';

function messageOf(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  return '';
}

test('an empty environment makes the embedded default', () => {
  const config = readConfig({ DATA_DIR: '/tmp/a b' });
  expect(config).toMatchObject({
    port: 8080,
    dataDir: '/tmp/a b',
    storageUrl: 'file:///tmp/a%20b/storage',
    admins: [],
    segmentSeconds: 6,
    graceSeconds: 300,
    leaseSeconds: 8,
    retentionDays: 0,
    uploadMbps: 0,
    allowPrivateSources: false,
    logLevel: 'info',
  });
  expect(config.databaseUrl).toBeUndefined();
});

test('an empty string is the same as unset', () => {
  expect(readConfig({ PORT: '', TELEGRAM_TOKEN: '', ADMINS: '' })).toMatchObject({ port: 8080, admins: [] });
});

test('the data folder is absolute', () => {
  expect(readConfig({ DATA_DIR: 'somewhere' }).dataDir).toBe(join(process.cwd(), 'somewhere'));
});

test('all problems are told at once, in one plain message', () => {
  const env = {
    PORT: 'http',
    SEGMENT_SECONDS: '-1',
    ADMINS: 'telegram:1,nobody',
    LOG_LEVEL: 'loud',
    SECRET_KEY: 'short',
  };
  const message = messageOf(env);
  for (const name of Object.keys(env)) expect(message).toContain(`- ${name}: `);
  expect(message).toContain('"nobody" is not like telegram:123');
});

test('admins are people in chats', () => {
  expect(readConfig({ ADMINS: 'telegram:123, discord:456' }).admins).toEqual([
    { kind: 'telegram', userId: '123' },
    { kind: 'discord', userId: '456' },
  ]);
});

test('a secret may come from a file; a file that is not there is a problem', () => {
  const dir = mkdtempSync(join(tmpdir(), 'aircheck-config-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'token');
  writeFileSync(path, '  123:abc\n');
  expect(readConfig({ TELEGRAM_TOKEN_FILE: path }).telegramToken).toBe('123:abc');
  expect(() => readConfig({ TELEGRAM_TOKEN_FILE: `${path}-gone` })).toThrow('TELEGRAM_TOKEN_FILE');
});

test('a message never quotes a secret', () => {
  const message = messageOf({ DATABASE_URL: 'postgres://user:hunter2@host/db', PORT: 'x' });
  expect(message).toContain('PORT');
  expect(message).not.toContain('hunter2');
});
