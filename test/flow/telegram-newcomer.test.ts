import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { waitForFrames, waitUntilPosted } from '../support/app.ts';
import { useFlow } from '../support/use-flow.ts';

const flow = useFlow();

/** The commands of the document's blocks, in order. */
async function commandsOf(document: string): Promise<string[]> {
  const text = await readFile(new URL(`../../docs/${document}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^\s*```\n([\s\S]*?)```/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line.startsWith('/'));
}

test('docs/telegram.md, word by word: from a stranger to the first album', async () => {
  const s = await flow.telegram({ hasVault: false });
  const origin = await flow.origin(6);
  const newcomer = s.world.addUser({ firstName: 'New' });
  const hers = s.world.privateChat(newcomer);
  expect(await s.say('/whoami', { chat: hers, user: newcomer })).toBe(
    `This bot is private. Ask its owner to let you in; your id here is ${newcomer.id}.`,
  );
  expect(await s.say('/whoami')).toContain('admin');
  expect(await s.say('/help')).toContain('/record');

  const [add = '', check = ''] = await commandsOf('telegram.md');
  const vaultLink = `https://t.me/c/${String(s.vault.id).slice(4)}/2`;
  const mine = add.replace('@mychannel', '@archive_channel').replace(/https:\/\/t\.me\/c\/\d+\/2/, vaultLink);
  expect(mine).not.toBe(add);
  expect(await s.say(mine)).toContain('archive');
  expect(await s.say(check)).toBe('Target "archive" works.');

  await s.say(`/record ${origin.url} to=archive`);
  await waitForFrames(s.t.app, 1);
  origin.end();
  await waitUntilPosted(s.t.app);
  expect(s.posts()).toHaveLength(1);
  expect(s.world.messages(s.vault)).toHaveLength(1);
  expect(s.world.messages(s.group).filter(({ from }) => from?.is_bot)).toHaveLength(1);
  await s.cardShows(({ reply_markup: markup }) => JSON.stringify(markup).includes('https://t.me/c/'));
});
