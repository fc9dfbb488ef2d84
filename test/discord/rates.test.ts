import { Routes } from 'discord.js';
import { expect, test } from 'vitest';
import { type Setup, setup } from './setup.ts';

/** A message sent without a client that waits. */
function post({ root, token, channel }: Setup, content = 'x'): Promise<Response> {
  const headers = { authorization: `Bot ${token}`, 'user-agent': 'DiscordBot (https://example.org, 1.0)' };
  const init = {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ content }),
  };
  return fetch(`${root}/v10${Routes.channelMessages(channel.id)}`, init);
}

async function limited(options = {}): Promise<Setup> {
  const server = await setup({ isRateLimited: true, ...options });
  server.world.freeze();
  return server;
}

function rateOf({ headers }: Response): (string | null)[] {
  return ['limit', 'remaining', 'reset-after'].map((name) => headers.get(`x-ratelimit-${name}`));
}

test('five messages in five seconds pass, and the headers count down', async () => {
  const server = await limited();
  const answers: Response[] = [];
  for (let n = 0; n < 5; n++) answers.push(await post(server));
  expect(rateOf(answers[0] as Response)).toEqual(['5', '4', '5.000']);
  expect(rateOf(answers[4] as Response)).toEqual(['5', '0', '5.000']);
  expect(answers[0]?.headers.get('x-ratelimit-bucket')).toMatch(/^[0-9a-f]{32}$/);
});

test('the sixth is told to wait, is not posted, and passes when the time is over', async () => {
  const server = await limited();
  for (let n = 0; n < 5; n++) await post(server);
  server.world.advance(2000);
  const refused = await post(server);
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('3');
  expect(refused.headers.get('x-ratelimit-scope')).toBe('user');
  expect(await refused.json()).toEqual({ message: 'You are being rate limited.', retry_after: 3, global: false });
  expect(server.world.messages(server.channel)).toHaveLength(5);
  server.world.advance(3000);
  expect((await post(server)).status).toBe(200);
});

test('every channel has its own count', async () => {
  const server = await limited();
  for (let n = 0; n < 5; n++) await post(server);
  const channel = server.world.addChannel(server.guild);
  expect((await post({ ...server, channel })).status).toBe(200);
});

test('fifty calls in a second are all that a bot has', async () => {
  const server = await limited();
  for (let n = 0; n < 10; n++) {
    const channel = server.world.addChannel(server.guild);
    for (let m = 0; m < 5; m++) await post({ ...server, channel });
  }
  const refused = await post(server);
  expect(refused.headers.get('x-ratelimit-global')).toBe('true');
  expect(await refused.json()).toMatchObject({ global: true });
});

test('too many invalid calls close the door with HTML', async () => {
  const server = await limited({ invalidLimit: 2 });
  const stranger = { ...server, token: 'wrong' };
  expect((await post(stranger)).status).toBe(401);
  expect((await post(stranger)).status).toBe(401);
  const banned = await post(server);
  expect([banned.status, banned.headers.get('content-type'), banned.headers.get('via')]).toEqual([
    429,
    'text/html',
    null,
  ]);
  server.world.advance(11 * 60_000);
  expect((await post(server)).status).toBe(200);
});

// It learns of a bucket by its first answer only, so that one 429 may come between.
test('discord.js waits as it is told', async () => {
  const server = await setup({ isRateLimited: true });
  const { rest, channel } = server;
  rest.options.rejectOnRateLimit = null;
  const { id } = (await rest.post(Routes.channelMessages(channel.id), { body: { content: 'x' } })) as { id: string };
  const path = (emoji: string) => Routes.channelMessageOwnReaction(channel.id, id, encodeURIComponent(emoji));
  for (const emoji of ['🔴', '🟢', '🔵']) await rest.put(path(emoji));
  expect(server.world.messages(channel)[0]?.reactions).toHaveLength(3);
});
