import { expect, test } from 'vitest';
import type { GatewayFaultSpec } from '../support/discord/gateway-faults.ts';
import { waitFor } from '../support/wait.ts';
import { type Client, type Setup, setup } from './gateway-setup.ts';

type Begun = Setup & { client: Client; sessionId: string };

/** A client with a session, and a fault on the next interaction. */
async function begun(kind: Exclude<GatewayFaultSpec['kind'], 'run'>): Promise<Begun> {
  const discord = await setup();
  const client = await discord.connect();
  client.identify();
  const ready = await client.event('READY');
  await client.event('GUILD_CREATE');
  await client.event('GUILD_CREATE');
  discord.gateway.fault({ kind, event: 'INTERACTION_CREATE' });
  return { ...discord, client, sessionId: String(ready.d['session_id']) };
}

/** Ids of the interactions that came. */
const interactions = (client: Client) =>
  client.payloads.flatMap(({ t, d }) => (t === 'INTERACTION_CREATE' ? [d['id']] : []));

async function resume({ connect, gateway, token, sessionId }: Begun, seq: number): Promise<Client> {
  const client = await connect({ url: `${gateway.url()}/resume` });
  client.send(6, { token, session_id: sessionId, seq });
  await client.event('RESUMED');
  return client;
}

test('dropBefore: the interaction comes with the RESUME only', async () => {
  const discord = await begun('dropBefore');
  discord.emit(null, 'INTERACTION_CREATE', { id: '1' });
  expect(await discord.client.closed).toBe(1006);
  expect(interactions(discord.client)).toEqual([]);
  expect(interactions(await resume(discord, 3))).toEqual(['1']);
});

test('dropAfter: the interaction came, and comes again to a client that did not count it', async () => {
  const discord = await begun('dropAfter');
  discord.emit(null, 'INTERACTION_CREATE', { id: '1' });
  discord.emit(null, 'INTERACTION_CREATE', { id: '2' });
  expect(await discord.client.closed).toBe(1006);
  expect(interactions(discord.client)).toEqual(['1']);
  expect(interactions(await resume(discord, 4))).toEqual(['2']);
  expect(interactions(await resume(discord, 3))).toEqual(['1', '2']);
});

test('duplicate: twice, with two numbers', async () => {
  const { client, emit } = await begun('duplicate');
  emit(null, 'INTERACTION_CREATE', { id: '1' });
  const [first, second] = [await client.event('INTERACTION_CREATE'), await client.event('INTERACTION_CREATE')];
  expect([first.s, second.s, second.d]).toEqual([4, 5, first.d]);
});

test('lose: it never comes', async () => {
  const discord = await begun('lose');
  discord.emit(null, 'INTERACTION_CREATE', { id: '1' });
  discord.emit(null, 'INTERACTION_CREATE', { id: '2' });
  expect((await discord.client.event('INTERACTION_CREATE')).s).toBe(5);
  expect(interactions(await resume(discord, 3))).toEqual(['2']);
});

test('reconnect: the request follows the event', async () => {
  const { client, emit } = await begun('reconnect');
  emit(null, 'INTERACTION_CREATE', { id: '1' });
  await client.event('INTERACTION_CREATE');
  await client.next(({ op }) => op === 7, 'reconnect');
});

test('zombie: the socket is open, and nothing comes of it', async () => {
  const discord = await begun('zombie');
  discord.emit(null, 'INTERACTION_CREATE', { id: '1' });
  discord.client.send(1, 3);
  const next = await resume(discord, 3);
  expect(interactions(next)).toEqual(['1']);
  expect([interactions(discord.client), discord.client.payloads.at(-1)?.t]).toEqual([[], 'GUILD_CREATE']);
});

test('invalidate: the session ends after the event', async () => {
  const { client, emit, gateway } = await begun('invalidate');
  emit(null, 'INTERACTION_CREATE', { id: '1' });
  await client.event('INTERACTION_CREATE');
  await client.next(({ op }) => op === 9, 'invalid session');
  expect(gateway.sessions()).toEqual([]);
});

test('run goes with another fault; times and after are counted', async () => {
  const { client, emit, gateway } = await begun('duplicate');
  const seen: number[] = [];
  const run = gateway.fault({
    kind: 'run',
    event: /^INTERACTION/,
    times: 2,
    after: 1,
    fn: () => void seen.push(seen.length),
  });
  for (const id of ['1', '2', '3', '4']) emit(null, 'INTERACTION_CREATE', { id });
  await waitFor(() => interactions(client).length === 5, { everyMs: 5 });
  expect([seen, run.hits, interactions(client)]).toEqual([[0, 1], 2, ['1', '1', '2', '3', '4']]);
});

test('silence: sockets are zombies until they connect anew', async () => {
  const discord = await begun('duplicate');
  discord.gateway.silence();
  discord.emit(null, 'INTERACTION_CREATE', { id: '1' });
  expect(interactions(await resume(discord, 3))).toEqual(['1', '1']);
});
