import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AdPolicy } from '../../src/core/model.ts';
import { createAdReader } from '../../src/sources/hls/ads.ts';
import { parsePlaylist } from '../../src/sources/hls/playlist.ts';

const epoch = Date.parse('2026-01-02T03:04:05Z');

/** A playlist of Media Segments of 2 s from `first` on, with lines before some of them. */
function playlist(
  first: number,
  count: number,
  before: Record<number, string | undefined> = {},
  hasTimes = true,
): string {
  const lines = ['#EXTM3U', '#EXT-X-TARGETDURATION:2', `#EXT-X-MEDIA-SEQUENCE:${first}`];
  for (let sequence = first; sequence < first + count; sequence++) {
    const line = before[sequence];
    if (line) lines.push(line);
    if (hasTimes) lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(epoch + sequence * 2_000).toISOString()}`);
    lines.push('#EXTINF:2.0,', `${sequence}.ts`);
  }
  return `${lines.join('\n')}\n`;
}

/** Sequences that lie in a break, as each answer is read in turn. */
function adsIn(answers: string[], policy: AdPolicy = 'drop'): number[] {
  const read = createAdReader(policy);
  const found = new Set<number>();
  for (const text of answers) {
    const parsed = parsePlaylist(text, 'http://x.example/index.m3u8');
    if (parsed.kind === 'master') throw new Error('a master');
    for (const { sequence, adBreak } of read(text, parsed.playlist).segments)
      if (adBreak === policy) found.add(sequence);
  }
  return [...found];
}
const at = (sequence: number) => new Date(epoch + sequence * 2_000).toISOString();

describe('ad breaks in a playlist', () => {
  test.each([
    ['#EXT-X-CUE-OUT:6', '#EXT-X-CUE-IN'],
    ['#EXT-X-CUE-OUT:DURATION=6.0', '#EXT-X-CUE-IN'],
    ['#EXT-X-CUE-OUT', '#EXT-X-CUE-IN'],
    ['#EXT-X-CUE-OUT:60', '#EXT-X-CUE-IN'],
    ['#EXT-X-CUE-OUT:6', ''],
    ['#EXT-X-CUE-OUT-CONT:ElapsedTime=4.0,Duration=10.0', ''],
    ['#EXT-X-CUE-OUT-CONT:4/10', ''],
    ['#EXT-X-SCTE35:TYPE=0x34,CUE-OUT=YES,DURATION=6', '#EXT-X-SCTE35:TYPE=0x35,CUE-IN=YES'],
    [`#EXT-X-DATERANGE:ID="1",START-DATE="${at(3)}",DURATION=6,SCTE35-OUT=0xFC30`, ''],
    [`#EXT-X-DATERANGE:ID="1",START-DATE="${at(3)}",END-DATE="${at(6)}",SCTE35-OUT=0xFC30`, ''],
    [`#EXT-X-DATERANGE:ID="stitched-ad-1",START-DATE="${at(3)}",DURATION=6.01`, ''],
    [`#EXT-X-DATERANGE:ID="q",CLASS="x",START-DATE="${at(3)}",DURATION=6,X-TV-TWITCH-AD-URL="https://a,b"`, ''],
    [`#EXT-X-DATERANGE:ID="i",CLASS="com.apple.hls.interstitial",START-DATE="${at(3)}",DURATION=6`, ''],
  ])('%s … %s', (begins, ends) => {
    expect(adsIn([playlist(0, 10, { 3: begins, ...(ends ? { 6: ends } : {}) })])).toEqual([3, 4, 5]);
  });

  test('an interstitial that the stream waits for takes nothing of it', () => {
    const tag = `#EXT-X-DATERANGE:ID="i",CLASS="com.apple.hls.interstitial",START-DATE="${at(3)}",DURATION=6,X-RESUME-OFFSET=0`;
    expect(adsIn([playlist(0, 10, { 3: tag })])).toEqual([]);
  });

  test('a range of another kind is none', () => {
    expect(
      adsIn([playlist(0, 9, { 3: `#EXT-X-DATERANGE:ID="p",CLASS="program",START-DATE="${at(0)}",DURATION=20` })]),
    ).toEqual([]);
  });

  test('a break goes on where the line that began it slid out, and its end is believed when it comes', () => {
    const planned = `#EXT-X-DATERANGE:ID="1",START-DATE="${at(3)}",PLANNED-DURATION=60,SCTE35-OUT=0xFC30`;
    const ended = `#EXT-X-DATERANGE:ID="1",START-DATE="${at(3)}",DURATION=8,SCTE35-IN=0xFC30`;
    expect(adsIn([playlist(0, 4, { 3: planned }), playlist(4, 3), playlist(7, 3, { 7: ended })])).toEqual([3, 4, 5, 6]);
    const cue = [playlist(0, 4, { 3: '#EXT-X-CUE-OUT' }), playlist(4, 3), playlist(7, 3, { 7: '#EXT-X-CUE-IN' })];
    expect(adsIn(cue)).toEqual([3, 4, 5, 6]);
  });

  test('a break without an end is over after ten minutes: a lost mark does not drop the rest of a broadcast', () => {
    expect(adsIn([playlist(0, 400, { 0: '#EXT-X-CUE-OUT' })])).toHaveLength(300);
    const tag = `#EXT-X-DATERANGE:ID="1",START-DATE="${at(0)}",SCTE35-OUT=0xFC30`;
    expect(adsIn([playlist(0, 400, { 0: tag })])).toHaveLength(300);
  });

  test('nobody looks for them where all is kept', () => {
    expect(adsIn([playlist(0, 10, { 3: '#EXT-X-CUE-OUT:6' })], 'keep')).toEqual([]);
  });

  test('however the window slides over a break, the same Media Segments lie in it', () => {
    const slides = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 10, maxLength: 20 });
    fc.assert(
      fc.property(slides, fc.boolean(), (steps, hasEnd) => {
        const lines = { 5: '#EXT-X-CUE-OUT:8', ...(hasEnd ? { 9: '#EXT-X-CUE-IN' } : {}) };
        let first = 0;
        const answers = steps.map((step) => {
          const text = playlist(first, 6, lines, false);
          first += step;
          return text;
        });
        expect(adsIn([playlist(0, 6, lines, false), ...answers]).toSorted((a, b) => a - b)).toEqual([5, 6, 7, 8]);
      }),
      { seed: 7, numRuns: 50 },
    );
  });
});
