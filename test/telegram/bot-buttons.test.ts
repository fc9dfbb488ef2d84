import { expect, test } from 'vitest';
import type { OnEvent } from '../../src/bots/telegram/handle.ts';
import { waitFor } from '../support/wait.ts';
import { addPerson, type Bot, openBot, texts, waitUntilQuiet } from './bot-setup.ts';

/** A card with a button in the person's chat; gives a function that presses it. */
async function withCard(bot: Bot, onEvent: OnEvent) {
  const anna = addPerson(bot, 'Anna', 'ru');
  const keyboard = { inline_keyboard: [[{ text: 'Stop', callback_data: '/stop s12' }]] };
  const { message_id: card } = await bot.telegram.api.sendMessage(anna.chat.id, 'card', { reply_markup: keyboard });
  bot.start(onEvent);
  const press = () => bot.server.world.press(anna.user, anna.chat, card, 'Stop');
  return { ...anna, press };
}

const answerTo = (bot: Bot, queryId: string) =>
  waitFor(() => bot.server.world.answers.find((answer) => answer.queryId === queryId));

test('a pressed button is a command, answered over the button', async () => {
  const bot = await openBot();
  const anna = await withCard(bot, async ({ text, user }) => ({ text: `${user.language} ${text}` }));
  expect(await answerTo(bot, anna.press())).toMatchObject({ text: 'ru /stop s12', showAlert: false });
  await waitUntilQuiet(bot);
  expect(bot.saidIn(anna.chat)).toHaveLength(1);
});

test('what went wrong is an alert', async () => {
  const bot = await openBot();
  const anna = await withCard(bot, async () => ({ text: 'no', isError: true }));
  expect(await answerTo(bot, anna.press())).toMatchObject({ text: 'no', showAlert: true });
});

test('a long answer is a message, and the button stops waiting', async () => {
  const bot = await openBot();
  const anna = await withCard(bot, async () => ({ text: 'long '.repeat(50) }));
  expect((await answerTo(bot, anna.press())).text).toBeUndefined();
  expect((await texts(bot, anna.chat, 2))[1]).toBe('long '.repeat(50).trim());
});

test('nothing to say ends the waiting of the button', async () => {
  const bot = await openBot();
  const anna = await withCard(bot, async () => undefined);
  expect((await answerTo(bot, anna.press())).text ?? '').toBe('');
});

test('a button that was pressed too long ago is no fault', async () => {
  const bot = await openBot();
  let finish = () => {};
  const slow = new Promise<void>((resolve) => void (finish = resolve));
  const anna = await withCard(bot, async ({ text }) => {
    if (text === '/stop s12') await slow;
    return { text: `done ${text}` };
  });
  anna.press();
  anna.say('/status');
  await waitFor(() => bot.server.calls.some(({ method }) => method === 'getUpdates'));
  bot.server.world.advance(3_600_000);
  finish();
  expect(await texts(bot, anna.chat, 2)).toEqual(['card', 'done /status']);
  expect(bot.logged.join('')).not.toContain('could not be answered');
});
