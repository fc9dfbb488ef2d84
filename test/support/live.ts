import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../src/lib/run.ts';
import { createTsScanner } from '../../src/media/ts.ts';

/** What a request meets instead of its answer: an HTTP status, or a fault of the connection. */
export type Fault = number | 'reset' | 'hang' | 'truncate';

export type LiveOptions = {
  /** Media Segments there are in all. */
  segments?: number;
  segmentSeconds?: number;
  /** Media Segments in the playlist at once. */
  window?: number;
  /** Media Segments already published at the start; default `window`. */
  initial?: number;
  /** Clock mode: 2 = twice as fast as real time. */
  speed?: number;
  /** `clock` publishes by itself, `manual` only by `advance`. */
  mode?: 'clock' | 'manual';
  size?: string;
  fps?: number;
  /** When the first Media Segment began; without it the playlist tells no times. */
  programDateTime?: Date;
  /** Begins again with the first Media Segment (and a discontinuity) instead of ending. */
  loop?: boolean;
};

/** One stream that can be steered; its playlist is at `url`. */
export type LiveStream = {
  url: string;
  /** A master playlist whose only variant is `url`. */
  masterUrl: string;
  /** Publishes the next n Media Segments. */
  advance(n?: number): void;
  /** No more Media Segments: the playlist says ENDLIST. */
  end(): void;
  /** Everything answers 404. */
  goOffline(): void;
  goLive(): void;
  /** Clock mode: stands still, and the playlist with it. */
  pause(): void;
  resume(): void;
  failPlaylist(fault: Fault | undefined): void;
  /** The next `times` requests of a Media Segment meet the fault. */
  failSegment(sequence: number, fault: Fault, times?: number): void;
  /** Takes the n oldest Media Segments out of the playlist; they answer 404 from then on. */
  slide(n: number): void;
  /** Media sequence begins at 0 again with media not shown before, as an encoder does that was started again. */
  restart(): void;
  /** From the next Media Segment on the pictures have another size, behind a discontinuity. */
  change(size: string): Promise<void>;
  /** Highest published media sequence. */
  last(): number;
  /** Requests of one Media Segment so far. */
  requests(sequence: number): number;
  playlistRequests(): number;
  /** Video frames in published Media Segments, or in those asked for. */
  frames(sequences?: number[]): Promise<number>;
  /** The bytes of a Media Segment as it is served. */
  bytes(sequence: number): Promise<Buffer>;
};

export type LiveOrigin = LiveStream & {
  /** Another stream on the same server. */
  stream(name: string, options?: LiveOptions): Promise<LiveStream>;
  close(): Promise<void>;
};

type Served = LiveStream & {
  answer(file: string, request: IncomingMessage, response: ServerResponse): void;
  stop(): void;
};

/** Starts an HTTP server on 127.0.0.1 that serves real live HLS (H.264, AAC in MPEG-TS) and can fail on demand. */
export async function startLiveOrigin(options: LiveOptions & { port?: number } = {}): Promise<LiveOrigin> {
  const streams = new Map<string, Served>();
  const server = createServer((request, response) => {
    const [, name = '', file = ''] = new URL(request.url ?? '/', 'http://x').pathname.split('/');
    const stream = streams.get(name);
    if (stream) return stream.answer(file, request, response);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stream = async (name: string, own: LiveOptions = {}): Promise<LiveStream> => {
    const made = await createStream(`${root}/${name}/index.m3u8`, { ...options, ...own });
    streams.get(name)?.stop();
    streams.set(name, made);
    return made;
  };
  const first = await stream('live').catch((error) => {
    server.close();
    throw error;
  });
  const close = async () => {
    for (const each of streams.values()) each.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { ...first, stream, close };
}

async function createStream(url: string, options: LiveOptions): Promise<Served> {
  const { segments = 30, segmentSeconds = 1, window = 6, speed = 1, mode = 'clock', loop = false } = options;
  const media = { segments, segmentSeconds, size: options.size ?? '320x180', fps: options.fps ?? 25 };
  const files = await makeMedia(media);
  const state = { count: Math.min(options.initial ?? window, files.length), dropped: 0, epoch: 0, requests: 0 };
  const is = { ended: false, online: true, paused: false };
  let playlistFault: Fault | undefined;
  const faults = new Map<number, { fault: Fault; times: number }>();
  const asked = new Map<number, number>();

  const firstListed = () => Math.max(0, state.count - window, state.dropped);
  /** Where in the media the sequence is: a restart begins with sequence 0 where the media had come to. */
  const position = (sequence: number) => state.epoch + sequence;
  let changed = { at: Number.POSITIVE_INFINITY, files };
  const pathOf = (sequence: number) =>
    (position(sequence) < changed.at ? files : changed.files)[position(sequence) % files.length] ?? '';
  const advance = (n = 1) => {
    for (let i = 0; i < n && !is.ended; i++) {
      if (position(state.count) < files.length || loop) state.count++;
      else is.ended = mode === 'clock';
    }
  };

  const playlist = (): string => {
    const first = firstListed();
    const lines = ['#EXTM3U', '#EXT-X-VERSION:3', `#EXT-X-TARGETDURATION:${Math.ceil(segmentSeconds)}`];
    lines.push(`#EXT-X-MEDIA-SEQUENCE:${first}`);
    for (let sequence = first; sequence < state.count; sequence++) {
      const isLooped = position(sequence) > 0 && position(sequence) % files.length === 0;
      if (isLooped || position(sequence) === changed.at) lines.push('#EXT-X-DISCONTINUITY');
      if (options.programDateTime) {
        const at = options.programDateTime.getTime() + position(sequence) * segmentSeconds * 1000;
        lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(at).toISOString()}`);
      }
      lines.push(`#EXTINF:${segmentSeconds.toFixed(3)},`, `seg${sequence}.ts`);
    }
    if (is.ended) lines.push('#EXT-X-ENDLIST');
    return `${lines.join('\n')}\n`;
  };

  const answerSegment = async (sequence: number, response: ServerResponse): Promise<void> => {
    asked.set(sequence, (asked.get(sequence) ?? 0) + 1);
    const planned = faults.get(sequence);
    const fault = planned && planned.times-- > 0 ? planned.fault : undefined;
    // As with a CDN, what has just left the playlist can be had for a while.
    const isServed = sequence < state.count && sequence >= state.dropped && sequence >= firstListed() - window;
    const bytes = isServed && fault !== 404 ? await readFile(pathOf(sequence)) : undefined;
    send(response, bytes, fault, 'video/mp2t');
  };

  const timer =
    mode === 'clock' ? setInterval(() => is.paused || advance(), (segmentSeconds * 1000) / speed) : undefined;
  timer?.unref();
  const master = `#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=500000,RESOLUTION=${media.size}\nindex.m3u8\n`;
  return {
    url,
    masterUrl: new URL('master.m3u8', url).href,
    advance,
    end: () => void (is.ended = true),
    goOffline: () => void (is.online = false),
    goLive: () => void (is.online = true),
    pause: () => void (is.paused = true),
    resume: () => void (is.paused = false),
    failPlaylist: (fault) => void (playlistFault = fault),
    failSegment: (sequence, fault, times = Number.POSITIVE_INFINITY) => void faults.set(sequence, { fault, times }),
    slide: (n) => void (state.dropped = firstListed() + n),
    restart: () => {
      state.epoch = position(state.count);
      Object.assign(state, { count: Math.min(window, loop ? window : files.length - state.epoch), dropped: 0 });
      is.ended = false;
    },
    change: async (size) => {
      const changedFiles = await makeMedia({ ...media, size });
      changed = { at: position(state.count), files: changedFiles };
    },
    last: () => state.count - 1,
    requests: (sequence) => asked.get(sequence) ?? 0,
    playlistRequests: () => state.requests,
    frames: async (sequences = [...Array(state.count).keys()]) => {
      const counts = await Promise.all(sequences.map((sequence) => countFrames(pathOf(sequence))));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    bytes: (sequence) => readFile(pathOf(sequence)),
    stop: () => clearInterval(timer),
    answer(file, _request, response) {
      const sequence = /^seg(\d+)\.ts$/.exec(file)?.[1];
      if (!is.online) return send(response, undefined, undefined, '');
      if (sequence !== undefined) return void answerSegment(Number(sequence), response).catch(() => response.destroy());
      state.requests++;
      const texts: Record<string, () => string> = { 'index.m3u8': playlist, 'master.m3u8': () => master };
      const text = texts[file] && Buffer.from(texts[file]());
      send(response, text, playlistFault, 'application/vnd.apple.mpegurl');
    },
  };
}

function send(response: ServerResponse, bytes: Buffer | undefined, fault: Fault | undefined, type: string): void {
  if (fault === 'hang') return;
  if (fault === 'reset') return void response.socket?.resetAndDestroy();
  if (typeof fault === 'number' || !bytes)
    return void response.writeHead(typeof fault === 'number' ? fault : 404).end();
  response.writeHead(200, { 'content-type': type, 'content-length': bytes.length, 'cache-control': 'no-store' });
  if (fault !== 'truncate') return void response.end(bytes);
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.socket?.destroy());
}

async function countFrames(path: string): Promise<number> {
  const scanner = createTsScanner();
  scanner.push(await readFile(path));
  return scanner.finish().frameCount;
}

type Media = { segments: number; segmentSeconds: number; size: string; fps: number };

/** Media Segments of a test picture, encoded once per machine and kept in the temporary folder. */
async function makeMedia(media: Media): Promise<string[]> {
  const key = createHash('sha256')
    .update(JSON.stringify(['1', media]))
    .digest('hex')
    .slice(0, 16);
  const parent = join(tmpdir(), 'aircheck-media');
  const dir = join(parent, key);
  const list = async () => (await readdir(dir)).filter((name) => name.endsWith('.ts')).sort();
  const made = await list().catch(() => []);
  if (made.length >= media.segments) return made.slice(0, media.segments).map((name) => join(dir, name));
  await mkdir(parent, { recursive: true });
  const building = await mkdtemp(join(parent, 'building-'));
  try {
    await encode(media, building);
    // Another test file may have been first: its media are the same.
    await rename(building, dir).catch(() => undefined);
  } finally {
    await rm(building, { recursive: true, force: true });
  }
  return (await list()).slice(0, media.segments).map((name) => join(dir, name));
}

async function encode({ segments, segmentSeconds, size, fps }: Media, dir: string): Promise<void> {
  const seconds = segments * segmentSeconds;
  const gop = String(Math.round(segmentSeconds * fps));
  const pictures = `testsrc2=size=${size}:rate=${fps}:duration=${seconds}`;
  const encoder = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '33', '-pix_fmt', 'yuv420p', '-threads', '2'];
  const keyframes = ['-g', gop, '-keyint_min', gop, '-sc_threshold', '0'];
  const output = ['-f', 'hls', '-hls_time', String(segmentSeconds), '-hls_list_size', '0'];
  const args = (filter: string[]) => [
    ...[
      '-v',
      'error',
      '-y',
      '-f',
      'lavfi',
      '-i',
      pictures,
      '-f',
      'lavfi',
      '-i',
      `sine=frequency=440:duration=${seconds}`,
    ],
    ...[...filter, ...encoder, ...keyframes, '-c:a', 'aac', '-b:a', '64k', '-ar', '44100', ...output],
    ...['-hls_segment_filename', join(dir, 'seg%05d.ts'), join(dir, 'index.m3u8')],
  ];
  const counter = ['-vf', `drawtext=text='%{frame_num}':fontsize=h/5:fontcolor=white:box=1:boxcolor=black:x=20:y=20`];
  // Without a font drawtext fails: then the pictures go without their number.
  const numbered = await run('ffmpeg', args(counter), { timeoutMs: 120_000 });
  if (numbered.reason === 'exited') return;
  const plain = await run('ffmpeg', args([]), { timeoutMs: 120_000 });
  if (plain.reason !== 'exited') throw new Error(`no test media: ${plain.stderrTail}`);
}
