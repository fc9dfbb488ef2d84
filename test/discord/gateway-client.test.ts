import { Client, Events, GatewayIntentBits, InteractionType } from 'discord.js';
import { expect, onTestFinished, test } from 'vitest';
import type { GatewayOptions } from '../support/discord/gateway-types.ts';
import { waitFor } from '../support/wait.ts';
import { type Setup, setup } from './gateway-setup.ts';

type Begun = Setup & {
  client: Client;
  /** Ids of the interactions that discord.js gave. */
  heard: string[];
  use(id: string): void;
  operations(op: number): unknown[];
};

/** The real client, logged in and ready. */
async function login(options: GatewayOptions = {}): Promise<Begun> {
  const discord = await setup(options);
  // Between two IDENTIFYs discord.js waits five seconds.
  const ws = { buildIdentifyThrottler: async () => ({ waitForIdentify: async () => undefined }) };
  const client = new Client({ intents: [GatewayIntentBits.Guilds], rest: { api: discord.root }, ws });
  onTestFinished(() => client.destroy());
  const heard: string[] = [];
  client.on(Events.InteractionCreate, ({ id }) => void heard.push(id));
  client.on(Events.Error, () => undefined);
  const isReady = new Promise((done) => client.once(Events.ClientReady, done));
  await client.login(discord.token);
  await isReady;
  return {
    ...discord,
    client,
    heard,
    use: (id) => discord.emit(null, 'INTERACTION_CREATE', command(id)),
    operations: (op) => discord.gateway.received.filter((payload) => payload.op === op),
  };
}

/** A command in a direct message, as INTERACTION_CREATE brings it. */
function command(id: string): object {
  return {
    id,
    application_id: '1000000000000000001',
    type: InteractionType.ApplicationCommand,
    data: { id: '7', name: 'status', type: 1 },
    token: 'token',
    version: 1,
    channel: { id: '4', type: 1 },
    channel_id: '4',
    user: { id: '3', username: 'ann', discriminator: '0', global_name: null, avatar: null },
    app_permissions: '0',
    locale: 'en-US',
    entitlements: [],
    attachment_size_limit: 20_971_520,
    authorizing_integration_owners: { 0: '0' },
    context: 1,
  };
}

test('it logs in, knows its guilds and hears an interaction', async () => {
  const { client, guildIds, use, heard } = await login();
  expect([...client.guilds.cache.keys()]).toEqual(guildIds);
  let limit = 0;
  client.on(Events.InteractionCreate, (interaction) => {
    limit = interaction.attachmentSizeLimit;
  });
  use('11');
  await waitFor(() => heard.length === 1, { everyMs: 5 });
  expect([heard, limit]).toEqual([['11'], 20_971_520]);
});

test('a guild that removes it is gone', async () => {
  const { client, emit, guildIds } = await login();
  emit(guildIds[0] ?? '', 'GUILD_DELETE', { id: guildIds[0] });
  await waitFor(() => client.guilds.cache.size === 1, { everyMs: 5 });
});

test('it resumes after a cut, and hears what came in between', async () => {
  const { gateway, use, heard, operations } = await login();
  gateway.fault({ kind: 'dropBefore', event: 'INTERACTION_CREATE' });
  use('11');
  use('12');
  await waitFor(() => heard.length === 2, { everyMs: 5 });
  expect([heard, operations(2).length, operations(6).length]).toEqual([['11', '12'], 1, 1]);
});

test('it hears an interaction once that came before the cut', async () => {
  const { gateway, use, heard, operations } = await login();
  gateway.fault({ kind: 'dropAfter', event: 'INTERACTION_CREATE' });
  use('11');
  await waitFor(() => operations(6).length === 1, { everyMs: 5 });
  use('12');
  await waitFor(() => heard.length === 2, { everyMs: 5 });
  expect(heard).toEqual(['11', '12']);
});

test('a duplicate comes through: it is ours to notice', async () => {
  const { gateway, use, heard } = await login();
  gateway.fault({ kind: 'duplicate', event: 'INTERACTION_CREATE' });
  use('11');
  await waitFor(() => heard.length === 2, { everyMs: 5 });
  expect(heard).toEqual(['11', '11']);
});

test('asked to reconnect it resumes', async () => {
  const { gateway, use, heard, operations } = await login();
  gateway.reconnect();
  await waitFor(() => operations(6).length === 1, { everyMs: 5 });
  use('11');
  await waitFor(() => heard.length === 1, { everyMs: 5 });
});

test('it leaves a zombie by itself and loses nothing', async () => {
  const { gateway, use, heard, operations } = await login({ heartbeatIntervalMs: 100 });
  gateway.fault({ kind: 'zombie', event: 'INTERACTION_CREATE' });
  use('11');
  await waitFor(() => heard.length === 1, { everyMs: 5 });
  // On a busy machine more than one acknowledgement may come too late.
  expect(operations(6)).not.toHaveLength(0);
});

test('with an invalid session it identifies anew', async () => {
  const { gateway, client, operations, use, heard } = await login({ identifyEveryMs: 0 });
  gateway.invalidate();
  await waitFor(() => operations(2).length === 2 && client.isReady() && gateway.sessions().length === 1, {
    everyMs: 5,
  });
  use('11');
  await waitFor(() => heard.length === 1, { everyMs: 5 });
});

test('it comes back when the gateway does', async () => {
  const { gateway, client, use, heard } = await login();
  const refused = new Promise((done) => client.once(Events.ShardError, done));
  gateway.down();
  use('11');
  expect(String(await refused)).toContain('503');
  gateway.up();
  await waitFor(() => heard.length === 1, { everyMs: 5 });
});

test('a wrong token is refused', async () => {
  const { root } = await setup();
  const client = new Client({ intents: [GatewayIntentBits.Guilds], rest: { api: root } });
  onTestFinished(() => client.destroy());
  await expect(client.login('wrong')).rejects.toThrow();
});
