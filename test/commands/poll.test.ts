import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { App } from '../../src/app.ts';
import { dispatch } from '../../src/commands/dispatch.ts';
import { chapters, leases, sessions } from '../../src/db/schema.ts';
import { pollOnce } from '../../src/monitor/poll.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { steeredPlatform } from './steered-platform.ts';

const site = steeredPlatform('site.example');
let running: TestApp;
let app: App;
beforeAll(async () => {
  // No role runs: what a test does is all that happens.
  running = await startTestApp({ ADMINS: 'telegram:1' }, []);
  app = { ...running.app, platforms: [site.platform] };
});
afterAll(() => running.close());

async function poll(): Promise<void> {
  await app.db.delete(leases);
  await pollOnce(app, site.platform, AbortSignal.timeout(60_000));
}

test('each change of what a broadcast is called is a chapter; what is unknown erases nothing', async () => {
  const event = { kind: 'command', chat: { kind: 'telegram', chatId: '1' }, messageId: '1' } as const;
  const user = { id: '1', name: 'a', isOwner: false };
  await dispatch(app, { ...event, user, text: '/watch https://site.example/show' });
  for (const called of [{}, { title: 'A' }, { title: 'A', category: 'Talk' }, {}, { title: 'B' }, { title: 'B' }]) {
    site.set('show', { state: 'live', broadcastId: 'b1', ...called });
    await poll();
  }
  const [session, ...others] = await app.db.select().from(sessions);
  expect(others).toEqual([]);
  expect(session).toMatchObject({ title: 'B', category: 'Talk', state: 'starting' });
  const rows = await app.db
    .select({ title: chapters.title, category: chapters.category })
    .from(chapters)
    .where(eq(chapters.sessionId, session?.id ?? 0))
    .orderBy(chapters.id);
  expect(rows).toEqual([
    { title: null, category: null },
    { title: 'A', category: null },
    { title: 'A', category: 'Talk' },
    { title: 'B', category: 'Talk' },
  ]);
});
