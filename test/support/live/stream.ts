import { createCipheriv, createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LiveOptions, Served, TrackName } from '../live.ts';
import { countFrames } from './frames.ts';
import { type AdBreak, adEndTags, adTags, type Entry, writePlaylist } from './list.ts';
import { type Media, type MediaFiles, makeMedia, usualMedia } from './media.ts';
import { type Fault, send } from './send.ts';

/** Media from a place in the stream on. */
type Stretch = { from: number; media: MediaFiles; name: string };

/** @param root ends with `/`; playlists, Media Segments and keys lie below it */
export async function createStream(root: string, options: LiveOptions): Promise<Served> {
  const { window = 6, speed = 1, mode = 'clock', loop = false } = options;
  const usual = mediaOf(options);
  const first = await makeMedia(usual);
  const total = first.main.files.length;
  const state = { count: Math.min(options.initial ?? window, total), dropped: 0, epoch: 0, token: 1, asked: 0 };
  const is = { ended: false, online: true, paused: false };
  const bent = { lag: 0, skip: 0, targetSeconds: Math.ceil(usual.segmentSeconds) };
  const stretches: Stretch[] = [{ from: 0, media: first, name: '0' }];
  const ads: (AdBreak & { reel?: MediaFiles })[] = [];
  const playlistFaults = new Map<TrackName, Fault>();
  let keyFault: Fault | undefined;
  let keyRequests = 0;
  const queries: string[] = [];
  const faults = new Map<string, { fault: Fault; times: number }>();
  const asked = new Map<string, number>();

  const extension = usual.format === 'fmp4' ? 'm4s' : 'ts';
  const firstListed = (count = state.count) => Math.max(0, count - window, state.dropped);
  /** Where in the media the sequence is: a restart begins with sequence 0 where the media had come to. */
  const position = (sequence: number) => state.epoch + sequence;
  const adAt = (at: number) => ads.find(({ from, to }) => at >= from && at < to);
  const stretchAt = (at: number) => stretches.findLast(({ from }) => from <= at) ?? stretches[0];
  const mediaAt = (at: number) => adAt(at)?.reel ?? stretchAt(at)?.media ?? first;
  const trackAt = (at: number, track: TrackName) => {
    const media = mediaAt(at);
    return track === 'audio' ? (media.audio ?? media.main) : media.main;
  };
  const indexAt = (at: number) => (at - (adAt(at)?.reel ? (adAt(at)?.from ?? 0) : 0)) % total;
  const pathAt = (at: number, track: TrackName) => trackAt(at, track).files[indexAt(at)] ?? '';
  const isJump = (at: number) =>
    at > 0 && (mediaAt(at) !== mediaAt(at - 1) || (at % total === 0 && adAt(at)?.reel === undefined));
  const clockAt = (at: number) =>
    new Date((options.programDateTime?.getTime() ?? 0) + at * usual.segmentSeconds * 1000);

  const advance = (n = 1) => {
    for (let i = 0; i < n && !is.ended; i++) {
      if (position(state.count) < total || loop) state.count++;
      else is.ended = mode === 'clock';
    }
  };
  const query = () => (options.hasTokens ? `?token=${state.token}` : '');
  const fileName = (track: TrackName, sequence: number) =>
    `${track === 'main' ? 'seg' : 'aud'}${sequence}${state.epoch > 0 ? `-${state.epoch}` : ''}.${extension}`;

  const keyLine = (at: number, sequence: number): string | undefined => {
    if (!options.encryption) return undefined;
    const index = Math.floor(at / options.encryption.rotateEvery);
    const told = options.encryption.iv === 'told' ? `,IV=0x${ivOf(index).toString('hex')}` : '';
    // Where the sequence is the IV, each Media Segment has the same line and another IV.
    return sequence >= 0 ? `METHOD=AES-128,URI="key${index}.bin${query()}"${told}` : undefined;
  };

  const entryOf = async (sequence: number, track: TrackName): Promise<Entry> => {
    const at = position(sequence);
    const ad = adAt(at);
    const before = ads.find(({ to }) => to === at);
    const each = usual.segmentSeconds;
    const tags = ad
      ? adTags(ad, at, clockAt(ad.from), each)
      : before
        ? adEndTags(before, clockAt(before.from), each)
        : [];
    const { init, seconds } = trackAt(at, track);
    const ahead = options.hasByteranges ? await sizesBefore(at, track) : undefined;
    return {
      uri: (ahead !== undefined ? `${track}-all.${extension}` : fileName(track, sequence)) + query(),
      seconds: seconds[indexAt(at)] ?? each,
      discontinuity: isJump(at),
      programDateTime: options.programDateTime && clockAt(at),
      key: keyLine(at, sequence),
      map: init && `URI="init-${track}-${adAt(at)?.reel ? 'ad' : stretchAt(at)?.name}.mp4${query()}"`,
      byterange:
        ahead === undefined ? undefined : { offset: ahead, length: (await readFile(pathAt(at, track))).length },
      tags,
    };
  };
  const sizesBefore = async (at: number, track: TrackName) => {
    const sizes = await Promise.all(range(0, at).map(async (each) => (await readFile(pathAt(each, track))).length));
    return sizes.reduce((sum, size) => sum + size, 0);
  };

  const playlist = async (track: TrackName): Promise<string> => {
    const isOld = bent.lag > 0 && state.asked % 2 === 0;
    const count = Math.max(1, state.count - (isOld ? bent.lag : 0));
    const from = firstListed(count);
    const entries = await Promise.all(range(from + bent.skip, count).map((sequence) => entryOf(sequence, track)));
    const skipped = bent.skip > 0 ? [`#EXT-X-SKIP:SKIPPED-SEGMENTS=${bent.skip}`] : [];
    const jumps = range(state.epoch, position(from)).filter(isJump).length;
    return writePlaylist({
      targetSeconds: bent.targetSeconds,
      mediaSequence: from,
      discontinuitySequence: jumps,
      head: [...(options.isLowLatency ? lowLatencyHead(usual.segmentSeconds) : []), ...skipped],
      entries,
      tail: options.isLowLatency && !is.ended ? lowLatencyTail(count, usual.segmentSeconds, extension) : [],
      isEnded: is.ended && !isOld,
    });
  };

  const segmentBytes = async (sequence: number, track: TrackName): Promise<Buffer> => {
    const bytes = await readFile(pathAt(position(sequence), track));
    if (!options.encryption) return bytes;
    const index = Math.floor(position(sequence) / options.encryption.rotateEvery);
    const iv = options.encryption.iv === 'told' ? ivOf(index) : sequenceIv(sequence);
    const cipher = createCipheriv('aes-128-cbc', keyOf(index), iv);
    return Buffer.concat([cipher.update(bytes), cipher.final()]);
  };

  const answerSegment = async (sequence: number, track: TrackName): Promise<{ bytes?: Buffer; fault?: Fault }> => {
    const name = `${track}${sequence}`;
    asked.set(name, (asked.get(name) ?? 0) + 1);
    const planned = faults.get(name);
    const fault = planned && planned.times-- > 0 ? planned.fault : undefined;
    // As with a CDN, what has just left the playlist can be had for a while.
    const isServed = sequence < state.count && sequence >= state.dropped && sequence >= firstListed() - window;
    return {
      ...(isServed && fault !== 404 ? { bytes: await segmentBytes(sequence, track) } : {}),
      ...(fault === undefined ? {} : { fault }),
    };
  };

  /** What lies at a path below the root. */
  const find = async (file: string): Promise<{ bytes?: Buffer; fault?: Fault; type: string }> => {
    const type = file.endsWith('.m3u8') ? 'application/vnd.apple.mpegurl' : 'application/octet-stream';
    const [, kind = '', sequence] = /^(seg|aud)(\d+)(?:-\d+)?\.\w+$/.exec(file) ?? [];
    if (sequence !== undefined) {
      const found = await answerSegment(Number(sequence), kind === 'seg' ? 'main' : 'audio');
      return { ...found, type: extension === 'ts' ? 'video/mp2t' : 'video/mp4' };
    }
    const track = file === 'audio.m3u8' ? 'audio' : 'main';
    if (file === 'index.m3u8' || file === 'audio.m3u8') {
      state.asked++;
      const fault = playlistFaults.get(track);
      return { bytes: Buffer.from(await playlist(track)), type, ...(fault === undefined ? {} : { fault }) };
    }
    if (file === 'master.m3u8') {
      const fault = playlistFaults.get('main');
      const text = masterOf(usual, query());
      return { bytes: Buffer.from(text), type, ...(fault === undefined ? {} : { fault }) };
    }
    return { ...(await findRest(file)), type };
  };
  const findRest = async (file: string): Promise<{ bytes?: Buffer; fault?: Fault }> => {
    const [, key] = /^key(\d+)\.bin$/.exec(file) ?? [];
    if (key !== undefined) {
      keyRequests++;
      return { bytes: keyOf(Number(key)), ...(keyFault === undefined ? {} : { fault: keyFault }) };
    }
    const [, track, name] = /^init-(main|audio)-(\w+)\.mp4$/.exec(file) ?? [];
    if (name !== undefined) {
      const media = name === 'ad' ? ads.find(({ reel }) => reel)?.reel : stretches.find((s) => s.name === name)?.media;
      const init = track === 'audio' ? media?.audio?.init : media?.main.init;
      return init ? { bytes: await readFile(init) } : {};
    }
    const [, all] = /^(main|audio)-all\.\w+$/.exec(file) ?? [];
    if (all === undefined) return {};
    const each = range(0, position(state.count)).map((at) => readFile(pathAt(at, all as TrackName)));
    return { bytes: Buffer.concat(await Promise.all(each)) };
  };

  const timer =
    mode === 'clock' ? setInterval(() => is.paused || advance(), (usual.segmentSeconds * 1000) / speed) : undefined;
  timer?.unref();
  return {
    get url() {
      return `${root}index.m3u8${query()}`;
    },
    get masterUrl() {
      return `${root}master.m3u8${query()}`;
    },
    advance,
    end: () => void (is.ended = true),
    goOffline: () => void (is.online = false),
    goLive: () => void (is.online = true),
    pause: () => void (is.paused = true),
    resume: () => void (is.paused = false),
    failPlaylist: (fault, track) => {
      for (const each of track ? [track] : (['main', 'audio'] as const))
        if (fault === undefined) playlistFaults.delete(each);
        else playlistFaults.set(each, fault);
    },
    failSegment: (sequence, fault, times = Number.POSITIVE_INFINITY, track = 'main') =>
      void faults.set(`${track}${sequence}`, { fault, times }),
    failKey: (fault) => void (keyFault = fault),
    slide: (n) => void (state.dropped = firstListed() + n),
    lag: (n) => void (bent.lag = n),
    skip: (n) => void (bent.skip = n),
    setTarget: (seconds) => void (bent.targetSeconds = seconds),
    expire: () => void state.token++,
    restart: () => {
      state.epoch = position(state.count);
      Object.assign(state, { count: Math.min(window, loop ? window : total - state.epoch), dropped: 0 });
      is.ended = false;
    },
    change: async (to) => {
      const media = await makeMedia({ ...usual, ...(typeof to === 'string' ? { size: to } : to) });
      stretches.push({ from: position(state.count), media, name: String(stretches.length) });
    },
    adBreak: async (n, style, { reel = false } = {}) => {
      const from = position(state.count);
      const media = reel ? await makeMedia({ ...usual, toneHz: usual.toneHz * 2 }) : undefined;
      ads.push({ id: `ad-${ads.length}`, style, from, to: from + n, ...(media ? { reel: media } : {}) });
    },
    last: () => state.count - 1,
    requests: (sequence, track = 'main') => asked.get(`${track}${sequence}`) ?? 0,
    playlistRequests: () => state.asked,
    keyRequests: () => keyRequests,
    queries: () => queries,
    frames: async (sequences = range(0, state.count)) => {
      const counts = await Promise.all(sequences.map((sequence) => countFrames(pathAt(position(sequence), 'main'))));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    bytes: (sequence, track = 'main') => readFile(pathAt(position(sequence), track)),
    stop: () => clearInterval(timer),
    answer(file, request, response) {
      void respond(file, request, response).catch(() => response.destroy());
    },
  };

  async function respond(file: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { searchParams, search } = new URL(request.url ?? '/', root);
    const isStale = options.hasTokens && searchParams.get('token') !== String(state.token);
    if (!is.online || isStale)
      return send(request, response, { bytes: undefined, type: '', fault: isStale ? 403 : 404 });
    const isStranger = options.wantsCookie !== undefined && request.headers.cookie !== options.wantsCookie;
    if (isStranger) return send(request, response, { bytes: undefined, type: '', fault: 401 });
    if (options.isRedirected && !file.startsWith('r-'))
      return void response.writeHead(302, { location: `r-${file}${search}` }).end();
    const name = file.replace(/^r-/, '');
    searchParams.delete('token');
    if (name.endsWith('.m3u8') && searchParams.size > 0) queries.push(searchParams.toString());
    const found = await find(name);
    const { bytes, fault, type } = found;
    send(request, response, { bytes, fault, type, isGzipped: options.isGzipped === true });
  }
}

function mediaOf(options: LiveOptions): Media {
  const told = Object.keys(usualMedia).flatMap((key) => {
    const value = options[key as keyof Media];
    return value === undefined ? [] : [[key, value]];
  });
  return { ...usualMedia, ...Object.fromEntries(told) };
}

function masterOf({ size, fps, isSplit }: Media, query: string): string {
  const audio = `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="main",DEFAULT=YES,AUTOSELECT=YES,URI="audio.m3u8${query}"\n`;
  const attributes = `BANDWIDTH=500000,RESOLUTION=${size},FRAME-RATE=${fps.toFixed(3)}${isSplit ? ',AUDIO="sound"' : ''}`;
  return `#EXTM3U\n${isSplit ? audio : ''}#EXT-X-STREAM-INF:${attributes}\nindex.m3u8${query}\n`;
}

/** Source: rfc8216bis §4.4.3.7, §4.4.3.8, §4.4.4.9, §4.4.5.3. */
function lowLatencyHead(seconds: number): string[] {
  const part = seconds / 2;
  const control = `#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=${seconds * 6},PART-HOLD-BACK=${part * 3}`;
  return [control, `#EXT-X-PART-INF:PART-TARGET=${part}`];
}

/** The Media Segment in the making: one part is there, the next is announced. */
function lowLatencyTail(next: number, seconds: number, extension: string): string[] {
  const uri = (part: number) => `URI="part${next}.${part}.${extension}"`;
  return [`#EXT-X-PART:DURATION=${seconds / 2},INDEPENDENT=YES,${uri(0)}`, `#EXT-X-PRELOAD-HINT:TYPE=PART,${uri(1)}`];
}

const range = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
const keyOf = (index: number) => createHash('sha256').update(`key ${index}`).digest().subarray(0, 16);
const ivOf = (index: number) => createHash('sha256').update(`iv ${index}`).digest().subarray(0, 16);

/** Source: RFC 8216 §5.2: the media sequence, big-endian, in 16 bytes. */
function sequenceIv(sequence: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeBigUInt64BE(BigInt(sequence), 8);
  return iv;
}
