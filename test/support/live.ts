import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AdStyle } from './live/list.ts';
import type { Media } from './live/media.ts';
import type { Fault } from './live/send.ts';
import { createStream } from './live/stream.ts';

export type { Fault } from './live/send.ts';

export type LiveOptions = Partial<Media> & {
  /** Media Segments in the playlist at once. */
  window?: number;
  /** Media Segments already published at the start; default `window`. */
  initial?: number;
  /** Clock mode: 2 = twice as fast as real time. */
  speed?: number;
  /** `clock` publishes by itself, `manual` only by `advance`. */
  mode?: 'clock' | 'manual';
  /** When the first Media Segment began; without it the playlist tells no times. */
  programDateTime?: Date;
  /** Begins again with the first Media Segment (and a discontinuity) instead of ending. */
  loop?: boolean;
  /** AES-128 with a key for each so many Media Segments; the IV is told, or else the media sequence is it. */
  encryption?: { rotateEvery: number; iv: 'told' | 'sequence' };
  /** All Media Segments of a track lie in one resource, by EXT-X-BYTERANGE. */
  hasByteranges?: boolean;
  /** Playlists and Media Segments come compressed. */
  isGzipped?: boolean;
  /** Every address redirects to another one first. */
  isRedirected?: boolean;
  /** Low-latency HLS: parts, hints, server control. */
  isLowLatency?: boolean;
  /** What a Cookie header must hold; without it everything answers 401. */
  wantsCookie?: string;
  /** Addresses hold a token, and answer 403 once `expire()` was called. */
  hasTokens?: boolean;
};

/** `main` is video or all in one, `audio` the separate audio of `isSplit`. */
export type TrackName = 'main' | 'audio';

/** One stream that can be steered; its playlist is at `url`. */
export type LiveStream = {
  /** With the token of now, where there are tokens. */
  readonly url: string;
  /** A master playlist whose only variant is `url`, with its audio rendition where there is one. */
  readonly masterUrl: string;
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
  /** Media playlists meet the fault; `track` narrows it to one of them. */
  failPlaylist(fault: Fault | undefined, track?: TrackName): void;
  /** The next `times` requests of a Media Segment meet the fault. */
  failSegment(sequence: number, fault: Fault, times?: number, track?: TrackName): void;
  /** The keys of AES-128 meet the fault. */
  failKey(fault: Fault | undefined): void;
  /** Takes the n oldest Media Segments out of the playlist; they answer 404 from then on. */
  slide(n: number): void;
  /** Every second answer of the playlist is n Media Segments old, as from an edge that lags; 0: none. */
  lag(n: number): void;
  /** The playlist leaves out its n oldest by EXT-X-SKIP, though nobody asked for that. */
  skip(n: number): void;
  /** What EXT-X-TARGETDURATION says from now on. */
  setTarget(seconds: number): void;
  /** Addresses with tokens handed out so far answer 403; `url` holds a new one. */
  expire(): void;
  /** Media sequence begins at 0 again with media not shown before, as an encoder does that was started again. */
  restart(): void;
  /** From the next Media Segment on the media are encoded otherwise, behind a discontinuity; a text is a size. */
  change(to: string | Partial<Media>): Promise<void>;
  /** The next n Media Segments are an ad break; with `reel` they are other media between discontinuities. */
  adBreak(n: number, style: AdStyle, options?: { reel?: boolean }): Promise<void>;
  /** Highest published media sequence. */
  last(): number;
  /** Requests of one Media Segment so far. */
  requests(sequence: number, track?: TrackName): number;
  playlistRequests(): number;
  keyRequests(): number;
  /** Queries that playlists were asked with, without tokens. */
  queries(): string[];
  /** Video frames in published Media Segments, or in those asked for. */
  frames(sequences?: number[]): Promise<number>;
  /** The bytes of a Media Segment, not encrypted. */
  bytes(sequence: number, track?: TrackName): Promise<Buffer>;
};

export type LiveOrigin = LiveStream & {
  /** Another stream on the same server. */
  stream(name: string, options?: LiveOptions): Promise<LiveStream>;
  /** Serves a text under a name; gives its address. */
  page(name: string, text: string): string;
  close(): Promise<void>;
};

/** A stream as the server sees it. */
export type Served = LiveStream & {
  answer(file: string, request: IncomingMessage, response: ServerResponse): void;
  stop(): void;
};

/** Starts an HTTP server on 127.0.0.1 that serves real live HLS (H.264, AAC in MPEG-TS) and can fail on demand. */
export async function startLiveOrigin(options: LiveOptions & { port?: number } = {}): Promise<LiveOrigin> {
  const streams = new Map<string, Served>();
  const pages = new Map<string, string>();
  const server = createServer((request, response) => {
    const [, name = '', file = ''] = new URL(request.url ?? '/', 'http://x').pathname.split('/');
    const page = pages.get(name);
    if (page !== undefined) return void response.end(page);
    const stream = streams.get(name);
    if (stream) return stream.answer(file, request, response);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const root = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { port: _port, ...usual } = options;
  const stream = async (name: string, own: LiveOptions = {}): Promise<LiveStream> => {
    const made = await createStream(`${root}/${name}/`, { ...usual, ...own });
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
  const page = (name: string, text: string) => {
    pages.set(name, text);
    return `${root}/${name}`;
  };
  return Object.assign(first, { stream, page, close });
}
