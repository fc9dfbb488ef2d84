import type { ChatAddress } from '../core/model.ts';
import type { Chat } from '../core/ports.ts';
import type { Database } from '../db/client.ts';
import { claimNotice, findUnsaid, giveNoticeBack, type NoticeRow, pruneNotices } from '../db/notices.ts';
import { createBell } from '../lib/bell.ts';
import type { Logger } from '../lib/log.ts';
import type { Bus } from '../queue/bus.ts';
import { listenByLease } from './listen-by-lease.ts';

/** What saying notices needs. */
export type Speaker = { db: Database; bus: Bus; log: Logger; chat: Chat };

const lookEveryMs = 5_000;
/** A chat that cannot be told within this time is passed over until the next look. */
const sayMs = 30_000;

/** Shows the notices of a chat until the signal; of all processes one does so at a time. Never throws. */
export async function sayNotices({ db, bus, log, chat }: Speaker, signal: AbortSignal): Promise<void> {
  const account = `notices:${chat.account}`;
  const serve = (until: AbortSignal) => sayUntil({ db, bus, log, chat }, until);
  await listenByLease({ db, log, account, serve }, signal);
}

async function sayUntil(speaker: Speaker, signal: AbortSignal): Promise<void> {
  const bell = createBell(lookEveryMs, signal);
  const unhear = speaker.bus.hear('notices', bell.ring);
  try {
    await pruneNotices(speaker.db);
    while (!signal.aborted) {
      await sayAll(speaker, signal).catch((err) => speaker.log.warn({ err }, 'notices cannot be read yet'));
      await bell.heard();
    }
  } finally {
    unhear();
    bell.close();
  }
}

async function sayAll(speaker: Speaker, signal: AbortSignal): Promise<void> {
  const unreachable: string[] = [];
  while (!signal.aborted) {
    const notice = await findUnsaid(speaker.db, speaker.chat.kind, unreachable);
    if (!notice) return;
    if (!(await sayOne(speaker, notice, signal))) unreachable.push(notice.chatId);
  }
}

/** @returns false where nothing could be shown yet */
async function sayOne({ db, log, chat }: Speaker, notice: NoticeRow, signal: AbortSignal): Promise<boolean> {
  if (!(await claimNotice(db, notice.id))) return true;
  const { chatKind: kind, chatId, threadId, text } = notice;
  const to: ChatAddress = { kind, chatId, ...(threadId ? { threadId } : {}) };
  const limited = AbortSignal.any([signal, AbortSignal.timeout(sayMs)]);
  try {
    const isSaid = await chat.say(to, { key: `notice ${notice.id}`, text }, limited);
    if (!isSaid) await giveNoticeBack(db, notice.id);
    return isSaid;
  } catch (err) {
    log.warn({ err, notice: notice.id }, 'a notice may not have been shown');
    return true;
  }
}
