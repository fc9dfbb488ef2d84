import { eq } from 'drizzle-orm';
import type { Chat } from 'grammy/types';
import { expect, test } from 'vitest';
import { audit, events } from '../../src/db/schema.ts';
import { readOutcome, waitForFrames, waitUntilPosted } from '../support/app.ts';
import type { LiveOrigin } from '../support/live.ts';
import type { FaultSpec } from '../support/telegram/faults.ts';
import { framesOf, limitFor, type TelegramApp } from '../support/telegram-app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();
let s: TelegramApp;
let origin: LiveOrigin;
let plain: Chat;

/** Without a vault and without a discussion group nothing can be looked at. Waits until a person is asked. */
async function recordUnproven(fault: 'dropAfter' | 'dropBefore'): Promise<void> {
  s = await flow.telegram({ hasVault: false });
  origin = await flow.origin(6);
  plain = s.world.addChannel({ title: 'Plain' });
  await s.say(`/target add plain ${plain.id}`);
  await s.say(`/record ${origin.url} to=plain`);
  await waitForFrames(s.t.app, 1);
  s.telegram.fault({ method: 'sendVideo', kind: fault } as FaultSpec);
  origin.end();
  await s.cardShows(({ text }) => text?.includes('cannot look'));
}

const videos = (chat: Chat) => s.world.messages(chat).filter(({ video }) => video);
const pressed = (id: string) => s.world.answers.find(({ queryId }) => queryId === id)?.text;

test('a post that nobody can prove is asked about once; a button says that it stands, and it is not sent again', async () => {
  await recordUnproven('dropAfter');
  const { posts } = await readOutcome(s.t.app);
  const video = posts.find(({ kind }) => kind === 'video');
  const question = `type /confirm p${video?.id} posted or /confirm p${video?.id} missing.`;
  expect(s.card()?.text).toContain('needs help');
  expect(await s.say('/status')).toContain(question);
  expect(await s.say('/retry s1')).toContain(question);
  const query = s.world.press(s.owner, s.home, s.card()?.message_id ?? 0, 'It stands');
  await waitUntilPosted(s.t.app);
  expect(pressed(query)).toBe(`Noted: p${video?.id} stands.`);
  expect(videos(plain)).toHaveLength(1);
  expect(await s.say(`/confirm p${video?.id} missing`)).toContain('no open question');
  expect(videos(plain)).toHaveLength(1);
  const asked = await s.t.app.db.select().from(events).where(eq(events.kind, 'post.asked'));
  expect(asked.map(({ subjectId }) => subjectId)).toEqual([video?.id]);
  const told = await s.t.app.db.select().from(audit).where(eq(audit.action, 'confirm'));
  expect(told.map(({ detail }) => detail)).toEqual([{ id: `p${video?.id}`, answer: 'posted' }]);
  await s.cardShows(({ text }) => text?.includes('not known where the post stands'));
});

test('a post that nobody can prove and a person does not find is sent again, once', async () => {
  await recordUnproven('dropBefore');
  expect(videos(plain)).toEqual([]);
  expect(await s.say('/confirm s1 missing')).toContain('I send it again');
  await waitUntilPosted(s.t.app);
  expect(await framesOf(s, videos(plain))).toBe(await origin.frames());
  expect(videos(plain)).toHaveLength(1);
});

test('a post that may stand can be left out, and the card tells it', async () => {
  await recordUnproven('dropAfter');
  expect(await s.say('/skip s1')).toContain('left out');
  await waitUntilPosted(s.t.app);
  expect(await s.say('/skip s1')).toContain('nothing to leave out');
  await s.cardShows(({ text }) => text?.includes('Left out: 1 part'));
  expect(videos(plain)).toHaveLength(1);
});

test('/skip comment ends the wait for a forward, and /retry comment writes it after all', async () => {
  s = await flow.telegram();
  origin = await flow.origin(8);
  const limit = await limitFor(origin, 2, 8);
  await s.say(`/target add archive @archive_channel limit=${limit}B`);
  await s.say(`/record ${origin.url} to=archive`);
  await waitForFrames(s.t.app, 1);
  s.world.holdForwards();
  origin.end();
  const comments = () => s.world.messages(s.group).filter(({ from }) => from?.is_bot);
  await waitFor(async () =>
    (await readOutcome(s.t.app)).posts.find(({ error }) => error?.startsWith('forward_not_seen')),
  );
  expect(await s.say('/skip s1 post')).toContain('nothing to leave out');
  expect(await s.say('/skip s1 comment')).toContain('left out');
  await waitUntilPosted(s.t.app);
  s.world.releaseForwards();
  expect(await s.say('/retry s1')).toContain('nothing to try again');
  expect(await s.say('/retry s1 comment')).toContain('Trying s1 again');
  await waitFor(() => comments().length === 1, { what: 'the comment' });
  await waitUntilPosted(s.t.app);
  expect(s.posts()).toHaveLength(1);
});
