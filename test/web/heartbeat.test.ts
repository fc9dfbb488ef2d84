import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { expect, test } from 'vitest';
import { startHeartbeat } from '../../src/web/heartbeat.ts';

test('a stream of events that has nothing to say says so, between its events', async () => {
  const web = new Hono();
  let end = () => {};
  const isOver = new Promise<void>((resolve) => (end = resolve));
  web.get('/', (c) =>
    streamSSE(c, async (stream) => {
      const stop = startHeartbeat(stream, 5);
      await stream.writeSSE({ data: 'one' });
      await isOver;
      stop();
    }),
  );
  const reader = (await web.request('/')).body?.getReader();
  let said = '';
  while (!said.includes('\n:\n\n')) said += new TextDecoder().decode((await reader?.read())?.value);
  expect(said).toMatch(/^(:\n\n)*data: one\n\n(:\n\n)+$/);
  end();
  while (!(await reader?.read())?.done);
});
