import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TemporaryError, UserError } from '../../src/core/errors.ts';
import { createAdReader } from '../../src/sources/hls/ads.ts';
import { mergeSkipped } from '../../src/sources/hls/delta.ts';
import { type MediaPlaylist, parsePlaylist, pickVariant } from '../../src/sources/hls/playlist.ts';
import { joinByHash, joinWindow, markJump, stepWindow } from '../../src/sources/hls/window.ts';
import { changes, fuzzing, mutate } from './mutate.ts';

const at = '2026-01-02T03:04:05.000Z';
const media = (...lines: string[]) =>
  ['#EXTM3U', '#EXT-X-VERSION:9', '#EXT-X-TARGETDURATION:2', '#EXT-X-MEDIA-SEQUENCE:10', ...lines, ''].join('\n');
const entries = (count: number, before = '') =>
  Array.from({ length: count }, (_, index) => `${before}#EXTINF:2.0,title\nseg${index}.ts?token=1`);
const corpus = [
  media(...entries(4)),
  media('#EXT-X-DISCONTINUITY-SEQUENCE:3', ...entries(2), '#EXT-X-DISCONTINUITY', ...entries(2), '#EXT-X-ENDLIST'),
  media(`#EXT-X-PROGRAM-DATE-TIME:${at}`, ...entries(2), '#EXT-X-GAP', ...entries(1)),
  media('#EXT-X-MAP:URI="init.mp4",BYTERANGE="700@0"', ...entries(3, '#EXT-X-BYTERANGE:500@700\n')),
  media('#EXT-X-KEY:METHOD=AES-128,URI="key?a=1",IV=0x00000000000000000000000000000001', ...entries(3)),
  media('#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://a",KEYFORMAT="com.apple.streamingkeydelivery"', ...entries(1)),
  media('#EXT-X-SKIP:SKIPPED-SEGMENTS=3', ...entries(3)),
  media(
    '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3.0',
    '#EXT-X-PART-INF:PART-TARGET=1.0',
    ...entries(2),
    '#EXT-X-PART:DURATION=1.0,URI="p.ts"',
    '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="q.ts"',
  ),
  media(
    '#EXT-X-CUE-OUT:30.0',
    ...entries(1),
    '#EXT-X-CUE-OUT-CONT:2/30',
    ...entries(1),
    '#EXT-X-CUE-IN',
    ...entries(1),
  ),
  media(
    `#EXT-X-DATERANGE:ID="a",START-DATE="${at}",DURATION=4,SCTE35-OUT=0xFC30`,
    `#EXT-X-PROGRAM-DATE-TIME:${at}`,
    ...entries(4),
  ),
  [
    '#EXTM3U',
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",DEFAULT=YES,AUTOSELECT=YES,URI="a.m3u8"',
    '#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=1280x720,FRAME-RATE=50.0,CODECS="avc1.4d401f,mp4a.40.2",AUDIO="a"',
    'v.m3u8',
    '#EXT-X-STREAM-INF:BANDWIDTH=90000,CODECS="mp4a.40.2"',
    'sound.m3u8',
    '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1000,URI="i.m3u8"',
    '',
  ].join('\n'),
];

/** Numbers and words that a hostile server writes where an honest one writes others. */
const spoils = fc.constantFrom(
  ...['-1', '0', '1e999', 'NaN', '9'.repeat(400), '99999999999999999999', '', '"', ',', '=', '\0', '\u2028', '%00'],
  ...['http://[', 'javascript:1', 'data:,', 'file:///etc/passwd', '//', '0x', '0x0', '@', '1@2@3', '1x1x1'],
);
const spoil = fc.record({ line: fc.nat(40), word: fc.nat(12), by: spoils });

function spoiled(text: string, list: { line: number; word: number; by: string }[]): string {
  const lines = text.split('\n');
  for (const { line, word, by } of list) {
    const index = line % lines.length;
    const words = (lines[index] ?? '').split(/([:=,@x])/);
    words[word % words.length] = by;
    lines[index] = words.join('');
  }
  return lines.join('\n');
}

/** Reads it as the follower does; everything it says is a number that can be counted with. */
function follow(text: string): void {
  const parsed = parsePlaylist(text, 'https://e.example/live/index.m3u8');
  if (parsed.kind === 'master') {
    const { url } = pickVariant(parsed.variants, '720p');
    expect(URL.canParse(url)).toBe(true);
    return;
  }
  const before: MediaPlaylist = { targetMs: 2_000, isEnded: false, segments: [] };
  const playlist = createAdReader('drop')(text, mergeSkipped(text, parsed.playlist, before));
  expect(playlist.targetMs).toBeGreaterThanOrEqual(500);
  expect(playlist.targetMs).toBeLessThanOrEqual(30_000);
  for (const segment of playlist.segments) {
    const { sequence, durationMs, programDateTime, url } = segment;
    const isCountable = Number.isSafeInteger(sequence) && durationMs >= 0 && durationMs <= 600_000;
    if (!isCountable || !URL.canParse(url)) throw new Error(`${sequence} ${durationMs} ${url}`);
    programDateTime?.toISOString();
    markJump(undefined, segment);
  }
  const from = {
    sequence: 11,
    playlist: 'https://e.example/live/index.m3u8',
    programDateTime: new Date(at),
    hashes: ['a'],
  };
  for (const joining of [
    joinWindow(from, from.playlist, playlist),
    joinByHash(from, 'x', playlist, new Map([[12, 'a']])),
  ])
    if (joining.kind === 'join') expect(Number.isFinite(joining.missing?.lengthMs ?? 0)).toBe(true);
  const step = stepWindow({ next: 12, expectedAt: new Date(at), backwardCount: 0 }, playlist);
  if (step.kind === 'fetch') expect(Number.isSafeInteger(step.state.next)).toBe(true);
}

/** Reads it, or says in a way that is foreseen why not. */
function tryToFollow(text: string): void {
  try {
    follow(text);
  } catch (error) {
    if (!(error instanceof TemporaryError) && !(error instanceof UserError)) throw error;
  }
}

describe('playlists that were spoiled', { timeout: 120_000 }, () => {
  test.each(corpus.map((text, index) => [index, text] as const))(
    'the whole playlist %i is read or refused',
    (_, text) => tryToFollow(text),
  );

  test('bytes that changed at random', () => {
    fc.assert(
      fc.property(fc.constantFrom(...corpus), changes, (text, list) => {
        tryToFollow(mutate(Buffer.from(text), list).toString('utf8'));
      }),
      { ...fuzzing, numRuns: 2_000 },
    );
  });

  test('words that were replaced by hostile ones', () => {
    fc.assert(
      fc.property(fc.constantFrom(...corpus), fc.array(spoil, { minLength: 1, maxLength: 6 }), (text, list) => {
        tryToFollow(spoiled(text, list));
      }),
      { ...fuzzing, numRuns: 3_000 },
    );
  });

  test('lines that came in another order, twice or not at all', () => {
    const order = fc.array(fc.nat(60), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(fc.constantFrom(...corpus), fc.constantFrom(...corpus), order, (one, other, list) => {
        const lines = [...one.split('\n'), ...other.split('\n')];
        tryToFollow(['#EXTM3U', ...list.map((index) => lines[index % lines.length])].join('\n'));
      }),
      { ...fuzzing, numRuns: 1_500 },
    );
  });

  test.each([
    ['a million variants', `#EXTM3U\n${'#EXT-X-STREAM-INF:BANDWIDTH=1\na\n'.repeat(120_000)}`],
    ['a million renditions', `#EXTM3U\n${'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="b"\n'.repeat(85_000)}`],
    ['a million keys of a session', `#EXTM3U\n${'#EXT-X-SESSION-KEY:METHOD=AES-128,URI="a"\n'.repeat(90_000)}`],
  ])('%s are refused with a sentence before they are read', (_, text) => {
    expect(() => parsePlaylist(text, 'https://e.example/')).toThrow(
      expect.objectContaining({ code: 'playlist_too_long' }),
    );
  });

  test.each([
    ['Media Segments', media('#EXTINF:2,\na.ts\n'.repeat(60_000))],
    ['keys', media(`${'#EXT-X-KEY:METHOD=AES-128,URI="a"\n'.repeat(20_000)}#EXTINF:2,\na.ts`)],
    ['ad breaks', media('#EXT-X-CUE-OUT:1\n#EXTINF:2,\na.ts\n#EXT-X-CUE-IN\n'.repeat(15_000))],
    ['date ranges', media(`#EXT-X-DATERANGE:ID="1",START-DATE="${at}",SCTE35-OUT=0xFC\n`.repeat(12_000))],
    ['attributes', media(`#EXT-X-DATERANGE:ID="1",${'X-A="1",'.repeat(80_000)}B=1\n#EXTINF:2,\na.ts`)],
    ['open quotes', media(`#EXT-X-DATERANGE:${'A="1,'.repeat(60_000)}\n#EXTINF:2,\na.ts`)],
  ])('endless %s are read in time that goes with their number', (_, text) => tryToFollow(text));
});
