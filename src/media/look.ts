import { createHash } from 'node:crypto';
import { UserError } from '../core/errors.ts';
import type { SourceInput } from '../core/ports.ts';
import type { CookieHeaders } from '../lib/cookie-headers.ts';
import { type Fetched, fetchText, guardedFetch, HttpStatusError } from '../lib/net.ts';

/** What an address is by its first bytes. `broadcastId`: of a file, which is recorded once. */
export type Looked = { protocol: SourceInput['protocol']; isEnded: boolean; broadcastId?: string };
export type LookOptions = {
  signal: AbortSignal;
  allowPrivate: boolean;
  /** Sent for playlists alone: a page is asked with them by programs that are made for that. */
  cookies?: CookieHeaders | undefined;
};

/** Source: RFC 8216 §4.3.1.1. */
const playlistBeginning = '#EXTM3U';
const lookTimeoutMs = 10_000;
/** Ends of paths that are playlists or media, not pages. */
const mediaPath = /\.(m3u8|mpd|flv|ts|m4s|mp4|mkv|webm|mp3|aac|ogg|opus)$/i;
/** Nobody broadcasts there now: the usual answer of a media server. */
const absentStatuses = [404, 410];
/** Enough to know a container by; a stream may send less for a while. */
const headBytes = 189;

/** Whether an address is of a playlist or media by its name. */
export const isMediaPath = ({ pathname }: URL): boolean => mediaPath.test(pathname);

/**
 * Looks at the first bytes of an address: a playlist, a manifest, media, or none of these.
 *
 * @returns undefined where it is a page, or cannot be had
 * @throws UserError `address_refused`, `bad_url`, `not_a_stream`; HttpStatusError for a playlist or media that is not there
 */
export async function lookAt(url: string, options: LookOptions): Promise<Looked | undefined> {
  const isPlaylist = new URL(url).pathname.toLowerCase().endsWith('.m3u8');
  const found = isPlaylist ? 'hls' : await lookAtHead(url, options);
  if (found === 'hls' || found === 'dash') return lookAtText(url, found, options);
  return found;
}

async function lookAtText(url: string, protocol: 'hls' | 'dash', options: LookOptions): Promise<Looked> {
  const { text } = await fetchText(url, { ...options, timeoutMs: lookTimeoutMs });
  if (protocol === 'dash') return { protocol, isEnded: !/<MPD[^>]*\btype=["']dynamic["']/.test(text) };
  if (!text.trimStart().startsWith(playlistBeginning)) throw new UserError('not_a_stream');
  return { protocol, isEnded: text.includes('#EXT-X-ENDLIST') };
}

/** Reads the first bytes alone: what is no playlist may be a page of megabytes or a stream without end. */
async function lookAtHead(
  url: string,
  { cookies: _, ...options }: LookOptions,
): Promise<Looked | 'hls' | 'dash' | undefined> {
  try {
    const { body, ...answer } = await guardedFetch(url, { ...options, timeoutMs: lookTimeoutMs });
    let head: Buffer = Buffer.alloc(0);
    for await (const chunk of body) {
      head = Buffer.concat([head, chunk]);
      const known = decide(head, answer);
      if (known || head.length >= headBytes) return known;
    }
    return undefined;
  } catch (error) {
    options.signal.throwIfAborted();
    // A refused address is refused; what else keeps us from the page may let yt-dlp in.
    if (error instanceof UserError || isAbsent(error, url)) throw error;
    return undefined;
  }
}

const isAbsent = (error: unknown, url: string) =>
  error instanceof HttpStatusError && absentStatuses.includes(error.status) && isMediaPath(new URL(url));

function decide(head: Buffer, { headers, contentLength }: Omit<Fetched, 'body'>): Looked | 'hls' | 'dash' | undefined {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  const text = head.toString('utf8').trimStart();
  if (text.startsWith(playlistBeginning)) return 'hls';
  if (type === 'application/dash+xml' || /^(<\?xml[^>]*>\s*)?<MPD/.test(text)) return 'dash';
  const isText = text.startsWith('<') || type.startsWith('text/') || type.includes('mpegurl');
  if (isText || !(mediaTypes.test(type) || isMedia(head))) return undefined;
  if (contentLength === undefined) return { protocol: 'http', isEnded: false };
  const mark = [headers.etag, headers['last-modified'], contentLength].join(' ');
  const broadcastId = `file:${createHash('sha256').update(mark).digest('hex').slice(0, 24)}`;
  return { protocol: 'http', isEnded: false, broadcastId };
}

const mediaTypes = /^(video|audio)\/|^application\/(ogg|mp4|x-flv)$/;

/** Source: the containers' own specifications: MPEG-TS, FLV, Matroska, MP4, Ogg, ID3, ADTS and MPEG audio. */
function isMedia(head: Buffer): boolean {
  const begins = (...texts: string[]) => texts.some((text) => head.toString('latin1', 0, text.length) === text);
  const isSound = head[0] === 0xff && ((head[1] ?? 0) & 0xe0) === 0xe0;
  const isTs = head[0] === 0x47 && head.length > 188 && head[188] === 0x47;
  return (
    begins('FLV', '\x1aE\xdf\xa3', 'OggS', 'ID3', 'fLaC') || head.toString('latin1', 4, 8) === 'ftyp' || isSound || isTs
  );
}
