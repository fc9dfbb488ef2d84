import { InputMediaBuilder } from 'grammy';
import { expect, test } from 'vitest';
import { bytes, expectRefused, setup } from './setup.ts';

const { video } = InputMediaBuilder;
const minuteMs = 60_000;

/** A server whose clock stands still: no matter how slow this machine is. */
async function frozen() {
  const all = await setup();
  all.world.freeze();
  return all;
}

/** Calls `fn` so many times, one after the other. */
async function times(count: number, fn: () => Promise<unknown>): Promise<void> {
  for (let index = 0; index < count; index++) await fn();
}

test('a channel takes 20 messages in a minute, then says how long to wait', async () => {
  const { api, world } = await frozen();
  const { id } = world.addChannel({ title: 'C' });
  await api.sendMessage(id, 'first');
  world.advance(20_500);
  await times(19, () => api.sendMessage(id, 'x'));
  const error = await expectRefused(api.sendMessage(id, 'x'), 429, 'Too Many Requests: retry after 40');
  expect(error.parameters).toEqual({ retry_after: 40 });
  world.advance(39_500);
  await api.sendMessage(id, 'x');
});

test('the answer carries Retry-After, and what was refused does not count', async () => {
  const { api, root, token, world } = await frozen();
  const { id } = world.addGroup({ title: 'G' });
  await times(20, () => api.sendMessage(id, 'x'));
  const send = () => fetch(`${root}/bot${token}/sendMessage?chat_id=${id}&text=x`);
  const answer = await send();
  const { parameters } = (await answer.json()) as { parameters: { retry_after: number } };
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, String(parameters.retry_after)]);
  await times(5, send);
  world.advance(minuteMs);
  await times(20, () => api.sendMessage(id, 'x'));
  expect(world.messages({ id } as never)).toHaveLength(40);
});

test('every item of an album counts, and an album that does not fit is refused whole', async () => {
  const { api, world } = await frozen();
  const vault = world.addChannel({ title: 'Vault' });
  const channel = world.addChannel({ title: 'C' });
  const { video: staged } = await api.sendVideo(vault.id, bytes());
  const album = (count: number) => api.sendMediaGroup(channel.id, new Array(count).fill(video(staged.file_id)));
  await album(10);
  await album(8);
  await expect(album(3)).rejects.toMatchObject({ error_code: 429 });
  expect(world.messages(channel)).toHaveLength(18);
  await album(2);
});

test('a private chat takes bursts, and 60 in a minute', async () => {
  const { api, world } = await frozen();
  const { id } = world.privateChat(world.addUser({ firstName: 'Ann' }));
  for (let round = 0; round < 3; round++) {
    await times(20, () => api.sendMessage(id, 'x'));
    world.advance(1000);
  }
  await expect(api.sendMessage(id, 'x')).rejects.toMatchObject({ error_code: 429 });
});

test('30 in a second over all chats', async () => {
  const { api, world } = await frozen();
  const people = Array.from({ length: 31 }, () => world.privateChat(world.addUser({ firstName: 'Ann' })));
  for (const { id } of people.slice(0, 30)) await api.sendMessage(id, 'x');
  await expectRefused(api.sendMessage(people[30]?.id ?? 0, 'x'), 429, 'Too Many Requests: retry after 1');
  world.advance(1000);
  await api.sendMessage(people[30]?.id ?? 0, 'x');
});

test('20 edits in a minute in a channel, apart from what is sent there', async () => {
  const { api, world } = await frozen();
  const { id } = world.addChannel({ title: 'C' });
  const { message_id: messageId } = await api.sendMessage(id, 'x');
  let count = 0;
  await times(20, () => api.editMessageText(id, messageId, `edit ${count++}`));
  await expect(api.editMessageText(id, messageId, 'one more')).rejects.toMatchObject({ error_code: 429 });
  await api.sendMessage(id, 'still taken');
  expect(world.messages({ id } as never)[0]?.text).toBe('edit 19');
});

test('nothing is counted when the limits are off', async () => {
  const { api, world } = await setup({ flood: false });
  const { id } = world.addChannel({ title: 'C' });
  await times(40, () => api.sendMessage(id, 'x'));
});

test('a call that is refused for another reason does not count', async () => {
  const { api, world } = await frozen();
  const { id } = world.addChannel({ title: 'C' });
  await times(25, () => expectRefused(api.sendMessage(id, ' '), 400, 'Bad Request: text must be non-empty'));
  await times(20, () => api.sendMessage(id, 'x'));
});
