import { expect, test } from 'vitest';
import { waitForFrames, waitUntilPosted } from '../support/app.ts';
import { startLiveOrigin } from '../support/live.ts';
import { framesOf, limitFor, startTelegramApp } from '../support/telegram-app.ts';

test('five recordings into one channel: five whole albums within the flood limits', async () => {
  const s = await startTelegramApp();
  const origin = await startLiveOrigin({ mode: 'manual', segments: 10, window: 10 });
  try {
    const limit = await limitFor(origin, 5, 10);
    await s.say(`/target add archive @archive_channel limit=${limit}B`);
    const streams = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => origin.stream(name, { mode: 'manual', segments: 10, window: 10 })),
    );
    for (const { url } of [origin, ...streams]) expect(await s.say(`/record ${url} to=archive`)).toContain('Recording');
    await waitForFrames(s.t.app, 5 * (await origin.frames()));
    for (const stream of [origin, ...streams]) stream.end();
    await waitUntilPosted(s.t.app, 5, 400_000);
    const albums = s.posts();
    expect(albums).toHaveLength(5);
    for (const album of albums) {
      const ids = album.map(({ message_id: id }) => id);
      expect(ids).toEqual(ids.map((_, at) => (ids[0] ?? 0) + at));
      expect(await framesOf(s, album)).toBe(await origin.frames());
    }
    const comments = s.world.messages(s.group).filter(({ from }) => from?.is_bot);
    expect(comments).toHaveLength(5);
    // An upload may arrive late and so too close to the next; what decides is made by small calls.
    const refused = s.telegram.calls.filter(({ status, method }) => status === 429 && method !== 'sendVideo');
    expect(refused).toEqual([]);
    expect(s.telegram.violations).toEqual([]);
  } finally {
    await s.close();
    await origin.close();
  }
}, 400_000);
