import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api, InputFile } from 'grammy';
import { expect, onTestFinished, test } from 'vitest';
import { bytes, expectRefused, setup } from './setup.ts';

/** The smallest header that says that it is a JPEG of this size. */
function jpeg(width: number, height: number, sizeBytes = 100): Buffer {
  const frame = Buffer.from([0xff, 0xd8, 0xff, 0xc0, 0, 17, 8, height >> 8, height & 255, width >> 8, width & 255, 3]);
  return Buffer.concat([frame, Buffer.alloc(sizeBytes - frame.length)]);
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'aircheck-test-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A local server that sees `here` of this disk as `/srv/media`. */
async function local() {
  const here = await folder();
  const all = await setup({ mode: 'local', containerRoot: { here, there: '/srv/media' } });
  return { ...all, here, vault: all.world.addChannel({ title: 'Vault' }) };
}

test('an uploaded video answers with all that was said of it, and its bytes stand on disk', async () => {
  const { api, world } = await setup();
  const vault = world.addChannel({ title: 'Vault' });
  const content = Buffer.from('not really a film');
  const { video } = await api.sendVideo(vault.id, new InputFile(content, 'part-1.mp4'), {
    width: 1280,
    height: 20_000,
    duration: 90_000,
    supports_streaming: true,
    thumbnail: new InputFile(jpeg(320, 180), 'thumb.jpg'),
  });
  expect(video).toMatchObject({
    width: 1280,
    height: 10_000,
    duration: 86_400,
    supports_streaming: true,
    file_size: content.length,
    file_name: 'part-1.mp4',
    mime_type: 'video/mp4',
    thumbnail: { width: 320, height: 180, file_size: 100 },
  });
  const file = world.fileOf(video.file_id);
  expect(await readFile(file.path)).toEqual(content);
  expect(file).toMatchObject({ sizeBytes: content.length, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
});

test('the same bytes uploaded again are another document; sent by id they are the same', async () => {
  const { api, world } = await setup();
  const { id } = world.addChannel({ title: 'Vault' });
  const send = async (file: InputFile | string) => (await api.sendVideo(id, file)).video;
  const same = () => new InputFile(Buffer.from('same'), 'a.mp4');
  const [one, two] = [await send(same()), await send(same())];
  expect(two.file_unique_id).not.toBe(one.file_unique_id);
  const again = await send(one.file_id);
  expect(again.file_unique_id).toBe(one.file_unique_id);
  expect(again.file_id).not.toBe(one.file_id);
});

test('another bot cannot use a file id, though it sees the same file_unique_id', async () => {
  const all = await setup();
  const other = '2000002:another-bot-of-the-same-server-0002';
  all.addBot(other);
  const api = new Api(other, { apiRoot: all.root });
  const { id } = all.world.addChannel({ title: 'Vault' });
  const { video } = await all.api.sendVideo(id, bytes());
  await expectRefused(api.sendVideo(id, video.file_id), 400, 'Bad Request: wrong file identifier/HTTP URL specified');
  const [update] = await api.getUpdates();
  expect(update?.channel_post?.video?.file_unique_id).toBe(video.file_unique_id);
  expect((await api.sendVideo(id, update?.channel_post?.video?.file_id ?? '')).video.file_unique_id).toBe(
    video.file_unique_id,
  );
});

test('only MPEG-4 is a video; another container becomes a document', async () => {
  const { api, world } = await setup();
  const { id } = world.addChannel({ title: 'Vault' });
  const message = await api.sendVideo(id, bytes('part.mkv'));
  expect(message).toMatchObject({ document: { file_name: 'part.mkv', mime_type: 'video/x-matroska' } });
  expect(message).not.toHaveProperty('video');
  expect(await api.sendDocument(id, bytes('a.mp4'))).toHaveProperty('video');
  const kept = await api.sendDocument(id, bytes('a.mp4'), { disable_content_type_detection: true });
  expect(kept).toHaveProperty('document');
});

test('photos, audios and animations show themselves as such, each with its own attributes', async () => {
  const { api, world } = await setup();
  const { id } = world.addChannel({ title: 'Vault' });
  const audio = await api.sendAudio(id, bytes('a.mp3'), { duration: 60, title: 'Show', performer: 'Ann' });
  expect(audio.audio).toMatchObject({ duration: 60, title: 'Show', performer: 'Ann', mime_type: 'audio/mpeg' });
  const { animation, ...rest } = await api.sendAnimation(id, bytes('a.mp4'), { duration: 3, width: 100, height: 50 });
  expect(animation).toMatchObject({ duration: 3, width: 100, height: 50 });
  expect(rest).toHaveProperty('document.file_unique_id', animation.file_unique_id);
  const wrong = api.sendVideo(id, audio.audio.file_id);
  await expectRefused(wrong, 400, "Bad Request: can't use file of type Audio as Video");
});

test('the cloud takes 50 MB and gives 20 MB', async () => {
  const { api, world } = await setup();
  const { id } = world.addChannel({ title: 'Vault' });
  const dir = await folder();
  const sparse = async (mib: number, more = 0) => {
    const path = join(dir, `${mib}-${more}.mp4`);
    await writeFile(path, 'x');
    await truncate(path, mib * 2 ** 20 + more);
    return new InputFile(path);
  };
  await expectRefused(api.sendVideo(id, await sparse(50, 1)), 413, 'Request Entity Too Large');
  const { video } = await api.sendVideo(id, await sparse(20, 1));
  await expectRefused(api.getFile(video.file_id), 400, 'Bad Request: file is too big');
});

test('an empty file is refused, and so is a photo that is none', async () => {
  const { api, world } = await setup();
  const { id } = world.addChannel({ title: 'Vault' });
  const empty = new InputFile(Buffer.alloc(0), 'a.mp4');
  await expectRefused(api.sendVideo(id, empty), 400, 'Bad Request: file must be non-empty');
  await expectRefused(api.sendPhoto(id, bytes('a.jpg')), 400, 'Bad Request: IMAGE_PROCESS_FAILED');
  const { photo } = await api.sendPhoto(id, new InputFile(jpeg(640, 360), 'a.jpg'));
  expect(photo).toMatchObject([{ width: 640, height: 360 }]);
  const long = new InputFile(jpeg(9000, 400), 'a.jpg');
  await expectRefused(api.sendPhoto(id, long), 400, 'Bad Request: PHOTO_INVALID_DIMENSIONS');
  const big = new InputFile(jpeg(640, 360, 10 * 2 ** 20 + 1), 'a.jpg');
  const text = 'Bad Request: file of size 10485761 bytes is too big for a photo; the maximum size is 10485760 bytes';
  await expectRefused(api.sendPhoto(id, big), 400, text);
});

test('a cover may be used again by its id, and is chosen for each message', async () => {
  const { api, world } = await setup();
  const { id } = world.addChannel({ title: 'Vault' });
  const options = { cover: new InputFile(jpeg(640, 360), 'cover.jpg'), start_timestamp: 5 };
  const { video } = await api.sendVideo(id, bytes(), options);
  expect(video).toMatchObject({ cover: [{ width: 640, height: 360 }], start_timestamp: 5 });
  const [cover] = video.cover ?? [];
  const again = await api.sendVideo(id, video.file_id, { cover: cover?.file_id ?? '' });
  expect(again.video.cover?.[0]?.file_unique_id).toBe(cover?.file_unique_id);
  expect((await api.sendVideo(id, video.file_id)).video).not.toHaveProperty('cover');
});

test('a thumbnail that is too big, or comes with a file id, is ignored, and noted', async () => {
  const { api, world, violations } = await setup();
  const { id } = world.addChannel({ title: 'Vault' });
  const big = { thumbnail: new InputFile(jpeg(640, 360), 'thumb.jpg') };
  const { video } = await api.sendVideo(id, bytes(), big);
  expect(video).not.toHaveProperty('thumbnail');
  await api.sendVideo(id, video.file_id, { thumbnail: new InputFile(jpeg(320, 180), 'thumb.jpg') });
  expect(violations.splice(0)).toEqual([
    'thumbnail thumb.jpg is no JPEG under 200 kB and 320 pixels',
    'thumbnail: ignored for a file that is sent by its id',
  ]);
});

test('what is no file id says what it is instead', async () => {
  const { api, world } = await setup();
  const { id } = world.addChannel({ title: 'Vault' });
  const wrong = 'Bad Request: wrong remote file identifier specified:';
  await expectRefused(api.sendVideo(id, 'file:///srv/a'), 400, `${wrong} Wrong character in the string`);
  await expectRefused(api.sendVideo(id, 'BAACx'), 400, `${wrong} can't unserialize it. Wrong last symbol`);
  const url = 'Bad Request: invalid file HTTP URL specified:';
  await expectRefused(api.sendVideo(id, 'file:///srv/a.mp4'), 400, `${url} Unsupported URL protocol`);
  await expectRefused(api.sendVideo(id, '/srv/a.mp4'), 400, `${url} URL host is empty`);
  await expectRefused(api.getFile('BAACx'), 400, 'Bad Request: invalid file_id');
});

test('a file may be named by its URL, and is fetched once', async () => {
  const { api, world, root, token } = await setup();
  const { id } = world.addChannel({ title: 'Vault' });
  const { video } = await api.sendVideo(id, new InputFile(Buffer.from('film'), 'a.mp4'));
  const { file_path: path } = await api.getFile(video.file_id);
  const url = `${root}/file/bot${token}/${path}`;
  const fetched = await api.sendVideo(id, url);
  expect(world.fileOf(fetched.video.file_id).sha256).toBe(world.fileOf(video.file_id).sha256);
  expect(fetched.video.file_unique_id).not.toBe(video.file_unique_id);
  await expectRefused(api.sendVideo(id, `${url}.no`), 400, 'Bad Request: failed to get HTTP URL content');
});

test('a local server reads file: paths as its container sees them', async () => {
  const { api, here, vault, world } = await local();
  await mkdir(join(here, 'my parts'));
  await writeFile(join(here, 'my parts', 'ä.mp4'), 'film');
  for (const uri of ['file:///srv/media/my%20parts/%C3%A4.mp4', 'file://localhost/srv/media/my parts/ä.mp4']) {
    const { video } = await api.sendVideo(vault.id, uri, { duration: 3 });
    expect(video).toMatchObject({ file_name: 'ä.mp4', file_size: 4, duration: 3 });
  }
  const [one, two] = world.messages(vault);
  expect(one?.fileSha256).toBe(two?.fileSha256);
});

test('a local server refuses what it cannot find, what is outside, empty, or no file', async () => {
  const { api, here, vault } = await local();
  await writeFile(join(here, 'empty.mp4'), '');
  await mkdir(join(here, 'folder.mp4'));
  const none = "Bad Request: can't find real file path";
  for (const uri of [
    'file:///srv/media/no.mp4',
    `file://${here}/empty.mp4`,
    'file:///srv/media/../a.mp4',
    'file:/a.mp4',
  ]) {
    await expectRefused(api.sendVideo(vault.id, uri), 400, none);
  }
  const at = (name: string) => api.sendVideo(vault.id, `file:///srv/media/${name}`);
  await expectRefused(at('empty.mp4'), 400, 'Bad Request: file must be non-empty');
  await expectRefused(at('folder.mp4'), 400, 'Bad Request: file must be a regular file');
  const bare = api.sendVideo(vault.id, '/srv/media/a.mp4');
  await expectRefused(bare, 400, 'Bad Request: invalid file HTTP URL specified: URL host is empty');
});

test('a local server takes 2000 MB and no more', async () => {
  const { api, here, vault } = await local();
  const path = join(here, 'big.mp4');
  await writeFile(path, 'x');
  await truncate(path, 2000 * 2 ** 20 + 1);
  const send = () => api.sendVideo(vault.id, 'file:///srv/media/big.mp4');
  await expectRefused(send(), 400, 'Bad Request: FILE_PARTS_INVALID');
  await truncate(path, 4000 * 2 ** 20 + 1);
  const text = 'Bad Request: file of size 4194304001 bytes is too big; the maximum size is 4194304000 bytes';
  await expectRefused(send(), 400, text);
});

test('a file that grows or goes away while it is read is refused', async () => {
  const { api, here, vault, world } = await local();
  const path = join(here, 'a.mp4');
  await writeFile(path, 'film');
  const send = () => api.sendVideo(vault.id, 'file:///srv/media/a.mp4');
  world.duringRead = () => writeFile(path, 'longer film');
  await expectRefused(send(), 400, 'Bad Request: file was modified');
  world.duringRead = () => rm(path);
  await expectRefused(send(), 400, "Bad Request: can't find real file path");
  expect(world.messages(vault)).toEqual([]);
});

test('getFile gives an address in the cloud, and an absolute path of the server when it is local', async () => {
  const cloud = await setup();
  const { id } = cloud.world.addChannel({ title: 'Vault' });
  const { video } = await cloud.api.sendVideo(id, new InputFile(Buffer.from('film'), 'a.mp4'));
  const { file_path: path } = await cloud.api.getFile(video.file_id);
  const answer = await fetch(`${cloud.root}/file/bot${cloud.token}/${path}`);
  expect(await answer.text()).toBe('film');
  const { api, vault } = await local();
  const sent = await api.sendVideo(vault.id, bytes());
  expect((await api.getFile(sent.video.file_id)).file_path).toMatch(/^\//);
});
