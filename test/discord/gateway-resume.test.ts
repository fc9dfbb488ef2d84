import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.ts';
import { type Client, type Setup, setup } from './gateway-setup.ts';

const isInvalid = ({ op }: { op: number }) => op === 9;

/** A client with a session; the two guilds have come. */
async function begun(discord: Setup): Promise<{ client: Client; sessionId: string }> {
  const client = await discord.connect();
  client.identify();
  const ready = await client.event('READY');
  await client.event('GUILD_CREATE');
  await client.event('GUILD_CREATE');
  return { client, sessionId: String(ready.d['session_id']) };
}

async function resumed(discord: Setup, sessionId: string, seq: number): Promise<Client> {
  const client = await discord.connect({ url: `${discord.gateway.url()}/resume` });
  client.send(6, { token: discord.token, session_id: sessionId, seq });
  return client;
}

/** Names and numbers of what came. */
const events = (client: Client) => client.payloads.flatMap(({ t, s }) => (t ? [[t, s]] : []));

test('a RESUME brings what was missed, in order and with its numbers, then RESUMED', async () => {
  const discord = await setup();
  const { client, sessionId } = await begun(discord);
  discord.gateway.drop();
  expect(await client.closed).toBe(1006);
  discord.emit(null, 'INTERACTION_CREATE', { id: '1' });
  discord.emit(discord.guildIds[0] ?? '', 'GUILD_UPDATE', { id: '2' });
  const next = await resumed(discord, sessionId, 2);
  await next.event('RESUMED');
  expect(events(next)).toEqual([
    ['GUILD_CREATE', 3],
    ['INTERACTION_CREATE', 4],
    ['GUILD_UPDATE', 5],
    ['RESUMED', 6],
  ]);
  discord.emit(null, 'INTERACTION_CREATE', { id: '3' });
  expect(await next.event('INTERACTION_CREATE')).toMatchObject({ s: 7, d: { id: '3' } });
});

test('events keep what they were when they happened', async () => {
  const discord = await setup();
  const { sessionId } = await begun(discord);
  discord.gateway.drop();
  const guild = { id: '1', name: 'before' };
  discord.emit('1', 'GUILD_UPDATE', guild);
  guild.name = 'after';
  expect(await (await resumed(discord, sessionId, 3)).event('GUILD_UPDATE')).toMatchObject({ d: { name: 'before' } });
});

test('a goodbye with 1000 ends the session, another code does not', async () => {
  const discord = await setup({ identifyEveryMs: 0 });
  const { client, sessionId } = await begun(discord);
  await client.close(4200);
  const next = await resumed(discord, sessionId, 3);
  await next.event('RESUMED');
  await next.close(1000);
  await waitFor(() => discord.gateway.sessions().length === 0, { everyMs: 5 });
  expect(await (await resumed(discord, sessionId, 4)).next(isInvalid, 'invalid session')).toEqual({ op: 9, d: false });
});

test('an unknown session is invalid, and the socket may identify', async () => {
  const discord = await setup();
  const client = await resumed(discord, 'never was', 1);
  await client.next(isInvalid, 'invalid session');
  client.identify();
  await client.event('READY');
  expect(discord.violations.splice(0)).toEqual(['IDENTIFY on resume_gateway_url']);
});

test('a RESUME with a wrong token, or ahead of the events, is refused', async () => {
  const discord = await setup();
  const { sessionId } = await begun(discord);
  const stranger = await discord.connect({ url: `${discord.gateway.url()}/resume` });
  stranger.send(6, { token: 'wrong', session_id: sessionId, seq: 1 });
  expect(await stranger.closed).toBe(4004);
  expect(await (await resumed(discord, sessionId, 99)).closed).toBe(4007);
  expect(discord.gateway.sessions()).toEqual([]);
});

test('a RESUME elsewhere than on resume_gateway_url is a bug of ours', async () => {
  const discord = await setup();
  const { sessionId } = await begun(discord);
  const client = await discord.connect();
  client.send(6, { token: discord.token, session_id: sessionId, seq: 3 });
  await client.event('RESUMED');
  expect(discord.violations.splice(0)).toEqual(['RESUME elsewhere than on resume_gateway_url']);
});

test('a RESUME takes the session from the socket that has it', async () => {
  const discord = await setup();
  const { client, sessionId } = await begun(discord);
  const next = await resumed(discord, sessionId, 3);
  await next.event('RESUMED');
  expect(await client.closed).toBe(1006);
  discord.emit(null, 'INTERACTION_CREATE', { id: '1' });
  await next.event('INTERACTION_CREATE');
  expect(discord.gateway.sessions().map(({ resumes }) => resumes)).toEqual([1]);
});

test('what is no longer kept makes the session invalid', async () => {
  const discord = await setup({ replayEvents: 2 });
  const { sessionId } = await begun(discord);
  discord.gateway.drop();
  for (const id of ['1', '2', '3']) discord.emit(null, 'INTERACTION_CREATE', { id });
  await (await resumed(discord, sessionId, 3)).next(isInvalid, 'invalid session');
});

test('a session that nobody resumes is forgotten', async () => {
  const discord = await setup({ resumeWindowMs: 20 });
  const { sessionId } = await begun(discord);
  discord.gateway.drop();
  await waitFor(() => discord.gateway.sessions().length === 0, { everyMs: 5 });
  await (await resumed(discord, sessionId, 3)).next(isInvalid, 'invalid session');
});

test('two sessions of one application get every event', async () => {
  const discord = await setup({ identifyEveryMs: 0 });
  const clients = [await begun(discord), await begun(discord)];
  discord.emit(null, 'INTERACTION_CREATE', { id: '1' });
  for (const { client } of clients) await client.event('INTERACTION_CREATE');
});

test('orders to all: reconnect, invalidate', async () => {
  const discord = await setup({ identifyEveryMs: 0 });
  const { client } = await begun(discord);
  discord.gateway.reconnect();
  expect(await client.next(({ op }) => op === 7, 'reconnect')).toEqual({ op: 7, d: null });
  discord.gateway.invalidate();
  expect(await client.next(isInvalid, 'invalid session')).toEqual({ op: 9, d: false });
  expect(discord.gateway.sessions()).toEqual([]);
  client.identify();
  await client.event('READY');
});

test('a client without its session may only begin anew', async () => {
  const discord = await setup();
  const { client } = await begun(discord);
  discord.gateway.invalidate();
  client.send(3, {});
  expect(await client.closed).toBe(4003);
});

test('received payloads are noted without tokens', async () => {
  const discord = await setup();
  const { client, sessionId } = await begun(discord);
  client.send(1, 3);
  await client.next(({ op }) => op === 11, 'ack');
  expect(discord.gateway.received).toMatchObject([
    { op: 2, d: { intents: 1 } },
    { op: 1, d: 3, sessionId },
  ]);
  expect(JSON.stringify(discord.gateway.received)).not.toContain(discord.token);
});
