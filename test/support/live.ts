import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What a fault does to a request. */
export type Fault = number | 'reset' | 'hang' | 'truncate';
export type LiveOptions = {
  /** Media Segments of the broadcast. */
  segments?: number;
  segmentSeconds?: number;
  /** Media Segments in the playlist. */
  window?: number;
  /** `clock`: one appears each segmentSeconds / speed. `manual`: by `advance`. */
  mode?: 'clock' | 'manual';
  speed?: number;
  size?: string;
  /** Adds EXT-X-PROGRAM-DATE-TIME. */
  hasDates?: boolean;
  /** Offline until `goLive`. */
  isOffline?: boolean;
  /** First media sequence. */
  firstSequence?: number;
  /** x264 B-frames. */
  bFrames?: number;
};

/** One broadcast on the origin and the faults it can be given. */
export type LiveStream = {
  url: string;
  masterUrl: string;
  /** Publishes n more Media Segments now (manual mode). */
  advance(n: number): void;
  /** Everything is published; the playlist gets its ENDLIST. */
  end(): void;
  goOffline(): void;
  goLive(): void;
  /** Freezes the playlist. */
  pause(): void;
  resume(): void;
  failPlaylist(fault: Fault | undefined): void;
  /** The next `times` requests of one Media Segment fail. */
  failSegment(sequence: number, fault: Fault, times?: number): void;
  /** Publishes n Media Segments that nobody could see: they left the window at once. */
  slide(n: number): void;
  /** A new broadcast at the same address: sequences and media begin again. */
  restart(options?: LiveOptions): void;
  /** Video frames in Media Segments `from`..`to` (default: all published). */
  frames(from?: number, to?: number): number;
  /** Sequences published so far, first and next. */
  published(): { first: number; next: number };
  /** Requests of Media Segments that were answered whole, by sequence. */
  served: Map<number, number>;
};

export type LiveOrigin = LiveStream & {
  /** Another broadcast on the same server. */
  stream(name: string, options?: LiveOptions): Promise<LiveStream>;
  close(): Promise<void>;
};

type Media = { bytes: Buffer; frames: number }[];
const exec = promisify(execFile);
const made = new Map<string, Promise<Media>>();

/** Makes the media once per set of options and machine: 25 fps, one GOP per Media Segment, a running counter. */
async function makeMedia(
  options: Required<Pick<LiveOptions, 'segments' | 'segmentSeconds' | 'size' | 'bFrames'>>,
): Promise<Media> {
  const key = createHash('sha256').update(JSON.stringify(options)).digest('hex').slice(0, 16);
  const dir = join(tmpdir(), 'aircheck-test-media', key);
  if (!existsSync(dir)) {
    await mkdir(join(tmpdir(), 'aircheck-test-media'), { recursive: true });
    const temp = await mkdtemp(join(tmpdir(), 'aircheck-test-media', 'making-'));
    const { segments, segmentSeconds, size, bFrames } = options;
    const seconds = String(segments * segmentSeconds);
    const gop = String(25 * segmentSeconds);
    // testsrc shows a running counter of seconds and a moving pattern: no two frames are alike.
    const input = [
      '-f',
      'lavfi',
      '-i',
      `testsrc=size=${size}:rate=25:decimals=2`,
      '-f',
      'lavfi',
      '-i',
      'sine=frequency=440:sample_rate=48000',
    ];
    const video = [
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-bf',
      String(bFrames),
      '-g',
      gop,
      '-keyint_min',
      gop,
      '-sc_threshold',
      '0',
      '-pix_fmt',
      'yuv420p',
    ];
    const hls = [
      '-f',
      'hls',
      '-hls_time',
      String(segmentSeconds),
      '-hls_list_size',
      '0',
      '-hls_segment_filename',
      join(temp, '%05d.ts'),
    ];
    await exec('ffmpeg', [
      '-loglevel',
      'error',
      ...input,
      '-t',
      seconds,
      ...video,
      '-c:a',
      'aac',
      '-b:a',
      '64k',
      ...hls,
      join(temp, 'list.m3u8'),
    ]);
    await rename(temp, dir).catch(() => rm(temp, { recursive: true, force: true }));
  }
  const names = (await readdir(dir)).filter((name) => name.endsWith('.ts')).sort();
  const frames = 25 * options.segmentSeconds;
  return Promise.all(names.map(async (name) => ({ bytes: await readFile(join(dir, name)), frames })));
}

/** Starts a live HLS origin on loopback: a sliding window over real media, with faults on command. */
export async function startLiveOrigin(options: LiveOptions = {}): Promise<LiveOrigin> {
  const streams = new Map<string, (req: IncomingMessage, res: ServerResponse, file: string) => void>();
  const server = http.createServer((req, res) => {
    const [, name = '', file = ''] = (req.url ?? '').split('?')[0]?.split('/') ?? [];
    const answer = streams.get(name);
    if (!answer) return void res.writeHead(404).end();
    answer(req, res, file);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const root = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  const stream = async (name: string, more: LiveOptions = {}) => {
    const { live, answer } = await openStream(`${root}/${name}`, more);
    streams.set(name, answer);
    return live;
  };
  const first = await stream('live', options);
  return Object.assign(first, {
    stream,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

async function openStream(base: string, given: LiveOptions) {
  const withDefaults = (more: LiveOptions) => ({
    segments: 30,
    segmentSeconds: 1,
    window: 6,
    mode: 'manual' as 'clock' | 'manual',
    speed: 1,
    size: '320x180',
    hasDates: false,
    isOffline: false,
    firstSequence: 0,
    bFrames: 0,
    ...more,
  });
  let o = withDefaults(given);
  const load = () => {
    const { segments, segmentSeconds, size, bFrames } = o;
    const key = JSON.stringify([segments, segmentSeconds, size, bFrames]);
    const found = made.get(key) ?? makeMedia({ segments, segmentSeconds, size, bFrames });
    made.set(key, found);
    return found;
  };
  let media = await load();
  let next = o.mode === 'manual' ? Math.min(o.window, o.segments) : 1;
  let first = 0;
  let startedAt = Date.now();
  let hasEnded = false;
  let isOffline = o.isOffline;
  let pausedAt: number | undefined;
  let playlistFault: Fault | undefined;
  let epoch = 0;
  const segmentFaults = new Map<number, { fault: Fault; times: number }>();
  const served = new Map<number, number>();

  const tick = () => {
    if (o.mode !== 'clock' || isOffline || pausedAt !== undefined || hasEnded) return;
    const elapsed = ((Date.now() - startedAt) / 1000) * o.speed;
    next = Math.max(next, Math.min(o.segments, 1 + Math.floor(elapsed / o.segmentSeconds)));
    if (next === o.segments && elapsed > o.segments * o.segmentSeconds) hasEnded = true;
    first = Math.max(first, next - o.window);
  };
  const playlist = () => {
    tick();
    first = Math.max(first, next - o.window);
    const lines = [
      '#EXTM3U',
      '#EXT-X-VERSION:3',
      `#EXT-X-TARGETDURATION:${Math.ceil(o.segmentSeconds)}`,
      `#EXT-X-MEDIA-SEQUENCE:${first + o.firstSequence}`,
    ];
    for (let i = first; i < next; i++) {
      if (o.hasDates)
        lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(startedAt + i * o.segmentSeconds * 1000).toISOString()}`);
      lines.push(`#EXTINF:${o.segmentSeconds.toFixed(3)},`, `${epoch}-${i + o.firstSequence}.ts`);
    }
    if (hasEnded) lines.push('#EXT-X-ENDLIST');
    return `${lines.join('\n')}\n`;
  };
  const fail = (fault: Fault, res: ServerResponse, bytes?: Buffer) => {
    if (typeof fault === 'number') return void res.writeHead(fault).end();
    if (fault === 'reset') return void res.destroy();
    if (fault === 'truncate' && bytes) {
      res.writeHead(200, { 'content-length': bytes.length });
      res.write(bytes.subarray(0, bytes.length >> 1), () => res.destroy());
    }
    // `hang`: no answer, ever.
  };
  const answer = (_req: IncomingMessage, res: ServerResponse, file: string) => {
    if (file === 'master.m3u8') {
      const [width, height] = o.size.split('x');
      return void res.end(`#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=${width}x${height}\nindex.m3u8\n`);
    }
    if (file === 'index.m3u8') {
      if (playlistFault !== undefined) return fail(playlistFault, res);
      if (isOffline) return void res.writeHead(404).end();
      return void res.writeHead(200, { 'content-type': 'application/vnd.apple.mpegurl' }).end(playlist());
    }
    const [, asked, sequenceText] = /^(\d+)-(\d+)\.ts$/.exec(file) ?? [];
    const sequence = Number(sequenceText);
    const found = media[sequence - o.firstSequence];
    if (!found || Number(asked) !== epoch || isOffline || sequence - o.firstSequence >= next)
      return void res.writeHead(404).end();
    const fault = segmentFaults.get(sequence);
    if (fault && fault.times > 0) {
      fault.times--;
      return fail(fault.fault, res, found.bytes);
    }
    served.set(sequence, (served.get(sequence) ?? 0) + 1);
    res.writeHead(200, { 'content-type': 'video/mp2t', 'content-length': found.bytes.length }).end(found.bytes);
  };
  const live: LiveStream = {
    url: `${base}/index.m3u8`,
    masterUrl: `${base}/master.m3u8`,
    advance(n) {
      next = Math.min(o.segments, next + n);
    },
    end() {
      tick();
      hasEnded = true;
    },
    goOffline() {
      tick();
      isOffline = true;
    },
    goLive() {
      if (isOffline && next <= 1) startedAt = Date.now();
      isOffline = false;
    },
    pause() {
      tick();
      pausedAt = Date.now();
    },
    resume() {
      if (pausedAt !== undefined) startedAt += Date.now() - pausedAt;
      pausedAt = undefined;
    },
    failPlaylist(fault) {
      playlistFault = fault;
    },
    failSegment(sequence, fault, times = Number.POSITIVE_INFINITY) {
      segmentFaults.set(sequence, { fault, times });
    },
    slide(n) {
      next = Math.min(o.segments, next + n + o.window);
      first = Math.max(0, next - o.window);
    },
    restart(more = {}) {
      o = withDefaults({ ...given, ...more });
      epoch++;
      first = 0;
      next = o.mode === 'manual' ? Math.min(o.window, o.segments) : 1;
      startedAt = Date.now();
      hasEnded = false;
      isOffline = o.isOffline;
      segmentFaults.clear();
      served.clear();
      void load().then((loaded) => {
        media = loaded;
      });
    },
    frames: (from = o.firstSequence, to = next - 1 + o.firstSequence) =>
      media.slice(from - o.firstSequence, to - o.firstSequence + 1).reduce((sum, segment) => sum + segment.frames, 0),
    published: () => ({ first: o.firstSequence, next: next + o.firstSequence }),
    served,
  };
  return { live, answer };
}
