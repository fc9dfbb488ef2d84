import { createHash } from 'node:crypto';
import { Api, GrammyError, HttpError, InputFile } from 'grammy';
import { expect, test } from 'vitest';
import type { Call } from '../support/telegram/types.ts';
import { refuse, startEcho, token } from './echo.ts';

/** The real client against this server: what it writes is what is read. */
function clientOf(apiRoot: string): Api {
  return new Api(token, { apiRoot });
}

function onlyCallOf([call]: Call[]): Call {
  if (call === undefined) throw new Error('no call came');
  return call;
}

test('grammY sends JSON where there is no file', async () => {
  const { root, seen, violations } = await startEcho();
  const markup = { inline_keyboard: [[{ text: 'Stop', callback_data: 'x' }]] };
  await clientOf(root).sendMessage(-1001, '<b>x</b>', { parse_mode: 'HTML', reply_markup: markup });
  expect(seen[0]).toMatchObject({
    method: 'sendMessage',
    params: { chat_id: -1001, text: '<b>x</b>', parse_mode: 'HTML', reply_markup: markup },
  });
  expect(violations).toEqual([]);
});

test('grammY uploads a video with its thumbnail, names without quotes', async () => {
  const { root, seen, violations } = await startEcho();
  const bytes = Buffer.from('video'.repeat(100_000));
  await clientOf(root).sendVideo(-1001, new InputFile(bytes, 'part 1.mp4'), {
    thumbnail: new InputFile(Buffer.from('jpeg'), 'thumb.jpg'),
    duration: 12,
    supports_streaming: true,
    reply_parameters: { message_id: 3 },
  });
  const { params, files } = onlyCallOf(seen);
  expect(params).toMatchObject({ duration: 12, supports_streaming: true, reply_parameters: { message_id: 3 } });
  const video = files.get(String(params['video']).replace('attach://', ''));
  expect(video).toMatchObject({ fileName: 'part 1.mp4', sizeBytes: bytes.length });
  expect(video?.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  expect(files.size).toBe(2);
  expect(violations).toEqual([]);
});

test('grammY sends albums of uploads and of file ids', async () => {
  const { root, seen, violations } = await startEcho();
  await clientOf(root).sendMediaGroup(-1001, [
    { type: 'video', media: new InputFile(Buffer.from('a'), 'a.mp4'), caption: 'one' },
    { type: 'video', media: 'AgADBAAD', width: 640, height: 360 },
  ]);
  const media = seen[0]?.params['media'];
  expect(media).toMatchObject([{ caption: 'one' }, { media: 'AgADBAAD', width: 640 }]);
  expect(seen[0]?.files.size).toBe(1);
  expect(violations).toEqual([]);
});

test('grammY tells a refusal from an answer that is none', async () => {
  const { root, faults } = await startEcho({
    process: refuse(429, 'Too Many Requests: retry after 3', { retry_after: 3 }),
  });
  const refusal = await clientOf(root)
    .getMe()
    .catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(GrammyError);
  expect(refusal).toMatchObject({ error_code: 429, parameters: { retry_after: 3 } });
  for (const kind of ['empty413', 'html502', 'dropBefore', 'dropAfter'] as const) {
    faults.add({ method: 'getMe', kind });
    expect(
      await clientOf(root)
        .getMe()
        .catch((error: unknown) => error),
      kind,
    ).toBeInstanceOf(HttpError);
  }
});

test('grammY hears the cloud refuse a file that is too large, while it still sends', async () => {
  const { root, seen } = await startEcho({ mode: 'cloud' });
  const large = Array.from({ length: 64 }, () => Buffer.alloc(1 << 20));
  const refusal = await clientOf(root)
    .sendVideo(5, new InputFile(large, 'a.mp4'))
    .catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(GrammyError);
  expect(refusal).toMatchObject({ error_code: 413, description: 'Request Entity Too Large' });
  expect(seen).toEqual([]);
});

test('grammY does not understand a local server that refuses a file', async () => {
  const { root, faults } = await startEcho();
  faults.add({ method: 'sendVideo', kind: 'diskFull' });
  const refusal = await clientOf(root)
    .sendVideo(5, new InputFile(Buffer.alloc(4 << 20), 'a.mp4'))
    .catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(HttpError);
});
