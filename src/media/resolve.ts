import { z } from 'zod';
import { TemporaryError, UserError } from '../core/errors.ts';
import type { Quality } from '../core/model.ts';
import type { SourceInput } from '../core/ports.ts';
import { assertPublicUrl, fetchText, guardedFetch } from '../lib/net.ts';
import { run } from '../lib/run.ts';
import { parseJson } from './probe.ts';

export type ResolveOptions = {
  quality: Quality;
  programs: { ytdlp: string };
  signal: AbortSignal;
  allowPrivate: boolean;
};
export type Resolved = {
  input: SourceInput;
  title?: string | undefined;
  channel?: string | undefined;
  isLive: boolean;
  /** It was live and is over. */
  isEnded: boolean;
  startsAt?: Date | undefined;
};

/** Source: RFC 8216 §4.3.1.1. */
const playlistBeginning = '#EXTM3U';
const lookTimeoutMs = 10_000;
const ytdlpTimeoutMs = 60_000;
const directProtocols: Record<string, SourceInput['protocol']> = {
  'rtmp:': 'rtmp',
  'rtmps:': 'rtmp',
  'rtsp:': 'rtsp',
  'srt:': 'srt',
};

/**
 * Finds the media behind a URL: a playlist is looked at by ourselves, a page is asked of yt-dlp.
 *
 * @throws UserError with the code of a sentence that says why it cannot be recorded
 * @throws TemporaryError `resolve_failed`, HttpStatusError and the rest of `fetchText`
 */
export async function resolve(url: string, options: ResolveOptions): Promise<Resolved> {
  const protocol = directProtocols[new URL(url).protocol];
  if (protocol)
    return { input: { url, headers: {}, protocol, quality: options.quality }, isLive: true, isEnded: false };
  assertPublicUrl(url, options.allowPrivate);
  return (await lookAtPlaylist(url, options)) ?? askYtdlp(url, options);
}

/** @returns undefined where it is a page, not a playlist */
async function lookAtPlaylist(url: string, options: ResolveOptions): Promise<Resolved | undefined> {
  const { quality, signal, allowPrivate } = options;
  const isNamedSo = new URL(url).pathname.toLowerCase().endsWith('.m3u8');
  if (!isNamedSo && !(await beginsAsPlaylist(url, options))) return undefined;
  const { text } = await fetchText(url, { signal, allowPrivate, timeoutMs: lookTimeoutMs });
  if (!text.trimStart().startsWith(playlistBeginning)) throw new UserError('not_a_stream');
  const isEnded = text.includes('#EXT-X-ENDLIST');
  return { input: { url, headers: {}, protocol: 'hls', quality }, isLive: !isEnded, isEnded };
}

/** Reads the first bytes alone: what is no playlist may be a page of megabytes or a stream without end. */
async function beginsAsPlaylist(url: string, { signal, allowPrivate }: ResolveOptions): Promise<boolean> {
  try {
    const { body } = await guardedFetch(url, { signal, allowPrivate, timeoutMs: lookTimeoutMs });
    let head = '';
    for await (const chunk of body) {
      head = (head + chunk.toString('utf8')).trimStart();
      if (head.length >= playlistBeginning.length) break;
    }
    return head.startsWith(playlistBeginning);
  } catch (error) {
    signal.throwIfAborted();
    // A refused address is refused; what else keeps us from the page may let yt-dlp in.
    if (error instanceof UserError) throw error;
    return false;
  }
}

const format = z.object({
  url: z.string(),
  protocol: z.string().default(''),
  height: z.number().nullish(),
  tbr: z.number().nullish(),
  vcodec: z.string().nullish(),
  acodec: z.string().nullish(),
  http_headers: z.record(z.string(), z.string()).default({}),
});
const page = z.object({
  title: z.string().nullish(),
  channel: z.string().nullish(),
  uploader: z.string().nullish(),
  is_live: z.boolean().nullish(),
  live_status: z.string().nullish(),
  release_timestamp: z.number().nullish(),
  formats: z.array(format).default([]),
});

async function askYtdlp(url: string, { quality, programs, signal }: ResolveOptions): Promise<Resolved> {
  const args = ['-J', '--no-playlist', '--no-warnings', '--no-config', '--socket-timeout', '15', '--', url];
  const result = await run(programs.ytdlp, args, { signal, timeoutMs: ytdlpTimeoutMs });
  signal.throwIfAborted();
  if (result.reason !== 'exited') throw explain(result.stderrTail, result.reason);
  const parsed = page.safeParse(parseJson(result.stdout));
  if (!parsed.success)
    throw new TemporaryError('resolve_failed', { detail: 'yt-dlp answered something unknown', cause: parsed.error });
  const { title, is_live: isLive, live_status: status, release_timestamp: startsAt, formats } = parsed.data;
  if (status === 'is_upcoming')
    throw new UserError('stream_offline', startsAt ? { startsAt: new Date(startsAt * 1000).toISOString() } : {});
  if (status === 'was_live' || status === 'post_live') throw new UserError('stream_ended');
  if (!isLive) throw new UserError('not_a_stream');
  const chosen = chooseFormat(formats, quality);
  if (!chosen) throw new UserError('not_a_stream');
  // yt-dlp adds the time to live titles; a title that changes each minute is no title.
  const cleanTitle = title?.replace(/ \d{4}-\d\d-\d\d \d\d:\d\d$/, '');
  const input = { url: chosen.url, headers: chosen.http_headers, protocol: 'hls' as const, quality };
  const channel = parsed.data.channel ?? parsed.data.uploader ?? undefined;
  return { input, title: cleanTitle, channel, isLive: true, isEnded: false };
}

type Format = z.infer<typeof format>;

/** The best HLS format at or below the height asked for, else the lowest; muxed before video alone. */
function chooseFormat(formats: Format[], quality: Quality): Format | undefined {
  const hls = formats.filter(({ protocol }) => protocol.startsWith('m3u8'));
  const sorted = preferring(hls, ({ acodec }) => acodec !== 'none').toSorted(
    (a, b) => (b.height ?? 0) - (a.height ?? 0) || (b.tbr ?? 0) - (a.tbr ?? 0),
  );
  if (quality === 'audio') return sorted.find(({ vcodec }) => vcodec === 'none') ?? sorted.at(-1);
  const pictures = preferring(sorted, ({ vcodec }) => vcodec !== 'none');
  if (quality === 'best') return pictures[0];
  const limit = Number.parseInt(quality, 10);
  return pictures.find(({ height }) => (height ?? 0) <= limit && (height ?? 0) > 0) ?? pictures.at(-1);
}

/** Those that are as wanted; all where none is. */
function preferring(formats: Format[], isWanted: (format: Format) => boolean): Format[] {
  const wanted = formats.filter(isWanted);
  return wanted.length > 0 ? wanted : formats;
}

/** What yt-dlp says → code of our sentence. Source: its extractors' messages, 2025. */
const explanations: [RegExp, string][] = [
  [/will begin in|premieres in|is not currently live|is offline|not currently streaming|not live/i, 'stream_offline'],
  [/members.only|members on level|join this channel|subscriber/i, 'members_only'],
  [/confirm you.?re not a bot|captcha|sign in to confirm/i, 'bot_check'],
  [/private/i, 'stream_private'],
  [/available (in|from) your (country|location|region)|geo.?restrict/i, 'geo_blocked'],
  [/live event has ended|has ended|was live/i, 'stream_ended'],
  [/removed|no longer available|does not exist|HTTP Error 404/i, 'stream_removed'],
  [/unsupported url/i, 'site_unknown'],
];

function explain(stderr: string, reason: string): Error {
  const found = explanations.find(([pattern]) => pattern.test(stderr));
  if (found) return new UserError(found[1]);
  return new TemporaryError('resolve_failed', { detail: stderr.trim().split('\n').at(-1) || reason });
}
