import type { Update } from 'grammy/types';
import { step } from '../../lib/steps.ts';
import { addToInbox, storable } from '../inbox.ts';
import type { Telegram } from './client.ts';
import { chatOf } from './event.ts';
import { noteSighting } from './sightings.ts';

/**
 * Writes updates down before they are confirmed to Telegram: what is said to us into the inbox, what is seen of a
 * channel's posts into the sightings. An update that comes again changes nothing.
 */
export async function takeUpdates(telegram: Telegram, updates: Update[]): Promise<void> {
  const { db, bus, account } = telegram;
  const isTold = await db.transaction(async (tx) => {
    let count = 0;
    for (const update of updates.map(storable)) {
      await noteSighting(telegram, tx, update);
      const chatId = chatOf(update);
      if (chatId === undefined) continue;
      await addToInbox(tx, { account, eventId: String(update.update_id), chatId, body: update });
      count += 1;
    }
    return count > 0;
  });
  step('inbox.taken');
  if (isTold) await bus.tell('inbox', 0);
}
