import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REST, Routes } from 'discord.js';
import { expect } from 'vitest';
import { createDiscordChat } from '../../src/bots/discord/discord.ts';
import { startTestApp } from '../support/app.ts';
import type { Interaction } from '../support/discord/interactions.ts';
import { startDiscord } from '../support/discord/server.ts';
import { waitFor } from '../support/wait.ts';
import { type ChatEnv, chatContract } from './chat.ts';

async function open(): Promise<ChatEnv> {
  const discord = await startDiscord();
  const { world, token, root: apiRoot, applicationId } = discord;
  const product = await startTestApp({}, []);
  const { db, bus, log } = product.app;
  const guild = world.addGuild();
  const channel = world.addChannel(guild);
  const person = world.addUser();
  world.addMember(guild, person);
  const chat = createDiscordChat({ db, bus, log, token, apiRoot, uploadMbps: 0, settleMs: 0 });
  // Commands of this server alone, whose names the suite types.
  const body = ['one', 'break', 'two'].map((name) => ({ type: 1, name, description: name }));
  const rest = new REST({ api: apiRoot }).setToken(token);
  await rest.put(Routes.applicationGuildCommands(applicationId, guild.id), { body });
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-chat-'));
  const used = new Map<string, Interaction>();
  return {
    chat,
    target: { id: 1, kind: 'discord', address: `${guild.id}/${channel.id}`, limits: {} },
    async type(text) {
      await waitFor(() => world.commands().length > 0, { what: 'a bot that listens' });
      const interaction = world.command(person, channel, text.slice(1));
      used.set(interaction.id, interaction);
      return interaction.id;
    },
    async repliesTo(messageId) {
      const replies = used.get(messageId)?.replies() ?? [];
      const shown = replies.filter(({ isLoading, isDeleted }) => !isLoading && !isDeleted);
      return shown.map(({ message, isEphemeral }) => {
        const isError = isEphemeral && message.content.includes('went wrong');
        return { text: message.content, isError };
      });
    },
    async shown(messageId) {
      const places = [channel, ...world.threads(channel)];
      const message = places.flatMap((place) => world.messages(place)).find(({ id }) => id === messageId);
      if (!message) return undefined;
      const inThread = message.channel_id !== channel.id;
      return {
        text: message.content.replace(/^\*\*(.*)\*\*$/, '$1'),
        // The driver's mark, before the ending.
        fileNames: message.attachments.map(({ filename }) => filename.replace(/-p\d+-\d+of\d+/, '')),
        // A thread has the id of the message it hangs on.
        parentId: inThread ? message.channel_id : undefined,
      };
    },
    lastSaid: async () => world.messages(channel).at(-1)?.content,
    async makePart(partId) {
      const path = join(dir, `${partId}.mp4`);
      await writeFile(path, `part ${partId}`);
      return { partId, path, sizeBytes: 8, lengthMs: 1000, width: 320, height: 180, fileName: `p${partId}.mp4` };
    },
    async close() {
      await product.close();
      await discord.close();
      await rm(dir, { recursive: true, force: true });
      expect(discord.violations).toEqual([]);
    },
  };
}

chatContract('discord', open);
