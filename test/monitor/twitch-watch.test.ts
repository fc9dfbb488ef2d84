import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { checks, sessions, streams } from '../../src/db/schema.ts';
import { checkTwitch } from '../../src/doctor.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startTwitch, type TwitchServer } from '../support/twitch/server.ts';
import { waitFor } from '../support/wait.ts';

let twitch: TwitchServer;
let running: TestApp;
beforeAll(async () => {
  twitch = await startTwitch();
  twitch.add('alice', 'bob');
  running = await startTestApp(twitch.env, ['bots', 'monitor']);
});
afterAll(async () => {
  await running.close();
  await twitch.close();
});

const streamOf = async (channel: string) => {
  const [row] = await running.app.db.select().from(streams).where(eq(streams.channel, channel));
  return row;
};

test('/watch takes any address of a channel, and a broadcast opens its Session with all that Twitch tells', async () => {
  const startedAt = new Date('2026-11-21T10:00:00Z');
  twitch.goLive('alice', { title: 'Первый эфир', category: 'Chess', broadcastId: '4711', startedAt });
  const { text } = await running.say('/watch m.twitch.tv/Alice/videos');
  expect(text).not.toContain('TWITCH_CLIENT_ID');
  const session = await waitFor(async () => (await running.app.db.select().from(sessions))[0], { what: 'a Session' });
  expect(session).toMatchObject({ broadcastId: '4711', title: 'Первый эфир', category: 'Chess', startedAt });
  expect(await streamOf('alice')).toMatchObject({
    ...{ platform: 'twitch', url: 'https://www.twitch.tv/alice', platformId: twitch.find('alice').id },
  });
});

test('a channel that does not exist is told by its checks', async () => {
  await running.say('/watch https://www.twitch.tv/bobb');
  const check = await waitFor(async () => {
    const stream = await streamOf('bobb');
    return stream && (await running.app.db.select().from(checks).where(eq(checks.streamId, stream.id)))[0];
  });
  expect(check).toMatchObject({ state: 'unknown', reason: 'channel_unknown' });
});

test('without an application /watch says that it is slower, and what to set', async () => {
  const slow = await startTestApp({}, ['bots']);
  const { text } = await slow.say('/watch twitch.tv/alice');
  await slow.close();
  expect(text).toContain('every 2 minutes');
  expect(text).toContain('TWITCH_CLIENT_SECRET');
});

test('the doctor asks Twitch, and names the variable that is wrong or missing', async () => {
  const look = (env: Record<string, string>) => checkTwitch(readConfig({ ...running.env, ...env }));
  expect(await look({})).toMatchObject({ state: 'ok', detail: 'the API answers' });
  await expect(look({ TWITCH_CLIENT_SECRET: 'guess' })).rejects.toMatchObject({ code: 'twitch_client_secret' });
  const missing = { state: 'fault', detail: expect.stringContaining('TWITCH_CLIENT_SECRET') };
  expect(await look({ TWITCH_CLIENT_SECRET: '' })).toMatchObject(missing);
  expect(await look({ TWITCH_CLIENT_ID: '', TWITCH_CLIENT_SECRET: '' })).toMatchObject({ state: 'ok' });
  twitch.fault({ kind: 'status', status: 503, path: '/helix/streams', times: 99 });
  expect(await look({})).toMatchObject({ state: 'warning' });
  twitch.mend();
});
