import { InputMediaBuilder } from 'grammy';
import type { Message } from 'grammy/types';
import { expect, test } from 'vitest';
import { bytes, expectRefused, setup } from './setup.ts';

const { video, photo, document, audio, animation } = InputMediaBuilder;

/** A vault with `count` staged videos, and a channel to post them to. */
async function staged(count: number) {
  const all = await setup();
  const [vault, channel] = [all.world.addChannel({ title: 'Vault' }), all.world.addChannel({ title: 'Channel' })];
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    const { video: sent } = await all.api.sendVideo(vault.id, bytes(`part-${index}.mp4`), { duration: 60 + index });
    ids.push(sent.file_id);
  }
  return { ...all, vault, channel, ids };
}

test('an album by file id has one media_group_id, consecutive ids, and the staged files in order', async () => {
  const { api, world, vault, channel, ids } = await staged(3);
  const items = ids.map((id, index) => video(id, index === 0 ? { caption: 'Parts 1-3' } : {}));
  const messages = await api.sendMediaGroup(channel.id, items);
  expect(messages.map(({ message_id }) => message_id)).toEqual([1, 2, 3]);
  expect(new Set(messages.map((message: Message) => message.media_group_id)).size).toBe(1);
  expect(messages.map(({ caption }) => caption)).toEqual(['Parts 1-3', undefined, undefined]);
  const hashes = (chat: typeof channel) => world.messages(chat).map(({ fileSha256 }) => fileSha256);
  expect(hashes(channel)).toEqual(hashes(vault));
  expect(new Set(hashes(channel)).size).toBe(3);
  expect(world.albums(channel)).toHaveLength(1);
});

test('an item sent by file id keeps the attributes of its first upload', async () => {
  const { api, channel, ids } = await staged(2);
  const items = ids.map((id) => video(id, { duration: 5, width: 7, supports_streaming: true }));
  const [first] = await api.sendMediaGroup(channel.id, items);
  expect(first).toMatchObject({ video: { duration: 60, width: 0 } });
  expect(first).not.toHaveProperty('video.supports_streaming');
});

test('an album takes 1 to 10 items, and one item is no album', async () => {
  const { api, channel, ids } = await staged(1);
  const [id = ''] = ids;
  const [only, ...rest]: Message[] = await api.sendMediaGroup(channel.id, [video(id)]);
  expect([only?.media_group_id, rest]).toEqual([undefined, []]);
  const eleven = new Array(11).fill(video(id));
  await expectRefused(
    api.sendMediaGroup(channel.id, eleven),
    400,
    'Bad Request: too many messages to send as an album',
  );
  await expectRefused(api.sendMediaGroup(channel.id, []), 400, 'Bad Request: there are no messages to send');
});

test('documents and audios stay with their own; animations are in no album', async () => {
  const { api, channel } = await staged(0);
  const mixed = api.sendMediaGroup(channel.id, [video(bytes()), document(bytes('b.txt'))] as never);
  await expectRefused(mixed, 400, "Bad Request: document can't be mixed with other media types");
  const sounds = api.sendMediaGroup(channel.id, [video(bytes()), audio(bytes('a.mp3'))] as never);
  await expectRefused(sounds, 400, "Bad Request: audio can't be mixed with other media types");
  const text = `Bad Request: can't parse InputMedia: type "animation" can't be used in sendMediaGroup`;
  await expectRefused(api.sendMediaGroup(channel.id, [video(bytes()), animation(bytes())] as never), 400, text);
  const documents = await api.sendMediaGroup(channel.id, [document(bytes('a.txt')), document(bytes('b.txt'))]);
  expect(documents).toHaveLength(2);
});

test('show_caption_above_media is the same on all items', async () => {
  const { api, channel, ids } = await staged(2);
  const items = ids.map((id, index) => video(id, { show_caption_above_media: index === 0 }));
  const text = 'Bad Request: parameter show_caption_above_media must be the same for all messages';
  await expectRefused(api.sendMediaGroup(channel.id, items), 400, text);
});

test('a file id of another type, or of another bot, is refused, and nothing is posted', async () => {
  const { api, world, channel, ids, vault } = await staged(2);
  const { document: sent } = await api.sendDocument(vault.id, bytes('notes.txt'));
  const items = [video(ids[0] ?? ''), video(sent.file_id)];
  const text = "Bad Request: can't use file of type Document as Video";
  await expectRefused(api.sendMediaGroup(channel.id, items), 400, text);
  await expectRefused(api.sendMediaGroup(channel.id, [video('BAACgarbage'), photo('x')]), 400, unserialized);
  expect(world.messages(channel)).toEqual([]);
});
const unserialized = "Bad Request: wrong remote file identifier specified: can't unserialize it. Wrong last symbol";

test('captions of an album are parsed and limited one by one', async () => {
  const { api, channel, ids } = await staged(2);
  const bold = ids.map((id) => video(id, { caption: '<b>x</b>', parse_mode: 'HTML' as const }));
  const messages = await api.sendMediaGroup(channel.id, bold);
  expect(messages[1]).toMatchObject({ caption: 'x', caption_entities: [{ type: 'bold', offset: 0, length: 1 }] });
  const long = ids.map((id, index) => video(id, { caption: 'x'.repeat(1024 + index) }));
  await expectRefused(api.sendMediaGroup(channel.id, long), 400, 'Bad Request: message caption is too long');
});

test('an album that comments replies to its root with all of its items', async () => {
  const { api, world, ids } = await staged(2);
  const group = world.addGroup({ title: 'G' });
  const root = world.say(world.addUser({ firstName: 'Ann' }), group, 'root');
  const reply = { reply_parameters: { message_id: root.message_id } };
  const messages = await api.sendMediaGroup(
    group.id,
    ids.map((id) => video(id)),
    reply,
  );
  expect(messages.map(({ message_thread_id }) => message_thread_id)).toEqual([root.message_id, root.message_id]);
  expect(messages.every(({ reply_to_message: to }) => to?.message_id === root.message_id)).toBe(true);
});

test('of a broken album the first items stand', async () => {
  const { api, world, channel, ids, fault } = await staged(3);
  fault({ method: 'sendMediaGroup', kind: 'partialAlbum', keep: 2 });
  const call = api.sendMediaGroup(
    channel.id,
    ids.map((id) => video(id)),
  );
  await expect(call).rejects.toMatchObject({ error_code: 400 });
  expect(world.messages(channel)).toHaveLength(2);
});

test('a big channel answers with message_id 0 and shows the album later, with updates of its own', async () => {
  const { api, world, channel, ids, fault } = await staged(2);
  fault({ method: 'sendMediaGroup', kind: 'messageIdZero' });
  const messages = await api.sendMediaGroup(
    channel.id,
    ids.map((id) => video(id)),
  );
  expect(messages.map(({ message_id }) => message_id)).toEqual([0, 0]);
  expect(world.messages(channel)).toEqual([]);
  await expectRefused(api.deleteMessage(channel.id, 0), 400, 'Bad Request: message identifier is not specified');
  world.publish();
  const updates = await api.getUpdates();
  expect(updates.map(({ channel_post: post }) => post?.message_id)).toEqual([1, 2]);
  const uniqueIds = (posts: (Message | undefined)[]) => posts.map((message) => message?.video?.file_unique_id);
  expect(uniqueIds(updates.map(({ channel_post: message }) => message))).toEqual(uniqueIds(messages));
});
