import { expect, test } from 'vitest';
import type { Quality } from '../../src/core/model.ts';
import { chooseFormat } from '../../src/media/choose-format.ts';

type Format = Parameters<typeof chooseFormat>[0][number];

const format = (url: string, height: number | null, more: Partial<Format> = {}): Format =>
  ({
    ...{ url, height, protocol: 'm3u8_native', http_headers: {}, vcodec: 'avc1', acodec: 'mp4a', ...more },
  }) as Format;

const formats = [
  format('https://a.example/1080', 1080),
  format('https://a.example/480', 480),
  format('https://a.example/360', 360),
  format('https://a.example/sound', null, { vcodec: 'none' }),
];

test.each<[Quality, string]>([
  ['best', '1080'],
  ['2160p', '1080'],
  ['1080p', '1080'],
  // What is not there is the nearest lower one, and the lowest where all are higher.
  ['720p', '480'],
  ['480p', '480'],
  ['360p', '360'],
  ['audio', 'sound'],
])('quality=%s takes %s', (quality, wanted) => {
  expect(chooseFormat(formats, quality)?.url).toBe(`https://a.example/${wanted}`);
});

test('where all are higher the lowest is taken, and where no sound stands alone that of the smallest picture', () => {
  const high = formats.slice(0, 2);
  expect(chooseFormat(high, '360p')?.url).toBe('https://a.example/480');
  expect(chooseFormat(high, 'audio')?.url).toBe('https://a.example/480');
});
