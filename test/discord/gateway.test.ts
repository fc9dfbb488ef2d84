import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { setup } from './gateway-setup.ts';

test('hello comes first, a heartbeat is acknowledged, also before IDENTIFY', async () => {
  const { connect } = await setup();
  const client = await connect();
  expect(await client.next(({ op }) => op === 10, 'hello')).toEqual({ op: 10, d: { heartbeat_interval: 41_250 } });
  client.send(1, null);
  expect(await client.next(({ op }) => op === 11, 'ack')).toEqual({ op: 11 });
});

test('READY names the guilds as unavailable, then each of them comes', async () => {
  const { connect, gateway, guildIds } = await setup();
  const client = await connect();
  client.identify();
  const ready = await client.event('READY');
  expect(ready.s).toBe(1);
  expect(ready.d).toMatchObject({
    v: 10,
    guilds: guildIds.map((id) => ({ id, unavailable: true })),
    user: { username: 'aircheck', bot: true },
    resume_gateway_url: `${gateway.url()}/resume`,
    application: { id: '1000000000000000001' },
    shard: [0, 1],
  });
  const guilds = [await client.event('GUILD_CREATE'), await client.event('GUILD_CREATE')];
  expect(guilds.map(({ s, d }) => [s, d['id']])).toEqual([
    [2, guildIds[0]],
    [3, guildIds[1]],
  ]);
  // Without GUILD_MEMBERS and GUILD_PRESENCES a bot sees itself only.
  expect(guilds[0]?.d).toMatchObject({ members: [{ user: { username: 'aircheck' } }], presences: [] });
});

test('a guild belongs to one shard, what is in no guild to the first', async () => {
  const { connect, emit, guildIds } = await setup({ identifyEveryMs: 0 });
  const clients = [await connect(), await connect()];
  const of = (id: string) => Number((BigInt(id) >> 22n) % 2n);
  for (const [index, client] of clients.entries()) {
    client.identify({ shard: [index, 2] });
    const ready = await client.event('READY');
    expect(ready.d['guilds']).toEqual(
      guildIds.filter((id) => of(id) === index).map((id) => ({ id, unavailable: true })),
    );
  }
  emit(null, 'INTERACTION_CREATE', { id: 'direct' });
  for (const [index, id] of ['8388608', '4194304'].entries()) emit(id, 'INTERACTION_CREATE', { id: String(index) });
  const ids = await Promise.all(clients.map(async (client) => (await client.event('INTERACTION_CREATE')).d['id']));
  expect(ids).toEqual(['direct', '1']);
});

const refused: [string, Record<string, unknown>, number][] = [
  ['a wrong token', { token: 'wrong' }, 4004],
  ['no properties', { properties: undefined }, 4002],
  ['no intents', { intents: undefined }, 4013],
  ['intents that do not exist', { intents: 2 ** 40 }, 4013],
  ['an intent between the known ones', { intents: 1 << 18 }, 4013],
  ['intents that were not granted', { intents: 1 | (1 << 15) }, 4014],
  ['a shard beyond the count', { shard: [1, 1] }, 4010],
];

test.each(refused)('IDENTIFY with %s is refused', async (_, fields, code) => {
  const { connect, gateway } = await setup();
  const client = await connect();
  client.identify(fields);
  expect(await client.closed).toBe(code);
  expect(gateway.sessions()).toEqual([]);
});

test('a granted intent is taken', async () => {
  const { connect } = await setup({ grantedIntents: 1 << 15 });
  const client = await connect();
  client.identify({ intents: 1 | (1 << 15) });
  await client.event('READY');
});

test('what comes before IDENTIFY, or twice, is refused', async () => {
  const { connect } = await setup();
  const early = await connect();
  early.send(3, { since: null, activities: [], status: 'online', afk: false });
  expect(await early.closed).toBe(4003);
  const twice = await connect();
  twice.identify();
  twice.identify();
  expect(await twice.closed).toBe(4005);
});

test('two IDENTIFYs in a short time: the second is an invalid session', async () => {
  const { connect, gateway } = await setup({ identifyEveryMs: 60_000 });
  const first = await connect();
  first.identify();
  await first.event('READY');
  const second = await connect();
  second.identify();
  expect(await second.next(({ op }) => op === 9, 'invalid session')).toEqual({ op: 9, d: false });
  expect(gateway.sessionStartLimit()).toEqual({ total: 1000, remaining: 999, reset_after: 0, max_concurrency: 1 });
});

const unreadable: [string, string | Buffer, number][] = [
  ['no JSON', '{', 4002],
  ['a list', '[]', 4002],
  ['binary', Buffer.from('{"op":1,"d":null}'), 4002],
  ['more than 4096 bytes', JSON.stringify({ op: 1, d: 'x'.repeat(4096) }), 4002],
  ['an operation that is not the client’s', '{"op":10,"d":null}', 4001],
  ['a heartbeat without a number', '{"op":1,"d":"seven"}', 4002],
  ['a RESUME without a session', '{"op":6,"d":{"token":"a","seq":1}}', 4002],
];

test.each(unreadable)('%s closes the connection', async (_, text, code) => {
  const { connect } = await setup();
  const client = await connect();
  client.sendText(text);
  expect(await client.closed).toBe(code);
});

test('4096 bytes are not too long', async () => {
  const { connect } = await setup();
  const client = await connect();
  const text = JSON.stringify({ op: 1, d: null, pad: '' });
  client.sendText(text.replace('"pad":""', `"pad":"${'x'.repeat(4096 - text.length)}"`));
  await client.next(({ op }) => op === 11, 'ack');
});

test('the 121st payload within a minute closes the connection', async () => {
  const { connect } = await setup();
  const client = await connect();
  for (let count = 0; count < 120; count++) client.send(1, null);
  await waitFor(() => client.payloads.filter(({ op }) => op === 11).length === 120, { everyMs: 5 });
  client.send(1, null);
  expect(await client.closed).toBe(4008);
});

test('a client that sends no heartbeat is closed, and may resume', async () => {
  const { connect, gateway } = await setup({ heartbeatIntervalMs: 50, heartbeatGraceMs: 50 });
  const client = await connect();
  client.identify();
  const code = await client.closed;
  // On a busy machine the time may be over before there is a session.
  expect([code, gateway.sessions().length]).toEqual([4009, client.names().includes('READY') ? 1 : 0]);
});

test('a heartbeat can be asked for', async () => {
  const { connect, gateway } = await setup();
  const client = await connect();
  client.identify();
  await client.event('READY');
  gateway.beat();
  expect(await client.next(({ op }) => op === 1, 'heartbeat request')).toEqual({ op: 1, d: null });
});

test('a heartbeat ahead of the events is a bug of ours', async () => {
  const { connect, violations } = await setup();
  const client = await connect();
  client.identify();
  await client.event('READY');
  client.send(1, 99);
  await client.next(({ op }) => op === 11, 'ack');
  expect(violations.splice(0)).toEqual(['heartbeat with 99, but the last event was 3']);
});

test('an old version of the API is refused, a client that wants compression gets a violation', async () => {
  const { connect, violations } = await setup();
  expect(await (await connect({ query: 'v=6&encoding=json' })).closed).toBe(4012);
  await (await connect({ query: 'v=10&encoding=json&compress=zlib-stream' })).next(({ op }) => op === 10, 'hello');
  expect(violations.splice(0)).toEqual(['the gateway of the test server speaks uncompressed JSON only']);
});

test('other paths are no gateway, and a gateway that is down refuses', async () => {
  const { connect, gateway } = await setup();
  await expect(connect({ url: `${gateway.url()}/api` })).rejects.toThrow('404');
  gateway.down();
  await expect(connect()).rejects.toThrow('503');
  gateway.up();
  await (await connect()).next(({ op }) => op === 10, 'hello');
});
