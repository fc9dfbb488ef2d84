import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alertOperators } from '../../src/advance.ts';
import { sayNotices } from '../../src/bots/say-notices.ts';
import type { Chat } from '../../src/core/ports.ts';
import { addNotice } from '../../src/db/notices.ts';
import { events, notices, webMessages } from '../../src/db/schema.ts';
import type { TestApp } from '../support/app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow(afterAll);
let t: TestApp;
beforeAll(async () => {
  t = await flow.web({}, []);
});

/** Says what waits, with what `change` makes of the web chat, until `isDone`. */
async function sayUntil(change: (web: Chat) => Partial<Chat>, isDone: () => Promise<boolean>): Promise<void> {
  const web = t.app.chats.get('web') as Chat;
  const stop = new AbortController();
  const saying = sayNotices({ ...t.app, chat: { ...web, ...change(web) } }, stop.signal);
  await waitFor(async () => (await isDone()) || undefined, { what: 'the notices' });
  stop.abort();
  await saying;
}

const shown = async () => (await t.app.db.select().from(webMessages)).map(({ content }) => content.text);
const unsaid = async () => (await t.app.db.select().from(notices)).filter(({ saidAt }) => saidAt === null);

test('operators are told of one thing once, and an event stands beside it', async () => {
  const alert = { code: 'disk_low' as const, values: { freeBytes: 5_000_000 }, key: 'disk 1' };
  await Promise.all([alertOperators(t.app, alert), alertOperators(t.app, alert)]);
  await alertOperators(t.app, alert);
  await sayUntil(
    () => ({}),
    async () => (await shown()).length > 0,
  );
  expect(await shown()).toEqual([expect.stringContaining('The disk is nearly full (5.0 MB left)')]);
  const told = await t.app.db.select().from(events).where(eq(events.kind, 'alert.disk_low'));
  expect(told).toHaveLength(1);
});

test('a chat that cannot be told holds up no other, and is told when it can be', async () => {
  for (const chatId of ['away', 'main']) {
    await addNotice(t.app.db, { chat: { kind: 'web', chatId }, key: 'k', text: `to ${chatId}` });
  }
  const isAway = (web: Chat): Partial<Chat> => ({
    say: async (chat, message, signal) => (chat.chatId === 'away' ? false : web.say(chat, message, signal)),
  });
  await sayUntil(isAway, async () => (await unsaid()).length === 1);
  expect(await shown()).toContain('to main');
  expect(await shown()).not.toContain('to away');
  await sayUntil(
    () => ({}),
    async () => (await unsaid()).length === 0,
  );
  expect((await shown()).filter((text) => text === 'to away')).toHaveLength(1);
});

test('what may have been shown is not said again', async () => {
  await addNotice(t.app.db, { chat: { kind: 'web', chatId: 'main' }, key: 'lost', text: 'lost' });
  let calls = 0;
  const loses = (web: Chat): Partial<Chat> => ({
    say: async (...said) => {
      calls += 1;
      await web.say(...said);
      throw new Error('the answer was lost');
    },
  });
  await sayUntil(loses, async () => calls > 0 && (await unsaid()).length === 0);
  await sayUntil(
    () => ({}),
    async () => (await unsaid()).length === 0,
  );
  expect((await shown()).filter((text) => text === 'lost')).toHaveLength(1);
});
