import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { waitForFrames, waitUntilPosted } from '../support/app.ts';
import { framesOf, limitFor, type TelegramApp } from '../support/telegram-app.ts';
import { useFlow } from '../support/use-flow.ts';

const flow = useFlow();
/** So many messages of half a minute ago leave less than the uploads and albums need now. */
const sentBefore = 10;

/** The bot has just been busy in a chat: what comes has to wait for the rest of the minute. */
async function wasBusy({ t, telegram, world }: TelegramApp, chatId: number): Promise<string> {
  const rates = world.bots.get(telegram.token)?.rates;
  rates?.set(`send:${chatId}`, Array(sentBefore).fill(Date.now() - 30_000));
  const key = `telegram:${telegram.bot.id}:${chatId}`;
  await t.app.db.execute(sql`insert into gates (key, next_at, taken_at)
    select ${key}, at, array_fill(at, array[${sentBefore}::int]) from (select now() - interval '30 seconds') as past (at)`);
  return key;
}

test('five recordings into one channel: five whole albums within the flood limits', async () => {
  const s = await flow.telegram();
  const origin = await flow.origin(10);
  const limit = await limitFor(origin, 2, 10);
  await s.say(`/target add archive @archive_channel limit=${limit}B`);
  const streams = await Promise.all(['a', 'b', 'c', 'd'].map((name) => origin.stream(name)));
  const keys = await Promise.all([s.channel, s.vault].map(({ id }) => wasBusy(s, id)));
  for (const { url } of [origin, ...streams]) expect(await s.say(`/record ${url} to=archive`)).toContain('Recording');
  await waitForFrames(s.t.app, 5 * (await origin.frames()));
  for (const stream of [origin, ...streams]) stream.end();
  await waitUntilPosted(s.t.app, 5, 300_000);
  const albums = s.posts();
  expect(albums).toHaveLength(5);
  for (const album of albums) {
    const ids = album.map(({ message_id: id }) => id);
    expect(ids).toEqual(ids.map((_, at) => (ids[0] ?? 0) + at));
    expect(await framesOf(s, album)).toBe(await origin.frames());
  }
  const comments = s.world.messages(s.group).filter(({ from }) => from?.is_bot);
  expect(comments).toHaveLength(5);
  // The rates are those that were taken up to here.
  for (const key of keys) {
    const [gate] = await s.t.app.db.execute<{ count: number }>(
      sql`select cardinality(taken_at) as count from gates where key = ${key}`,
    );
    expect(gate?.count).toBeGreaterThan(sentBefore);
  }
  // An upload may arrive late and so too close to the next; what decides is made by small calls.
  const refused = s.telegram.calls.filter(({ status, method }) => status === 429 && method !== 'sendVideo');
  expect(refused).toEqual([]);
}, 400_000);
