import type { App } from '../app.ts';
import { type ChatAddress, ownerChat } from '../core/model.ts';
import { type Text, textOf } from '../core/text/text.ts';
import { addNotice } from '../db/notices.ts';
import { events } from '../db/schema.ts';

export type Alert = {
  code: keyof Text['alerts'];
  values: Record<string, string | number>;
  /** What is told once under it: an outage, a day. */
  key: string;
};

/** Where those who run the installation are told: the web chat, and Telegram's admins, whose private chat has their id. */
function operatorChats({ config }: Pick<App, 'config'>): ChatAddress[] {
  const admins = config.telegramToken ? config.admins.filter(({ kind }) => kind === 'telegram') : [];
  return [ownerChat, ...admins.map(({ kind, userId }) => ({ kind, chatId: userId }))];
}

/**
 * Tells those who run the installation, or the chats named, one thing once; an `events` row stands beside it. Never
 * throws: whoever has an alert to tell has enough to do.
 */
export async function alertOperators(
  app: Pick<App, 'db' | 'bus' | 'log' | 'config'>,
  { code, values, key }: Alert,
  chats: ChatAddress[] = operatorChats(app),
): Promise<void> {
  const text = textOf('en').alerts[code](values);
  try {
    const isNew = await app.db.transaction(async (tx) => {
      const added = await Promise.all(chats.map((chat) => addNotice(tx, { chat, key, text })));
      if (!added.includes(true)) return false;
      await tx.insert(events).values({ kind: `alert.${code}`, subject: 'alert', subjectId: 0, data: values });
      return true;
    });
    if (isNew) await app.bus.tell('notices', 0);
  } catch (err) {
    app.log.error({ err, code }, 'an alert could not be written');
  }
}
