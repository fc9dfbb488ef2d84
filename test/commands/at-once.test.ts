import { eq, sql } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { closeWindows, endRendition, leaveOut, openSession } from '../../src/advance.ts';
import type { App } from '../../src/app.ts';
import { dispatch } from '../../src/commands/dispatch.ts';
import { deliveries, renditions, watches } from '../../src/db/schema.ts';
import { openQuietApp } from './quiet-app.ts';
import { steeredPlatform } from './steered-platform.ts';

const site = steeredPlatform('site.example');
let app: App;
beforeAll(async () => {
  const quiet = await openQuietApp(site.platform);
  app = quiet.app;
  return quiet.close;
});

let count = 0;
async function say(chatId: string, text: string): Promise<string> {
  const user = { id: '1', name: 'a', isOwner: false };
  const chat = { kind: 'telegram' as const, chatId };
  return (await dispatch(app, { kind: 'command', chat, user, text, messageId: String(++count) }))?.text ?? '';
}

async function watch(chatId: string, link: string) {
  const id = Number(/\bw(\d+)/.exec(await say(chatId, `/watch ${link}`))?.[1]);
  const [row] = await app.db.select().from(watches).where(eq(watches.id, id));
  return { watchId: id, streamId: row?.streamId ?? 0 };
}

test('an order that is given in the moment a recording ends is in that one or in the next, and waits for nobody', async () => {
  for (let round = 0; round < 12; round++) {
    const link = `https://site.example/round${round}`;
    const { watchId, streamId } = await watch('first', link);
    await openSession(app, streamId);
    const [window] = await app.db.select().from(deliveries).where(eq(deliveries.watchId, watchId));
    const { renditionId = 0, id = 0 } = window ?? {};
    await watch('second', link);
    await Promise.all([
      openSession(app, streamId),
      round % 2 ? endRendition(app, renditionId, 'grace_over') : closeWindows(app, [id], 'stopped'),
      openSession(app, streamId),
    ]);
  }
  const forgotten = await app.db.execute(sql`select d.id, s.state from deliveries d
    join sessions s on s.id = d.session_id join renditions r on r.id = d.rendition_id
    where d.closed_at is null and (s.state in ('finishing', 'ended', 'failed') or r.ended_at is not null)`);
  expect(forgotten).toEqual([]);
}, 120_000);

test('/cancel said again after a crash between its two saves cancels what it had begun', async () => {
  const { watchId, streamId } = await watch('cancels', 'https://site.example/cancelled');
  await openSession(app, streamId);
  // As it stands where the process died: nothing will be posted, and the window is still open.
  await app.db.update(deliveries).set({ state: 'cancelled' }).where(eq(deliveries.watchId, watchId));
  expect(await say('cancels', '/cancel')).toMatch(/^s\d+/);
  const [window] = await app.db.select().from(deliveries).where(eq(deliveries.watchId, watchId));
  expect(window?.closeReason).toBe('cancelled');
  const [rendition] = await app.db
    .select()
    .from(renditions)
    .where(eq(renditions.id, window?.renditionId ?? 0));
  expect(rendition?.endedAt).not.toBeNull();
});

test('/skip said again after a crash goes on where all was left out before', async () => {
  const { watchId, streamId } = await watch('skips', 'https://site.example/skipped');
  await openSession(app, streamId);
  const [window] = await app.db
    .update(deliveries)
    .set({ state: 'paused', closedAt: sql`now()` })
    .where(eq(deliveries.watchId, watchId))
    .returning();
  expect(await leaveOut(app, window?.id ?? 0, {})).toBe(true);
  const [after] = await app.db.select().from(deliveries).where(eq(deliveries.watchId, watchId));
  expect(after?.state).not.toBe('paused');
});
