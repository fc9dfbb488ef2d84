import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Platform, StreamRef } from '../../src/core/ports.ts';
import { codeSentence } from '../../src/core/text/text.ts';
import { createTwitchPlatform } from '../../src/monitor/platforms/twitch/twitch.ts';
import { startTwitch, type TwitchServer } from '../support/twitch/server.ts';
import { programs, refs, signal } from './twitch-setup.ts';

let twitch: TwitchServer;
const logins = Array.from({ length: 150 }, (_, at) => `streamer_${at}`);

beforeAll(async () => {
  twitch = await startTwitch();
  twitch.add(...logins);
});
afterAll(() => twitch.close());
beforeEach(() => {
  twitch.mend();
  twitch.forget();
  twitch.drain(-1000);
  for (const login of logins) twitch.goOffline(login);
});

const open = (app: Partial<TwitchServer['app']> = {}): Platform =>
  createTwitchPlatform({ programs, allowPrivate: false, ...twitch.app, ...app });
const statesOf = async (platform: Platform, streams: StreamRef[]) =>
  (await platform.check(streams, signal)).map(({ state, reason }) => (reason ? `${state} ${reason}` : state));
const streamsCalls = () => twitch.callsOf('/helix/streams').length;

test('scenario 21: 150 Twitch channels: two batch calls, user ids cached, 429 honoured, 401 refreshes the token', async () => {
  const platform = open();
  const streams = refs(logins);
  for (const login of ['streamer_7', 'streamer_99', 'streamer_149']) twitch.goLive(login);
  const live = (states: string[]) => states.flatMap((state, at) => (state === 'live' ? [at] : []));

  const first = await platform.check(streams, signal);
  expect(first.map(({ streamId }) => streamId)).toEqual(streams.map(({ id }) => id));
  expect(live(first.map(({ state }) => state))).toEqual([7, 99, 149]);
  expect([twitch.callsOf('/helix/users').length, streamsCalls()]).toEqual([2, 2]);

  twitch.forget();
  expect(live(await statesOf(platform, streams))).toEqual([7, 99, 149]);
  expect(twitch.calls.map(({ path }) => path)).toEqual(['/helix/streams', '/helix/streams']);

  // After a restart the ids come from the rows.
  twitch.forget();
  const stored = streams.map((stream, at) => ({ ...stream, platformId: first[at]?.platformId }));
  expect(live(await statesOf(open(), stored))).toEqual([7, 99, 149]);
  expect(twitch.callsOf('/helix/users')).toEqual([]);

  twitch.forget();
  twitch.refuseTokens();
  expect(live(await statesOf(platform, streams))).toEqual([7, 99, 149]);
  expect(twitch.callsOf('/oauth2/token').length).toBe(1);
  expect(twitch.callsOf('/helix/streams').map(({ status }) => status)).toEqual([401, 200, 200]);

  twitch.forget();
  twitch.drain(1000);
  expect(live(await statesOf(platform, streams))).toEqual([7, 99, 149]);
  expect(twitch.callsOf('/helix/streams').map(({ status }) => status)).toEqual([429, 200, 200]);
});

test('a wait that outlasts a check is told, and Twitch is left alone until it is over', async () => {
  const platform = open();
  const streams = refs(logins);
  twitch.drain(50_000);
  expect(new Set(await statesOf(platform, streams))).toEqual(new Set(['unknown rate_limited']));
  expect(new Set(await statesOf(platform, streams))).toEqual(new Set(['unknown rate_limited']));
  expect(twitch.calls.filter(({ path }) => path.startsWith('/helix')).length).toBe(1);
});

test('a 429 that does not say how long is no reason to ask in a circle', async () => {
  twitch.fault({ kind: 'status', status: 429, path: '/helix/users', times: 100 });
  expect(await statesOf(open(), refs(['streamer_1']))).toEqual(['unknown rate_limited']);
  expect(twitch.callsOf('/helix/users').length).toBe(1);
});

test('all that are live are seen, though a page holds 20', async () => {
  for (const login of logins.slice(0, 60)) twitch.goLive(login);
  const states = await statesOf(open(), refs(logins.slice(0, 100)));
  expect(states.filter((state) => state === 'live').length).toBe(60);
  expect(streamsCalls()).toBe(1);
});

test('a broadcast comes with all that Twitch tells of it, in any script, and a clock in its title stays', async () => {
  twitch.change('streamer_1', { displayName: '配信者' });
  const startedAt = new Date('2026-11-21T10:00:00Z');
  const title = 'Марафон с друзьями 2026-11-21 12:00';
  twitch.goLive('streamer_1', { title, category: 'Шахматы', broadcastId: '42', startedAt });
  const [status] = await open().check(refs(['streamer_1']), signal);
  expect(status).toEqual({
    ...{ streamId: 1, state: 'live', platformId: twitch.find('streamer_1').id, broadcastId: '42' },
    ...{ title, category: 'Шахматы', startedAt },
  });
});

test('a broadcast without title and category has none', async () => {
  twitch.goLive('streamer_2', { title: '', category: '' });
  const [status] = await open().check(refs(['streamer_2']), signal);
  expect(status).toMatchObject({ state: 'live', title: undefined, category: undefined });
});

test('a wrong id or secret is said in words that name the variable, and Twitch is not asked again at once', async () => {
  for (const [wrong, code, variable] of [
    [{ clientId: 'nobody' }, 'twitch_client_id', 'TWITCH_CLIENT_ID'],
    [{ clientSecret: 'guess' }, 'twitch_client_secret', 'TWITCH_CLIENT_SECRET'],
  ] as const) {
    twitch.forget();
    const platform = open(wrong);
    expect(new Set(await statesOf(platform, refs(logins)))).toEqual(new Set([`unknown ${code}`]));
    await platform.check(refs(logins), signal);
    expect(twitch.calls.map(({ path }) => path)).toEqual(['/oauth2/token']);
    for (const language of ['en', 'ru'] as const) expect(codeSentence(language, code)).toContain(variable);
  }
});

test('many checks at once ask for one token', async () => {
  const platform = open();
  await Promise.all(logins.slice(0, 10).map((login) => platform.check(refs([login]), signal)));
  expect(twitch.callsOf('/oauth2/token').length).toBe(1);
});

test('what channels that are offline announce costs one call for a hundred', async () => {
  twitch.change('streamer_3', { title: 'Завтра в 20:00', category: 'Just Chatting' });
  const platform = open();
  await platform.check(refs(logins.slice(0, 100)), signal);
  twitch.forget();
  const statuses = await platform.checkOffline?.(refs(logins.slice(0, 100)), signal);
  expect(statuses?.[3]).toEqual({
    ...{ streamId: 4, state: 'offline', platformId: twitch.find('streamer_3').id },
    ...{ title: 'Завтра в 20:00', category: 'Just Chatting' },
  });
  expect(twitch.calls.map(({ path }) => path)).toEqual(['/helix/channels']);
});
