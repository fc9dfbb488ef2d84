import {
  ChannelType,
  type Client,
  Client as DiscordClient,
  Events,
  GatewayIntentBits,
  MessageFlags,
  Routes,
  type TextChannel,
} from 'discord.js';
import { expect, onTestFinished, test } from 'vitest';
import { type Setup, setup } from './setup.ts';

/** The whole of discord.js, logged in. */
async function login({ root, token }: Setup): Promise<Client<true>> {
  const ws = { buildIdentifyThrottler: async () => ({ waitForIdentify: async () => undefined }) };
  const client = new DiscordClient({ intents: [GatewayIntentBits.Guilds], rest: { api: root, retries: 0 }, ws });
  onTestFinished(() => client.destroy());
  const isReady = new Promise((done) => client.once(Events.ClientReady, done));
  await client.login(token);
  await isReady;
  return client as Client<true>;
}

async function channelOf(client: Client, id: string): Promise<TextChannel> {
  return (await client.channels.fetch(id)) as TextChannel;
}

const stop = { type: 2, style: 4, label: 'Stop', customId: '/stop 1' } as const;

test('what discord.js sends by itself is taken: files, embeds, buttons, edits, threads, reactions', async () => {
  const server = await setup();
  const client = await login(server);
  const channel = await channelOf(client, server.channel.id);
  const files = [{ attachment: Buffer.from('jpeg'), name: 'cover.jpg', description: 'The cover' }];
  const embeds = [
    { title: 'Live', color: 0xff0000, image: { url: 'attachment://cover.jpg' }, fields: [{ name: 'a', value: 'b' }] },
  ];
  const components = [{ type: 1, components: [stop] }] as const;
  const message = await channel.send({ content: 'card', files, embeds, components, nonce: 'n1', enforceNonce: true });
  expect(message.attachments.first()).toMatchObject({ name: 'cover.jpg', description: 'The cover', size: 4 });
  await message.edit({ content: 'changed', components: [] });
  await message.react('🔴');
  const thread = await message.startThread({ name: 'Chapters' });
  await thread.send({ content: 'one', flags: MessageFlags.SuppressEmbeds });
  expect([thread.id, thread.type]).toEqual([message.id, ChannelType.PublicThread]);
  expect(server.world.messages(server.channel)).toMatchObject([
    { content: 'changed', components: [], embeds: [{ title: 'Live' }] },
  ]);
  expect((await channel.messages.fetch({ limit: 10 })).map(({ content }) => content)).toEqual(['changed']);
  await message.delete();
});

test('a command is deferred, answered with a file, followed up, and taken back', async () => {
  const server = await setup();
  const { world, rest, guild, channel, applicationId } = server;
  const client = await login(server);
  await rest.put(Routes.applicationCommands(applicationId), { body: [{ name: 'preview', description: 'x' }] });
  const user = world.addUser();
  world.addMember(guild, user);
  const isDone = new Promise<void>((done, fail) => {
    client.once(Events.InteractionCreate, (interaction) => {
      if (!interaction.isChatInputCommand()) return fail(new Error('another kind'));
      const answer = async () => {
        await interaction.deferReply();
        await interaction.editReply({ content: 'here', files: [{ attachment: Buffer.from('jpeg'), name: 'a.jpg' }] });
        await interaction.followUp({ content: 'only you', flags: MessageFlags.Ephemeral });
        await interaction.deleteReply();
      };
      answer().then(done, fail);
    });
  });
  const used = world.command(user, channel, 'preview');
  await isDone;
  expect(used.replies()).toMatchObject([
    { isDeleted: true, message: { content: 'here', attachments: [{ filename: 'a.jpg' }] } },
    { isDeleted: false, isEphemeral: true, message: { content: 'only you' } },
  ]);
});

test('posts of an announcement channel are crossposted', async () => {
  const server = await setup();
  const client = await login(server);
  const { id } = server.world.addChannel(server.guild, { type: 'announcement' });
  const message = await (await channelOf(client, id)).send('news');
  await message.crosspost();
  await expect(message.crosspost()).rejects.toMatchObject({ code: 40033 });
});
