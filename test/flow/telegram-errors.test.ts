import { eq, sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { deliveries, posts, uploads } from '../../src/db/schema.ts';
import { readOutcome, waitForFrames, waitUntilPosted } from '../support/app.ts';
import type { LiveOrigin } from '../support/live.ts';
import type { FaultSpec } from '../support/telegram/faults.ts';
import { framesOf, limitFor, type TelegramApp } from '../support/telegram-app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();
let s: TelegramApp;
let origin: LiveOrigin;

/** A recording of about three parts into the channel, up to the end of the stream. */
async function record(): Promise<void> {
  s = await flow.telegram();
  origin = await flow.origin(12);
  const limit = await limitFor(origin, 3, 12);
  await s.say(`/target add archive @archive_channel limit=${limit}B`);
  await s.say(`/record ${origin.url} to=archive`);
  await waitForFrames(s.t.app, 1);
}

async function expectOneWholeAlbum(): Promise<void> {
  const [album, ...others] = s.posts();
  expect(others).toEqual([]);
  expect(await framesOf(s, album ?? [])).toBe(await origin.frames());
  const comments = s.world.messages(s.group).filter(({ from }) => from?.is_bot);
  expect(comments).toHaveLength(1);
  const { posts: rows } = await readOutcome(s.t.app);
  const ids = rows.find(({ kind }) => kind === 'album')?.posted?.messageIds;
  expect(ids).toEqual(album?.map(({ message_id: id }) => String(id)));
}

const callsOf = (method: string) => s.telegram.calls.filter((call) => call.method === method);

const scenario3 =
  'scenario 3: Telegram asks to wait %i s before the album: all processes wait exactly so long, and send again without uploading again';
test.each([61, 3600])(scenario3, async (seconds) => {
  await record();
  s.telegram.fault({ method: 'sendMediaGroup', kind: 'flood', retryAfter: seconds });
  origin.end();
  // Not a try that came too late for its call and was put off.
  await waitFor(() => callsOf('sendMediaGroup').length > 0, { what: 'the album' });
  const held = await waitFor(async () => {
    const [row] = await s.t.app.db.select().from(posts).where(eq(posts.kind, 'album'));
    return row?.state === 'planned' && row.error ? row : undefined;
  });
  const told = await s.t.app.db.execute<{ seconds: number; gate: number }>(sql`
    select extract(epoch from p.next_attempt_at - p.sent_at)::float8 as seconds,
      (select max(extract(epoch from next_at - p.sent_at))::float8 from gates) as gate
    from posts p where p.id = ${held.id}`);
  expect(told[0]?.seconds).toBeGreaterThan(seconds - 1);
  expect(told[0]?.gate).toBeGreaterThan(seconds - 1);
  const staged = callsOf('sendVideo').length;
  expect(callsOf('sendMediaGroup')).toHaveLength(1);
  // The clock of both is the rows': it is moved on.
  await s.t.app.db.execute(sql`update gates set next_at = next_at - make_interval(secs => ${seconds + 1})`);
  await s.t.app.db.execute(sql`update posts set next_attempt_at = now() where id = ${held.id}`);
  await waitUntilPosted(s.t.app);
  expect(callsOf('sendVideo')).toHaveLength(staged);
  expect(callsOf('sendMediaGroup')).toHaveLength(2);
  await expectOneWholeAlbum();
});

test.each<[string, Omit<FaultSpec, 'method'>]>([
  ['scenario 2: the acknowledgement of an album is lost', { kind: 'dropAfter' } as FaultSpec],
  ['the call of an album is lost', { kind: 'dropBefore' } as FaultSpec],
  ['half an album stands', { kind: 'partialAlbum', keep: 1 } as FaultSpec],
])('%s: the channel shows one album, complete', async (_what, fault) => {
  await record();
  s.telegram.fault({ method: 'sendMediaGroup', ...fault } as FaultSpec);
  origin.end();
  await waitUntilPosted(s.t.app);
  await expectOneWholeAlbum();
  // What was looked at in the vault is gone again.
  const files = s.world.messages(s.vault);
  const { rows } = { rows: await s.t.app.db.select().from(uploads) };
  expect(files.every(({ forward_origin: origin }) => origin === undefined)).toBe(true);
  expect(files).toHaveLength(rows.length);
});

test('an album that Telegram publishes later is posted once, and its ids are learned', async () => {
  await record();
  s.telegram.fault({ method: 'sendMediaGroup', kind: 'messageIdZero' } as FaultSpec);
  origin.end();
  await waitFor(() => callsOf('sendMediaGroup').length > 0);
  s.world.publish();
  await waitUntilPosted(s.t.app);
  expect(callsOf('sendMediaGroup')).toHaveLength(1);
  await expectOneWholeAlbum();
});

test('a staging whose answer was lost is staged again, in the vault alone', async () => {
  await record();
  s.telegram.fault({ method: 'sendVideo', kind: 'dropAfter' } as FaultSpec);
  origin.end();
  await waitUntilPosted(s.t.app);
  await expectOneWholeAlbum();
});

test('kicked between upload and album: it waits with a sentence, and /retry posts it', async () => {
  await record();
  s.telegram.fault({ method: 'sendMediaGroup', kind: 'run', fn: () => s.world.kick(s.channel) } as FaultSpec);
  origin.end();
  await waitFor(async () => {
    const [row] = await s.t.app.db.select().from(deliveries);
    return row?.state === 'paused';
  });
  expect(await s.say('/status s1')).toContain('The bot is not in the chat');
  expect(s.posts()).toEqual([]);
  const staged = callsOf('sendVideo').length;
  s.world.setMember(s.channel, s.telegram.bot, 'administrator');
  expect(await s.say('/retry s1')).toContain('Trying s1 again');
  await waitUntilPosted(s.t.app);
  expect(callsOf('sendVideo')).toHaveLength(staged);
  await expectOneWholeAlbum();
});
