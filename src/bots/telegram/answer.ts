import type { Update, UserFromGetMe } from 'grammy/types';
import { answerInbox } from '../answer-inbox.ts';
import type { InboxRow } from '../inbox.ts';
import type { Telegram } from './client.ts';
import { type OnEvent, replyTo } from './handle.ts';
import { sendReply } from './reply.ts';
import { pruneSightings } from './sightings.ts';

type Answering = { me: UserFromGetMe; onEvent: OnEvent; signal: AbortSignal };

/** Answers the inbox until the signal. */
export async function answerUntil(telegram: Telegram, answering: Answering): Promise<void> {
  const { db, bus, log, account } = telegram;
  await answerInbox(
    {
      ...{ db, bus, log, account },
      async handle(row) {
        const update = updateOf(row);
        const said = await replyTo(telegram, update, answering);
        // A pressed button waits for an answer, even an empty one.
        return said ?? (update.callback_query ? { text: '' } : undefined);
      },
      show: (row, reply, signal) => sendReply(telegram, reply, { chatId: row.chatId, update: updateOf(row), signal }),
      tidy: () => pruneSightings(db, account),
    },
    answering.signal,
  );
}

const updateOf = ({ body }: InboxRow) => body as unknown as Update;
