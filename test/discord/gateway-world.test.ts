import {
  type APIMessage,
  ApplicationCommandOptionType,
  ButtonStyle,
  ChannelType,
  type ChatInputCommandInteraction,
  Client,
  ComponentType,
  type DiscordAPIError,
  Events,
  GatewayIntentBits,
  type Interaction,
  Options,
  PermissionFlagsBits,
  Routes,
  type TextChannel,
} from 'discord.js';
import { expect, onTestFinished, test } from 'vitest';
import { type Discord, type DiscordOptions, startDiscord } from '../support/discord/server.ts';
import { waitFor } from '../support/wait.ts';

const { Guilds, GuildMessages, MessageContent } = GatewayIntentBits;

/** A Discord with a guild, a channel and ann in it. */
async function setup(options: DiscordOptions = {}) {
  const discord = await startDiscord(options);
  const { world } = discord;
  const guild = world.addGuild();
  const channel = world.addChannel(guild);
  const ann = world.addUser({ username: 'ann' });
  world.addMember(guild, ann, ['ManageMessages']);
  onTestFinished(async () => {
    await discord.close();
    expect(discord.violations).toEqual([]);
  });
  return { ...discord, guild, channel, ann };
}

/** The real client, logged in and ready, with the command /status. */
async function login({ root, token }: Discord, intents = [Guilds]): Promise<Client<true>> {
  const ws = { buildIdentifyThrottler: async () => ({ waitForIdentify: async () => undefined }) };
  const rest = { api: root, retries: 0 };
  const client = new Client({ intents, rest, ws, makeCache: Options.cacheEverything() });
  onTestFinished(() => client.destroy());
  const isReady = new Promise((done) => client.once(Events.ClientReady, done));
  await client.login(token);
  await isReady;
  const ready = client as Client<true>;
  const quality = { name: 'quality', description: 'How', type: ApplicationCommandOptionType.String as const };
  await ready.application.commands.set([
    { name: 'status', description: 'What goes on', options: [{ ...quality, autocomplete: true }] },
  ]);
  return ready;
}

const commandOf = (interaction: Interaction) => interaction as ChatInputCommandInteraction;

/** The next interaction. */
const heard = (client: Client) => new Promise<Interaction>((done) => client.once(Events.InteractionCreate, done));

const codeOf = (call: Promise<unknown>) => call.then(undefined, (error: DiscordAPIError) => error.code);

test('guilds come with their channels, and what the bot may do there', async () => {
  const discord = await setup();
  const client = await login(discord);
  const channel = client.channels.cache.get(discord.channel.id) as TextChannel;
  expect([channel.type, channel.name, channel.guild.name]).toEqual([
    ChannelType.GuildText,
    discord.channel.name,
    discord.guild.name,
  ]);
  const me = await channel.guild.members.fetchMe();
  expect(channel.permissionsFor(me).has(PermissionFlagsBits.SendMessages)).toBe(true);
  const post = await channel.send('hello');
  expect(discord.world.messages(discord.channel).map(({ id, content }) => [id, content])).toEqual([[post.id, 'hello']]);
});

test('a command arrives with all that the driver reads of it, and its answer is seen', async () => {
  const discord = await setup();
  const client = await login(discord);
  const next = heard(client);
  const used = discord.world.command(discord.ann, discord.channel, 'status', { quality: '720p' }, { locale: 'ru' });
  const interaction = commandOf(await next);
  expect(interaction.options.getString('quality')).toBe('720p');
  expect(interaction).toMatchObject({ locale: 'ru', guildId: discord.guild.id, channelId: discord.channel.id });
  expect(interaction.memberPermissions?.has(PermissionFlagsBits.ManageMessages)).toBe(true);
  expect(interaction.memberPermissions?.has(PermissionFlagsBits.ManageGuild)).toBe(false);
  expect(interaction.appPermissions.has(PermissionFlagsBits.AttachFiles)).toBe(true);
  expect(interaction.attachmentSizeLimit).toBe(discord.guild.announcedFileLimitBytes);
  await interaction.deferReply();
  expect(used.replies()).toMatchObject([{ isLoading: true }]);
  await interaction.editReply('nothing goes on');
  expect(used.replies()).toMatchObject([{ isLoading: false, message: { content: 'nothing goes on' } }]);
});

test('in a direct conversation there is no member, but a user', async () => {
  const discord = await setup();
  const client = await login(discord);
  const next = heard(client);
  discord.world.command(discord.ann, discord.world.direct(discord.ann), 'status');
  const interaction = await next;
  expect([interaction.user.username, interaction.member, interaction.guildId]).toEqual(['ann', null, null]);
});

test('an autocomplete and a button arrive', async () => {
  const discord = await setup();
  const client = await login(discord);
  const typing = heard(client);
  const used = discord.world.autocomplete(discord.ann, discord.channel, {
    name: 'status',
    focused: 'quality',
    options: { quality: '7' },
  });
  const autocomplete = await typing;
  if (!autocomplete.isAutocomplete()) throw new Error('no autocomplete');
  expect(autocomplete.options.getFocused(true)).toMatchObject({ name: 'quality', value: '7' });
  await autocomplete.respond([{ name: '720p', value: '720p' }]);
  expect(used.choices()).toEqual([{ name: '720p', value: '720p' }]);
  const button = { type: ComponentType.Button as const, style: ButtonStyle.Danger, label: 'Stop', customId: 'stop 5' };
  const channel = client.channels.cache.get(discord.channel.id) as TextChannel;
  const card = await channel.send({
    content: 'on',
    components: [{ type: ComponentType.ActionRow, components: [button] }],
  });
  const pressing = heard(client);
  discord.world.press(discord.ann, discord.channel, card.id, 'stop 5');
  const pressed = await pressing;
  if (!pressed.isButton()) throw new Error('no button');
  expect([pressed.customId, pressed.message.id]).toEqual(['stop 5', card.id]);
  await pressed.update({ content: 'off', components: [] });
  expect(discord.world.messages(discord.channel)).toMatchObject([{ content: 'off', components: [] }]);
});

test('a socket that ends in the middle of a command does not hinder its answer', async () => {
  const discord = await setup();
  const client = await login(discord);
  discord.gateway.fault({ kind: 'dropAfter', event: 'INTERACTION_CREATE' });
  const next = heard(client);
  const used = discord.world.command(discord.ann, discord.channel, 'status');
  await commandOf(await next).reply('nothing');
  expect(used.replies()).toMatchObject([{ message: { content: 'nothing' } }]);
  const after = heard(client);
  const again = discord.world.command(discord.ann, discord.channel, 'status');
  expect((await after).id).toBe(again.id);
  expect(discord.gateway.sessions()).toMatchObject([{ resumes: 1 }]);
});

test('a command that comes by a late RESUME can no longer be answered', async () => {
  const discord = await setup();
  const client = await login(discord);
  discord.gateway.fault({ kind: 'dropBefore', event: 'INTERACTION_CREATE' });
  const next = heard(client);
  discord.world.command(discord.ann, discord.channel, 'status');
  discord.world.advance(3001);
  expect(await codeOf(commandOf(await next).reply('late'))).toBe(10062);
});

test('a duplicate has the same id, and its second answer is refused', async () => {
  const discord = await setup();
  const client = await login(discord);
  discord.gateway.fault({ kind: 'duplicate', event: 'INTERACTION_CREATE' });
  const all: ChatInputCommandInteraction[] = [];
  client.on(Events.InteractionCreate, (interaction) => void all.push(commandOf(interaction)));
  const used = discord.world.command(discord.ann, discord.channel, 'status');
  await waitFor(() => all.length === 2, { everyMs: 5 });
  const [first, second] = all as [ChatInputCommandInteraction, ChatInputCommandInteraction];
  expect([first.id, second.id]).toEqual([used.id, used.id]);
  await first.reply('once');
  expect(await codeOf(second.reply('twice'))).toBe(40060);
  expect(used.replies()).toHaveLength(1);
});

test('guilds that come and go, channels that are deleted, threads that begin', async () => {
  const discord = await setup();
  const client = await login(discord);
  const other = discord.world.addGuild();
  await waitFor(() => client.guilds.cache.has(other.id), { everyMs: 5 });
  discord.world.kick(other);
  await waitFor(() => !client.guilds.cache.has(other.id), { everyMs: 5 });
  const channel = client.channels.cache.get(discord.channel.id) as TextChannel;
  const post = await channel.send('post');
  await client.rest.post(Routes.threads(channel.id, post.id), { body: { name: 'chapters' } });
  await waitFor(() => client.channels.cache.get(post.id)?.isThread(), { everyMs: 5 });
  discord.world.deleteChannel(discord.channel);
  await waitFor(() => !client.channels.cache.has(discord.channel.id), { everyMs: 5 });
});

test('messages of others come without content, unless that was granted', async () => {
  const discord = await setup({ gateway: { identifyEveryMs: 0, grantedIntents: MessageContent } });
  const contents = async (intents: GatewayIntentBits[]) => {
    const client = await login(discord, intents);
    const seen: APIMessage['content'][] = [];
    client.on(Events.MessageCreate, ({ content }) => void seen.push(content));
    discord.world.say(discord.ann, discord.channel, 'hello');
    await (client.channels.cache.get(discord.channel.id) as TextChannel).send('own');
    await waitFor(() => seen.length === 2, { everyMs: 5 });
    await client.destroy();
    return seen;
  };
  expect(await contents([Guilds, GuildMessages])).toEqual(['', 'own']);
  expect(await contents([Guilds, GuildMessages, MessageContent])).toEqual(['hello', 'own']);
});

test('two processes with one token both hear a command', async () => {
  const discord = await setup({ gateway: { identifyEveryMs: 0 } });
  const clients = [await login(discord), await login(discord)];
  const both = Promise.all(clients.map(heard));
  const used = discord.world.command(discord.ann, discord.channel, 'status');
  expect((await both).map(({ id }) => id)).toEqual([used.id, used.id]);
});

test('a token that was changed ends the session for good', async () => {
  const discord = await setup({ gateway: { identifyEveryMs: 0 } });
  const client = await login(discord);
  const ended = new Promise<number>((done) => client.once(Events.ShardDisconnect, ({ code }) => done(code)));
  client.on(Events.Error, () => undefined);
  client.on(Events.ShardError, () => undefined);
  discord.world.revoke();
  discord.gateway.drop();
  expect(await ended).toBe(4004);
});

test('what the gateway asks of a client comes from its own address', async () => {
  const discord = await setup();
  const answer = await fetch(`${discord.root}/v10/gateway/bot`, {
    headers: { authorization: `Bot ${discord.token}`, 'user-agent': 'DiscordBot (test, 1)' },
  });
  expect(await answer.json()).toEqual({
    url: discord.gateway.url(),
    shards: 1,
    session_start_limit: discord.gateway.sessionStartLimit(),
  });
});
