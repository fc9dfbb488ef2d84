import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { desc, eq } from 'drizzle-orm';
import { webMessages } from '../../src/db/schema.ts';
import { startTestApp } from '../support/app.ts';
import { type ChatEnv, chatContract } from './chat.ts';

async function open(): Promise<ChatEnv> {
  const product = await startTestApp({}, []);
  const { app } = product;
  const chat = app.chats.get('web');
  if (!chat) throw new Error('no web chat');
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-chat-'));
  return {
    chat,
    target: { id: 1, kind: 'web', address: 'main', limits: {} },
    async type(text) {
      const values = {
        chatId: 'main',
        author: 'user' as const,
        userId: 'owner',
        kind: 'command' as const,
        content: { text },
      };
      const [row] = await app.db.insert(webMessages).values(values).returning();
      await app.bus.tell('web_messages', row?.id ?? 0);
      return String(row?.id);
    },
    async repliesTo(messageId) {
      const rows = await app.db
        .select()
        .from(webMessages)
        .where(eq(webMessages.nonce, `reply:${messageId}`));
      return rows.map((row) => ({ text: row.content.text, isError: row.content.isError ?? false }));
    },
    async shown(messageId) {
      const [row] = await app.db
        .select()
        .from(webMessages)
        .where(eq(webMessages.id, Number(messageId)));
      if (!row) return undefined;
      const parentId = row.parentId === null ? undefined : String(row.parentId);
      return { text: row.content.text, fileNames: row.media.map((item) => item.fileName), parentId };
    },
    async lastSaid() {
      const rows = await app.db.select().from(webMessages).orderBy(desc(webMessages.id)).limit(1);
      return rows[0]?.content.text;
    },
    async makePart(partId) {
      const path = join(dir, `${partId}.mp4`);
      await writeFile(path, `part ${partId}`);
      return { partId, path, sizeBytes: 8, lengthMs: 1000, width: 320, height: 180, fileName: `p${partId}.mp4` };
    },
    async close() {
      await product.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

chatContract('web', open);
