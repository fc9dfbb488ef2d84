import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createTelegramChat } from '../../src/bots/telegram/telegram.ts';
import { startTestApp } from '../support/app.ts';
import { startTelegram } from '../support/telegram/server.ts';
import { type ChatEnv, chatContract } from './chat.ts';

async function open(): Promise<ChatEnv> {
  const telegram = await startTelegram({ forwardDelayMs: 0 });
  const { world } = telegram;
  const product = await startTestApp({}, []);
  const { db, bus, log } = product.app;
  const vault = world.addChannel({ title: 'vault' });
  const group = world.addGroup({ title: 'posts' });
  const person = world.addUser({ firstName: 'Ann' });
  const privateChat = world.privateChat(person);
  const chat = createTelegramChat({
    ...{ db, bus, log, token: telegram.token, apiRoot: telegram.root, isLocal: false },
    ...{ vault: String(vault.id), uploadMbps: 0, settleMs: 0 },
  });
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-chat-'));
  return {
    chat,
    target: { id: 1, kind: 'telegram', address: String(group.id), limits: {} },
    async type(text) {
      return String(world.say(person, privateChat, text).message_id);
    },
    async repliesTo(messageId) {
      // A private chat: answers stand below what was said, in order.
      const messages = world.messages(privateChat);
      const asked = messages.filter((message) => !message.from?.is_bot);
      const answers = messages.filter((message) => message.from?.is_bot);
      const answer = answers[asked.findIndex((message) => String(message.message_id) === messageId)];
      const isError = answer?.text?.includes('went wrong') ?? false;
      return answer ? [{ text: answer.text ?? '', isError }] : [];
    },
    async shown(messageId) {
      const messages = world.messages(group);
      const message = messages.find(({ message_id: id }) => String(id) === messageId);
      if (!message) return undefined;
      const album = message.media_group_id;
      const items = album ? messages.filter((other) => other.media_group_id === album) : [message];
      const fileNames = items.flatMap(({ video }) => (video?.file_name ? [video.file_name] : []));
      const parent = message.reply_to_message?.message_id;
      return {
        text: message.text ?? message.caption ?? '',
        fileNames,
        parentId: parent === undefined ? undefined : String(parent),
      };
    },
    lastSaid: async () => world.messages(group).at(-1)?.text,
    async makePart(partId) {
      const path = join(dir, `${partId}.mp4`);
      await writeFile(path, `part ${partId}`);
      return { partId, path, sizeBytes: 8, lengthMs: 1000, width: 320, height: 180, fileName: `p${partId}.mp4` };
    },
    async close() {
      await product.close();
      await telegram.close();
      await rm(dir, { recursive: true, force: true });
      expect(telegram.violations).toEqual([]);
    },
  };
}

chatContract('telegram', open);
