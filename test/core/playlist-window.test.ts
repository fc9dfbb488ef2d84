import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ResumePoint } from '../../src/core/ports.ts';
import { type MediaPlaylist, parsePlaylist, pickVariant } from '../../src/sources/hls/playlist.ts';
import { type Following, joinByHash, joinWindow, stepWindow } from '../../src/sources/hls/window.ts';

const epoch = Date.parse('2026-01-02T03:04:05Z');
const listed = (first: number, count: number, options: { isEnded?: boolean; clock?: number } = {}): MediaPlaylist => ({
  targetMs: 2_000,
  isEnded: options.isEnded ?? false,
  segments: Array.from({ length: count }, (_, i) => ({
    sequence: first + i,
    url: `http://x/${first + i}.ts`,
    durationMs: 2_000,
    discontinuity: false,
    isGap: false,
    programDateTime: options.clock === undefined ? undefined : new Date(options.clock + (first + i) * 2_000),
  })),
});
const kept = (point: Partial<ResumePoint>): ResumePoint => ({ sequence: 9, playlist: 'p', hashes: [], ...point });
const following = (next: number): Following => ({ next, backwardCount: 0 });

describe('following a playlist', () => {
  test('nothing is fetched twice and each skipped sequence is told, whatever the polls see', () => {
    const polls = fc.array(
      fc.record({ advance: fc.nat(12), window: fc.integer({ min: 1, max: 8 }), lag: fc.integer({ min: 0, max: 2 }) }),
      { minLength: 1, maxLength: 40 },
    );
    fc.assert(
      fc.property(polls, fc.nat(1_000), (answers, start) => {
        let head = start + 8;
        let state = following(start);
        const seen: number[] = [];
        let toldMs = 0;
        for (const { advance, window, lag } of answers) {
          head += advance;
          // Every third answer may come from an edge that lags; it never lags three times in a row.
          const last = seen.length % 3 === 0 ? head - lag : head;
          const step = stepWindow(state, listed(last - window + 1, window));
          if (step.kind === 'reset') continue;
          state = step.state;
          if (step.kind === 'stale') continue;
          toldMs += step.missing?.lengthMs ?? 0;
          seen.push(...step.segments.map(({ sequence }) => sequence));
        }
        const rising = [...new Set(seen)].sort((a, b) => a - b);
        expect(seen).toEqual(rising);
        const skipped = state.next - start - seen.length;
        expect(toldMs).toBe(skipped * 2_000);
      }),
    );
  });

  test('one answer of an edge that lags is left alone; a counting far behind is another one', () => {
    expect(stepWindow(following(20), listed(12, 6)).kind).toBe('stale');
    expect(stepWindow(following(20), listed(0, 6)).kind).toBe('reset');
  });

  test('a counting a little behind that stays is another one', () => {
    let state = following(20);
    for (let i = 0; i < 2; i++) {
      const step = stepWindow(state, listed(12 + i, 6));
      expect(step.kind).toBe('stale');
      if (step.kind === 'stale') state = step.state;
    }
    expect(stepWindow(state, listed(13, 6)).kind).toBe('reset');
  });

  test('the same sequence at another time of day is another counting', () => {
    const first = stepWindow(following(0), listed(0, 6, { clock: epoch }));
    if (first.kind !== 'fetch') throw new Error(first.kind);
    expect(stepWindow(first.state, listed(0, 6, { clock: epoch })).kind).toBe('fetch');
    expect(stepWindow(first.state, listed(0, 6, { clock: epoch + 12_000 })).kind).toBe('reset');
  });
});

describe('joining a playlist', () => {
  test('without a past it begins with the oldest that is listed', () => {
    expect(joinWindow(undefined, 'p', listed(7, 6))).toEqual({ kind: 'join', next: 7, joined: true });
    expect(joinWindow(undefined, 'p', listed(7, 0))).toEqual({ kind: 'wait' });
  });

  test('by playlist and sequence, and what slid out is told', () => {
    expect(joinWindow(kept({}), 'p', listed(7, 6))).toMatchObject({ next: 10, joined: true });
    const late = joinWindow(kept({}), 'p', listed(12, 6));
    expect(late).toMatchObject({ next: 12, joined: true, missing: { lengthMs: 4_000, cause: 'slid_out' } });
  });

  test('a known hash must agree with a sequence that no clock confirms', () => {
    const from = kept({ hashes: ['a', 'b'] });
    const joining = joinWindow(from, 'p', listed(7, 6));
    expect(joining).toMatchObject({ kind: 'probe', segments: [{ sequence: 9 }] });
    expect(joinByHash(from, 'p', listed(7, 6), new Map([[9, 'b']]))).toMatchObject({ next: 10, joined: true });
    expect(joinByHash(from, 'p', listed(7, 6), new Map([[9, 'z']]))).toMatchObject({ next: 7, joined: false });
    expect(joinByHash(from, 'p', listed(7, 6), new Map())).toMatchObject({ next: 10, joined: true });
  });

  test('by the clock, in another playlist', () => {
    const from = kept({ playlist: 'other', sequence: 500, programDateTime: new Date(epoch + 10 * 2_000 + 40) });
    expect(joinWindow(from, 'p', listed(7, 6, { clock: epoch }))).toEqual({ kind: 'join', next: 10, joined: true });
    const late = joinWindow(from, 'p', listed(12, 6, { clock: epoch }));
    expect(late).toMatchObject({ next: 12, joined: true, missing: { lengthMs: 3_960, cause: 'slid_out' } });
    expect(joinWindow(from, 'p', listed(2, 6, { clock: epoch }))).toEqual({ kind: 'wait' });
    const ended = joinWindow(from, 'p', listed(2, 6, { clock: epoch, isEnded: true }));
    expect(ended).toMatchObject({ kind: 'join', next: 8, joined: true });
  });

  test('by the hash, also where the playlist is older than what is kept', () => {
    const from = kept({ playlist: 'other', hashes: ['a', 'b', 'c', 'd'] });
    const hashes = new Map([
      [7, 'a'],
      [8, 'b'],
    ]);
    expect(joinWindow(from, 'p', listed(7, 6)).kind).toBe('probe');
    expect(joinByHash(from, 'p', listed(7, 2), hashes)).toMatchObject({ next: 11, joined: true });
  });

  test('else it is not joined, and an unknown Gap is told', () => {
    const expected = { kind: 'join', next: 7, joined: false, missing: { lengthMs: 0, cause: 'unjoined' } };
    expect(joinWindow(kept({ playlist: 'other' }), 'p', listed(7, 6))).toEqual(expected);
  });
});

describe('reading playlists', () => {
  const media = (lines: string[]) =>
    ['#EXTM3U', '#EXT-X-TARGETDURATION:4', '#EXT-X-MEDIA-SEQUENCE:5', ...lines].join('\n');
  const readMedia = (lines: string[]) => {
    const parsed = parsePlaylist(media(lines), 'http://cdn/a/b/index.m3u8?token=1');
    if (parsed.kind !== 'media') throw new Error('a master');
    return parsed.playlist;
  };

  test('addresses are resolved, times counted on but not across a discontinuity', () => {
    const date = '#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z';
    const lines = [date, '#EXTINF:4,', '../5.ts', '#EXTINF:4,', '6.ts', '#EXT-X-DISCONTINUITY', '#EXTINF:3,', '7.ts'];
    const { segments, isEnded, targetMs } = readMedia([...lines, '#EXT-X-ENDLIST']);
    expect(segments.map(({ url }) => url)).toEqual(['http://cdn/a/5.ts', 'http://cdn/a/b/6.ts', 'http://cdn/a/b/7.ts']);
    const times = [epoch, epoch + 4_000, undefined];
    expect(segments.map(({ programDateTime }) => programDateTime?.getTime())).toEqual(times);
    expect(segments.map(({ sequence, discontinuity }) => [sequence, discontinuity])).toEqual([
      [5, false],
      [6, false],
      [7, true],
    ]);
    expect([isEnded, targetMs]).toEqual([true, 4_000]);
  });

  test('what is not supported is refused, what is no playlist is temporary', () => {
    for (const method of ['SAMPLE-AES', 'SAMPLE-AES-CTR']) {
      const key = `#EXT-X-KEY:METHOD=${method},URI="skd://k",KEYFORMAT="com.apple.streamingkeydelivery"`;
      expect(() => readMedia([key, '#EXTINF:4,', '5.ts'])).toThrow('hls_drm');
    }
    expect(() => parsePlaylist('<html>503</html>', 'http://x/')).toThrow('bad_playlist');
    expect(() => parsePlaylist('', 'http://x/')).toThrow('bad_playlist');
  });

  test('maps, keys and byte ranges are told for each Media Segment they are in force for', () => {
    const { segments } = readMedia([
      '#EXT-X-KEY:METHOD=AES-128,URI="k1",IV=0x0A',
      '#EXT-X-MAP:URI="i.mp4",BYTERANGE="720@8"',
      ...['#EXTINF:4,', '#EXT-X-BYTERANGE:100@50', 'all.mp4', '#EXTINF:4,', '#EXT-X-BYTERANGE:60', 'all.mp4'],
      ...['#EXT-X-KEY:METHOD=AES-128,URI="k2"', '#EXT-X-DISCONTINUITY', '#EXTINF:4,', '7.m4s'],
      ...['#EXT-X-KEY:METHOD=NONE', '#EXT-X-MAP:URI="j.mp4"', '#EXTINF:4,', '8.m4s'],
    ]);
    const first = { url: 'http://cdn/a/b/k1', iv: `${'0'.repeat(31)}a` };
    const map = { url: 'http://cdn/a/b/i.mp4', byterange: { offset: 8, length: 720 }, key: first };
    expect(segments.map(({ key, map, byterange }) => ({ key, map, byterange }))).toEqual([
      { key: first, map, byterange: { offset: 50, length: 100 } },
      { key: first, map, byterange: { offset: 150, length: 60 } },
      { key: { url: 'http://cdn/a/b/k2' }, map, byterange: undefined },
      { key: undefined, map: { url: 'http://cdn/a/b/j.mp4' }, byterange: undefined },
    ]);
    const [before, , after] = segments.map(({ discontinuitySequence }) => discontinuitySequence);
    expect(after).toBe((before ?? 0) + 1);
  });

  test('of several keys for the same bytes the one that can simply be fetched is taken', () => {
    const drm =
      '#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI="data:x",KEYFORMAT="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"';
    const plain = '#EXT-X-KEY:METHOD=AES-128,URI="k"';
    const { segments } = readMedia([plain, drm, '#EXTINF:4,', '5.ts', '#EXTINF:4,', '6.ts']);
    expect(segments.map(({ key }) => key?.url)).toEqual(['http://cdn/a/b/k', 'http://cdn/a/b/k']);
    expect(() => readMedia([drm, '#EXTINF:4,', '5.ts'])).toThrow('hls_drm');
  });

  test('a quality takes the nearest lower variant, or else the lowest', () => {
    const variants = [1080, 720, 480].flatMap((height) => [
      `#EXT-X-STREAM-INF:BANDWIDTH=${height * 1_000},RESOLUTION=${height * 2}x${height},CODECS="avc1.4d401f,mp4a.40.2"`,
      `${height}.m3u8`,
    ]);
    const audio = ['#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS="mp4a.40.2"', 'audio.m3u8'];
    const pick = (lines: string[], quality: Parameters<typeof pickVariant>[1]) => {
      const parsed = parsePlaylist(['#EXTM3U', ...lines].join('\n'), 'http://cdn/');
      if (parsed.kind !== 'master') throw new Error('no master');
      return pickVariant(parsed.variants, quality).url;
    };
    const all = [...variants, ...audio];
    expect(pick(all, 'best')).toBe('http://cdn/1080.m3u8');
    expect(pick(all, '1440p')).toBe('http://cdn/1080.m3u8');
    expect(pick(all, '720p')).toBe('http://cdn/720.m3u8');
    expect(pick(all, '360p')).toBe('http://cdn/480.m3u8');
    expect(pick(all, 'audio')).toBe('http://cdn/audio.m3u8');
    expect(pick(variants, 'audio')).toBe('http://cdn/480.m3u8');
  });

  test('of the same height the most pictures a second are taken, then the most bits; sound may lie apart', () => {
    const sound = (name: string, more: string) =>
      `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",NAME="${name}",${more},URI="${name}.m3u8"`;
    const variant = (name: string, more: string) => [`#EXT-X-STREAM-INF:${more},AUDIO="s"`, `${name}.m3u8`];
    const parsed = parsePlaylist(
      [
        ...['#EXTM3U', sound('fr', 'AUTOSELECT=YES'), sound('en', 'DEFAULT=YES,AUTOSELECT=YES')],
        ...variant('p30', 'BANDWIDTH=9000,RESOLUTION=1280x720,FRAME-RATE=30.000'),
        ...variant('p60', 'BANDWIDTH=6000,RESOLUTION=1280x720,FRAME-RATE=60.000'),
        ...variant('p60-thin', 'BANDWIDTH=5000,RESOLUTION=1280x720,FRAME-RATE=60.000'),
        ...variant('small', 'BANDWIDTH=1000,RESOLUTION=640x360,FRAME-RATE=30.000'),
      ].join('\n'),
      'http://cdn/',
    );
    if (parsed.kind !== 'master') throw new Error('no master');
    const apart = { audioUrl: 'http://cdn/en.m3u8' };
    expect(pickVariant(parsed.variants, 'best')).toMatchObject({ url: 'http://cdn/p60.m3u8', frameRate: 60, ...apart });
    expect(pickVariant(parsed.variants, '480p')).toMatchObject({ url: 'http://cdn/small.m3u8', ...apart });
    const alone = pickVariant(parsed.variants, 'audio');
    expect(alone).toMatchObject({ url: 'http://cdn/en.m3u8', isAudioOnly: true });
    expect(alone.audioUrl).toBeUndefined();
  });

  test('sound whose address is that of the pictures, or that has none, is inside', () => {
    for (const address of ['', ',URI="v.m3u8"']) {
      const sound = `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="s",NAME="s",DEFAULT=YES${address}`;
      const lines = ['#EXTM3U', sound, '#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="s"', 'v.m3u8'];
      const parsed = parsePlaylist(lines.join('\n'), 'http://cdn/');
      expect(parsed.kind === 'master' && parsed.variants[0]?.audioUrl).toBeUndefined();
    }
  });
});
