import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Platform, StreamRef } from '../../src/core/ports.ts';
import { type Accounts, findAccounts } from '../../src/monitor/platforms/twitch/accounts.ts';
import { checkLive } from '../../src/monitor/platforms/twitch/check.ts';
import { openHelix } from '../../src/monitor/platforms/twitch/helix.ts';
import { createTwitchPlatform } from '../../src/monitor/platforms/twitch/twitch.ts';
import { startTwitch, type TwitchFault, type TwitchServer } from '../support/twitch/server.ts';
import { programs, refs, signal } from './twitch-setup.ts';

let twitch: TwitchServer;

beforeAll(async () => {
  twitch = await startTwitch();
  twitch.add('alice', 'bob', 'carol');
});
afterAll(() => twitch.close());
beforeEach(() => {
  twitch.mend();
  twitch.forget();
});

const open = ({ app }: TwitchServer): Platform => createTwitchPlatform({ programs, allowPrivate: false, ...app });
const statesOf = async (platform: Platform, streams: StreamRef[]) =>
  (await platform.check(streams, signal)).map(({ state, reason }) => (reason ? `${state} ${reason}` : state));

test('an outage of Twitch is never taken for the end of a broadcast', async () => {
  const outages: [TwitchFault, string][] = [
    [{ kind: 'status', status: 503, times: 99 }, 'http_error'],
    [{ kind: 'badJson', times: 99 }, 'answer_unclear'],
    [{ kind: 'reset', times: 99 }, 'connection_lost'],
    [{ kind: 'status', status: 500, times: 99, path: '/oauth2/token' }, 'http_error'],
    [{ kind: 'badJson', times: 99, path: '/oauth2/token' }, 'answer_unclear'],
  ];
  const ask = async ([fault, reason]: [TwitchFault, string]) => {
    const server = await startTwitch();
    server.add('alice');
    server.goLive('alice');
    const platform = open(server);
    server.fault(fault);
    expect(await statesOf(platform, refs(['alice']))).toEqual([`unknown ${reason}`]);
    server.mend();
    expect(await statesOf(platform, refs(['alice']))).toEqual(['live']);
    await server.close();
  };
  await Promise.all(outages.map(ask));
});

test('one failure in passing is not even told', async () => {
  const platform = open(twitch);
  twitch.goLive('bob');
  await platform.check(refs(['bob']), signal);
  twitch.fault({ kind: 'status', status: 500, path: '/helix/streams' });
  expect(await statesOf(platform, refs(['bob']))).toEqual(['live']);
  twitch.fault({ kind: 'reset', path: '/helix/streams' });
  expect(await statesOf(platform, refs(['bob']))).toEqual(['live']);
});

test('how long to wait is read by the clock of Twitch, whatever ours says', async () => {
  const hours = (count: number) => new Date(Date.now() + count * 3_600_000);
  const ask = async (count: number) => {
    const server = await startTwitch();
    server.add('alice');
    const [date, reset] = [hours(count).toUTCString(), String(Math.ceil(hours(count).getTime() / 1000))];
    const headers = { Date: date, 'Ratelimit-Reset': reset };
    server.fault({ kind: 'status', status: 429, path: '/helix/users', headers });
    expect(await statesOf(open(server), refs(['alice']))).toEqual(['offline']);
    expect(server.callsOf('/helix/users').map(({ status }) => status)).toEqual([429, 200]);
    await server.close();
  };
  await Promise.all([ask(1), ask(-1)]);
});

test('a token that Twitch refuses at once is told, and asked for once per check', async () => {
  const platform = open(twitch);
  twitch.fault({ kind: 'status', status: 401, path: '/helix/users', times: 2 });
  expect(await statesOf(platform, refs(['alice']))).toEqual(['unknown twitch_token_refused']);
  expect(twitch.callsOf('/oauth2/token').length).toBe(2);
});

test('a token near its end is not used any more', async () => {
  const server = await startTwitch({ expiresInSeconds: 30 });
  server.add('alice');
  const platform = open(server);
  await platform.check(refs(['alice']), signal);
  server.forget();
  expect(await statesOf(platform, refs(['alice']))).toEqual(['offline']);
  expect(server.calls.map(({ path, status }) => `${path} ${status}`)).toEqual([
    '/oauth2/token 200',
    '/helix/streams 200',
  ]);
  await server.close();
});

test('whoever ends a check while Twitch is silent need not wait for it', async () => {
  const platform = open(twitch);
  await platform.check(refs(['alice']), signal);
  twitch.fault({ kind: 'silence', path: '/helix/streams' });
  const stopping = new AbortController();
  const checked = platform.check(refs(['alice']), stopping.signal);
  twitch.onCall('/helix/streams', () => stopping.abort(new Error('stopping')));
  await expect(checked).rejects.toThrow('stopping');
});

test('a login nobody has spoils nothing, and is not asked about at each check', async () => {
  twitch.goLive('bob');
  const platform = open(twitch);
  const streams = refs(['alice', 'nobody_here', 'bob']);
  expect(await statesOf(platform, streams)).toEqual(['offline', 'unknown channel_unknown', 'live']);
  twitch.forget();
  expect(await statesOf(platform, streams)).toEqual(['offline', 'unknown channel_unknown', 'live']);
  expect(twitch.calls.map(({ path }) => path)).toEqual(['/helix/streams']);
});

test('a login that Twitch calls malformed spoils nothing either', async () => {
  const platform = open(twitch);
  const states = await statesOf(platform, refs(['alice', '_bad', 'carol', '_worse']));
  expect(states).toEqual(['offline', 'unknown channel_unknown', 'offline', 'unknown channel_unknown']);
});

test('only what is unknown to Twitch: no call for streams', async () => {
  expect(await statesOf(open(twitch), refs(['nobody_here']))).toEqual(['unknown channel_unknown']);
  expect(twitch.callsOf('/helix/streams')).toEqual([]);
});

test('a channel stays itself by its id: under another name it is told, and whoever takes the old one is not recorded', async () => {
  const server = await startTwitch();
  server.add('dora');
  const platform = open(server);
  await platform.check(refs(['dora']), signal);
  server.change('dora', { login: 'dora_renamed' });
  server.goLive('dora_renamed');
  expect(await statesOf(platform, refs(['dora']))).toEqual(['unknown channel_renamed']);
  server.goOffline('dora_renamed');
  server.add('dora');
  server.goLive('dora');
  expect(await statesOf(platform, refs(['dora']))).toEqual(['offline']);
  await server.close();
});

test('accounts are looked at anew after hours: what was renamed, closed or came back shows though nobody is live', async () => {
  const server = await startTwitch();
  server.add('erin', 'fred', 'gina');
  const helix = openHelix(server.app);
  const known: Accounts = new Map();
  const streams = refs(['erin', 'fred', 'gina']);
  await helix(signal, (api) => findAccounts(api, streams, known));
  const makeOld = () => {
    for (const account of known.values()) account.askedMs -= 7 * 3_600_000;
  };
  const look = async () =>
    (await checkLive(streams, { helix, accounts: known, signal })).map(({ reason }) => reason ?? 'fine');
  server.change('fred', { login: 'fred_renamed' });
  server.change('gina', { isClosed: true });
  expect(await look()).toEqual(['fine', 'fine', 'fine']);
  makeOld();
  expect(await look()).toEqual(['fine', 'channel_renamed', 'channel_unknown']);
  server.change('gina', { isClosed: false });
  makeOld();
  expect(await look()).toEqual(['fine', 'channel_renamed', 'fine']);
  await server.close();
});
