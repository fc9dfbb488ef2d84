import { type ChildProcess, spawn } from 'node:child_process';
import { isNotNull } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import { inbox } from '../../src/db/schema.ts';
import { startTestApp } from '../support/app.ts';
import { startTelegram } from '../support/telegram/server.ts';
import { waitFor } from '../support/wait.ts';

test('a bot that is killed again and again hears everything and says nothing twice', async () => {
  const server = await startTelegram({ flood: false });
  const people = Array.from({ length: 5 }, (_, i) => server.world.addUser({ firstName: `P${i}`, languageCode: 'en' }));
  const chats = people.map((person) => server.world.privateChat(person));
  const product = await startTestApp(
    {
      TELEGRAM_TOKEN: server.token,
      TELEGRAM_API_ROOT: server.root,
      ADMINS: people.map(({ id }) => `telegram:${id}`).join(','),
    },
    [],
  );
  const children: ChildProcess[] = [];
  const startBot = () => {
    const env = { PATH: process.env.PATH, ...product.env };
    const child = spawn(process.execPath, ['dist/main.js', 'bots'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
    children.push(child);
    return child;
  };
  onTestFinished(async () => {
    for (const child of children) child.kill('SIGKILL');
    await product.close();
    await server.close();
  });

  let said = 0;
  const sayMore = () => {
    for (const [index, person] of people.entries()) {
      const chat = chats[index];
      // Each answer names its question: "I find nothing under s12".
      if (chat) for (let i = 0; i < 6; i++) server.world.say(person, chat, `/status s${++said}`);
    }
  };
  const replies = () =>
    chats.flatMap((chat) =>
      server.world.messages(chat).flatMap(({ text }) => /under "s(\d+)"/.exec(text ?? '')?.[1] ?? []),
    );

  const kills = 2;
  for (let kill = 0; kill < kills; kill++) {
    const bot = startBot();
    const before = replies().length;
    sayMore();
    // Somewhere in the middle of the answers.
    await waitFor(() => replies().length > before + 2 * kill, { what: `answers before kill ${kill}` });
    const exited = new Promise((resolve) => bot.once('exit', resolve));
    bot.kill('SIGKILL');
    await exited;
  }
  startBot();
  sayMore();
  const finished = () => product.app.db.$count(inbox, isNotNull(inbox.repliedAt));
  await waitFor(async () => (await finished()) === said, { what: 'every reply to be on its way' });
  const atMostLost = kills * people.length;
  await waitFor(() => replies().length >= said - atMostLost);
  const all = replies();
  expect(new Set(all).size).toBe(all.length);
  expect(await product.app.db.$count(inbox)).toBe(said);
});
