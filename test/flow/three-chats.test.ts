import { asc } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { deliveries, sessions, takes, targets } from '../../src/db/schema.ts';
import { readPostedFiles, waitForFrames } from '../support/app.ts';
import { type DiscordApp, discordFrames } from '../support/discord-app.ts';
import type { LiveOrigin } from '../support/live.ts';
import { startTelegram, type Telegram } from '../support/telegram/server.ts';
import { framesOf, limitFor } from '../support/telegram-app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();
let s: DiscordApp;
let telegram: Telegram;
let origin: LiveOrigin;

/** A web chat whose order goes to a Telegram channel, a Discord channel and the web, each with a limit of its own. */
async function open() {
  const server = await startTelegram();
  telegram = server;
  flow.closes(() => server.close());
  flow.mindViolations(server.violations);
  const channel = telegram.world.addChannel({ title: 'Archive', username: 'archive_channel' });
  const vault = telegram.world.addChannel({ title: 'Vault' });
  const env = { TELEGRAM_TOKEN: telegram.token, TELEGRAM_API_ROOT: telegram.root, TELEGRAM_VAULT: String(vault.id) };
  s = await flow.discord({ env });
  origin = await flow.origin(12);
  const [two, three] = [await limitFor(origin, 2, 12), await limitFor(origin, 3, 12)];
  await s.t.say(`/target add tg telegram:@archive_channel limit=${two}B`);
  await s.t.say(`/target add dc discord:${s.guild.id}/${s.archive.id} limit=${three}B`);
  return channel;
}

const states = async () =>
  Object.fromEntries(
    (await s.t.app.db.select().from(deliveries).orderBy(asc(deliveries.id))).map(({ targetId, state }) => [
      targetId,
      state,
    ]),
  );

async function targetIds(): Promise<Record<string, number>> {
  return Object.fromEntries((await s.t.app.db.select().from(targets)).map(({ name, id }) => [name, id]));
}

test('one recording goes to three chats, captured once, in parts that each of them takes', async () => {
  const channel = await open();
  expect((await s.t.say(`/record ${origin.url} to=tg,dc,here`)).text).toContain('Recording');
  await waitForFrames(s.t.app, 1);
  origin.end();
  await waitFor(async () => Object.values(await states()).filter((state) => state === 'done').length === 3, {
    timeoutMs: 100_000,
    what: 'three deliveries',
  });
  const frames = await origin.frames();
  const videos = telegram.world.messages(channel).filter(({ video }) => video);
  expect(await framesOf({ world: telegram.world } as never, videos)).toBe(frames);
  expect(await discordFrames(s, s.posts())).toBe(frames);
  const { here = 0 } = await targetIds();
  const rows = await s.t.app.db.select().from(deliveries);
  const web = await readPostedFiles(s.t.app, rows.find(({ targetId }) => targetId === here)?.id ?? 0);
  expect(web.frames).toBe(frames);
  const files = s.posts().flatMap(({ attachments }) => attachments);
  expect([web.files.length, videos.length < files.length]).toEqual([1, true]);
  expect(await s.t.app.db.select().from(takes)).toHaveLength(1);
  expect(await s.t.app.db.select().from(sessions)).toHaveLength(1);
});

test('a chat that refuses holds none of the others', async () => {
  const channel = await open();
  s.world.setPermissions(s.guild, ['ViewChannel']);
  await s.t.say(`/record ${origin.url} to=dc,tg,here`);
  await waitForFrames(s.t.app, 1);
  origin.end();
  const ids = await targetIds();
  const [dc = 0, tg = 0, here = 0] = [ids['dc'], ids['tg'], ids['here']];
  await waitFor(
    async () => {
      const now = await states();
      return now[tg] === 'done' && now[here] === 'done' && now[dc] === 'paused';
    },
    { timeoutMs: 100_000, what: 'two deliveries, and one that waits for help' },
  );
  expect(telegram.world.messages(channel).filter(({ video }) => video).length).toBeGreaterThan(0);
  s.world.setPermissions(s.guild, [
    'ViewChannel',
    'SendMessages',
    'AttachFiles',
    'ReadMessageHistory',
    'CreatePublicThreads',
    'SendMessagesInThreads',
  ]);
  await s.t.say('/retry s1');
  await waitFor(async () => (await states())[dc] === 'done', { timeoutMs: 100_000, what: 'the third delivery' });
  expect(await discordFrames(s, s.posts())).toBe(await origin.frames());
});
