import { sql } from 'drizzle-orm';
import type { Chat } from 'grammy/types';
import { expect, test } from 'vitest';
import { deliveries, parts, uploads } from '../../src/db/schema.ts';
import { readOutcome, waitForFrames, waitUntilPosted } from '../support/app.ts';
import type { LiveOrigin } from '../support/live.ts';
import type { FaultSpec } from '../support/telegram/faults.ts';
import { framesOf, limitFor, type TelegramApp } from '../support/telegram-app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';
import { orderKills, startRole } from './acceptance-setup.ts';

const flow = useFlow();
let s: TelegramApp;
let origin: LiveOrigin;
let backup: Chat.ChannelChat;

/** A recording of about so many Parts into the channel, up to the end of the stream. */
async function record(count: number, { to = 'archive', albumItems = 10 } = {}): Promise<void> {
  s = await flow.telegram({ env: { LEASE_SECONDS: '1' } });
  origin = await flow.origin(2 * count);
  const limit = await limitFor(origin, count, 2 * count);
  await s.say(`/target add archive @archive_channel limit=${limit}B`);
  if (to !== 'archive') {
    backup = s.world.addChannel({ title: 'Backup' });
    await s.say(`/target add backup ${backup.id} limit=${limit}B`);
  }
  const limits = sql`limits || ${JSON.stringify({ albumItems })}::jsonb`;
  await s.t.app.db.execute(sql`update targets set limits = ${limits}`);
  await s.say(`/record ${origin.url} to=${to}`);
  await waitForFrames(s.t.app, 1);
}

const callsOf = (method: string) => s.telegram.calls.filter((call) => call.method === method);
const comments = () => s.world.messages(s.group).filter(({ from }) => from?.is_bot);
const partCount = () => s.t.app.db.$count(parts);

async function expectEachPartOnce(): Promise<void> {
  const messages = s.posts().flat();
  expect(messages).toHaveLength(await partCount());
  expect(new Set(messages.map(({ fileSha256 }) => fileSha256)).size).toBe(messages.length);
  expect(await framesOf(s, messages)).toBe(await origin.frames());
  expect(comments()).toHaveLength(1);
}

test('scenario 1: kill -9 right after Telegram accepts the album or between any two saves: after each restart the channel holds each part exactly once, in one album', async () => {
  await record(4);
  let [restarts, isOver] = [0, false];
  const kills = await orderKills(['post.intent', 'post.sent', 'comment.intent', 'comment.sent']);
  flow.closes(() => kills.close());
  try {
    await s.t.restart(['bots', 'monitor']);
    const startWorker = () => {
      const env = { ...s.t.env, ...kills.env };
      const worker = startRole(flow, 'worker', env, [kills.hook]);
      worker.once('exit', (_code, signal) => {
        if (isOver) return;
        if (signal === 'SIGKILL') restarts++;
        startWorker();
      });
    };
    origin.end();
    startWorker();
    await waitUntilPosted(s.t.app, 1, 300_000);
    expect(await kills.left()).toEqual([]);
    await expectEachPartOnce();
    expect(s.posts()).toHaveLength(1);
    expect(restarts).toBe(4);
  } finally {
    // A worker that is killed by the clean-up has no successor.
    isOver = true;
  }
}, 400_000);

test('scenario 4: a send error that passes, four times: each file is uploaded once, and one album stands', async () => {
  await record(4);
  s.telegram.fault({ method: 'sendMediaGroup', kind: 'dropBefore', times: 4 } as FaultSpec);
  origin.end();
  await waitUntilPosted(s.t.app, 1, 300_000);
  expect(callsOf('sendMediaGroup').length).toBeGreaterThanOrEqual(1);
  expect(callsOf('sendVideo')).toHaveLength(await s.t.app.db.$count(uploads));
  await expectEachPartOnce();
  expect(s.posts()).toHaveLength(1);
}, 400_000);

test('scenario 5: album 1 fails for good: album 2 is not posted before it, and the labels are right after /retry', async () => {
  await record(4, { albumItems: 2 });
  s.telegram.fault({ method: 'sendMediaGroup', kind: 'run', fn: () => s.world.kick(s.channel) } as FaultSpec);
  origin.end();
  await waitFor(async () => (await s.t.app.db.select().from(deliveries))[0]?.state === 'paused');
  expect(s.posts()).toEqual([]);
  expect(callsOf('sendMediaGroup')).toHaveLength(1);
  s.world.setMember(s.channel, s.telegram.bot, 'administrator');
  await s.say('/retry s1');
  await waitUntilPosted(s.t.app);
  await expectEachPartOnce();
  const total = await partCount();
  const labels = Array.from({ length: Math.ceil(total / 2) }, (_, at) =>
    2 * at + 2 > total ? `part ${total}/${total}` : `parts ${2 * at + 1}–${2 * at + 2}/${total}`,
  );
  expect(s.posts().map(([first]) => first?.caption?.match(/parts? .*?\/\d+/)?.[0])).toEqual(labels);
});

test('scenario 6: the backup fails at part 4 of 10: it ends with one album of all, the archive is not sent again, and comments stand in the group of their own channel', async () => {
  await record(5, { to: 'archive,backup' });
  s.telegram.fault({ method: 'sendMediaGroup', chatId: backup.id, kind: 'partialAlbum', keep: 3 } as FaultSpec);
  origin.end();
  await waitUntilPosted(s.t.app, 2);
  await expectEachPartOnce();
  const copies = s.posts(backup);
  expect(copies).toHaveLength(1);
  const hashes = (messages: { fileSha256?: string }[] = []) => messages.map(({ fileSha256 }) => fileSha256);
  expect(hashes(copies[0])).toEqual(hashes(s.posts()[0]));
  expect(callsOf('sendVideo')).toHaveLength(await s.t.app.db.$count(uploads));
  const root = s.world.messages(s.group).find(({ is_automatic_forward: isForward }) => isForward);
  expect(comments()[0]?.reply_to_message?.message_id).toBe(root?.message_id);
  expect((await readOutcome(s.t.app)).posts.filter(({ state }) => state === 'skipped')).toHaveLength(1);
});
