import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCookieFile } from '../../src/core/cookies.ts';
import { cookies, inbox } from '../../src/db/schema.ts';
import { type DiscordApp, startDiscordApp } from '../support/discord-app.ts';

const secret = 'c00kie-value-that-nobody-sees';
let d: DiscordApp;
beforeAll(async () => {
  d = await startDiscordApp({ env: { SECRET_KEY: 'ab'.repeat(32) } });
});
afterAll(async () => {
  await d.close();
  expect(d.discord.violations).toEqual([]);
});

const bring = (text: string, more: Parameters<DiscordApp['say']>[2] = {}) =>
  d.say('cookies', {}, { files: { file: { fileName: 'cookies.txt', bytes: Buffer.from(text) } }, ...more });
const line = ['.youtube.com', 'TRUE', '/', 'TRUE', '0', 'SID', secret].join('\t');

test('/cookies with a file: only for those who run it, seen by nobody else, kept by site, and its address is forgotten', async () => {
  const refused = await bring(line);
  expect(refused).toMatchObject({ isEphemeral: true });
  expect(refused.message.content).toContain('ADMINS');
  expect(await d.t.app.db.select().from(cookies)).toEqual([]);
  d.t.app.config.admins.push({ kind: 'discord', userId: d.owner.id });
  const kept = await bring(`${line}\nnot a cookie`);
  expect(kept.isEphemeral).toBe(true);
  expect(kept.message.content).toContain('youtube.com: 1 cookie, without an end');
  expect(kept.message.content).toContain('left out: line 2');
  const read = readCookieFile((await d.t.app.cookies('https://www.youtube.com/')) ?? '').cookies;
  expect(read).toMatchObject([{ name: 'SID', value: secret }]);
  const tooBig = await bring('x'.repeat(1_000_001));
  expect(tooBig.message.content).toContain('at most 1000 kB');
  const inDirect = await bring('nothing', { channel: d.world.direct(d.owner) });
  expect(inDirect.message.content).toContain('no Netscape cookie file');
  expect((await d.say('cookies')).isEphemeral).toBe(true);
  expect(d.world.messages(d.home)).toEqual([]);
  const stored = JSON.stringify(await d.t.app.db.select().from(inbox));
  expect(stored).toContain('cookies');
  expect(stored).not.toContain('ephemeral-attachments');
  expect(stored).not.toContain(secret);
});
