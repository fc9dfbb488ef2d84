import { z } from 'zod';
import { TemporaryError, UserError } from '../core/errors.ts';
import type { Quality } from '../core/model.ts';
import type { SourceInput } from '../core/ports.ts';
import { assertPublicUrl, fetchText, HttpStatusError } from '../lib/net.ts';
import { run } from '../lib/run.ts';

export type ResolveOptions = {
  quality: Quality;
  programs: { ytdlp: string };
  signal: AbortSignal;
  allowPrivate: boolean;
};
export type Resolved = {
  input: SourceInput;
  title?: string | undefined;
  isLive: boolean;
  /** It was live and is over. */
  isEnded: boolean;
  startsAt?: Date | undefined;
};

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
async function lookAtPlaylist(
  url: string,
  { quality, signal, allowPrivate }: ResolveOptions,
): Promise<Resolved | undefined> {
  const isNamedSo = new URL(url).pathname.toLowerCase().endsWith('.m3u8');
  const headers: Record<string, string> = isNamedSo ? {} : { range: 'bytes=0-1023' };
  const text = await fetchText(url, {
    headers,
    signal,
    allowPrivate,
    timeoutMs: lookTimeoutMs,
    maxBytes: 4_000_000,
  }).then(
    (answer) => answer.text,
    (error) => {
      const isPage = !isNamedSo && (error instanceof HttpStatusError || !(error instanceof UserError));
      if (isPage) return '';
      throw error;
    },
  );
  if (!text.trimStart().startsWith('#EXTM3U')) {
    if (isNamedSo) throw new UserError('not_a_stream');
    return undefined;
  }
  const isEnded = text.includes('#EXT-X-ENDLIST');
  return { input: { url, headers: {}, protocol: 'hls', quality }, isLive: !isEnded, isEnded };
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
  const parsed = page.safeParse(JSON.parse(result.stdout));
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
  return { input, title: cleanTitle, isLive: true, isEnded: false };
}

/** The best HLS format at or below the height asked for, else the lowest; muxed before video alone. */
function chooseFormat(formats: z.infer<typeof format>[], quality: Quality): z.infer<typeof format> | undefined {
  const hls = formats.filter(({ protocol }) => protocol.startsWith('m3u8'));
  const hasAudio = hls.filter(({ acodec }) => acodec !== 'none');
  const sorted = (hasAudio.length > 0 ? hasAudio : hls).toSorted(
    (a, b) => (b.height ?? 0) - (a.height ?? 0) || (b.tbr ?? 0) - (a.tbr ?? 0),
  );
  if (quality === 'best') return sorted[0];
  if (quality === 'audio') return sorted.find(({ vcodec }) => vcodec === 'none') ?? sorted.at(-1);
  const limit = Number.parseInt(quality, 10);
  return sorted.find(({ height }) => (height ?? 0) <= limit && (height ?? 0) > 0) ?? sorted.at(-1);
}

/** What yt-dlp says → code of our sentence. Source: its extractors' messages, 2025. */
const explanations: [RegExp, string][] = [
  [
    /will begin in|premieres in|is not currently live|is offline|not currently streaming|no video|not live/i,
    'stream_offline',
  ],
  [/members.only|join this channel|subscriber/i, 'members_only'],
  [/confirm you.?re not a bot|captcha|sign in to confirm/i, 'bot_check'],
  [/private/i, 'stream_private'],
  [/not available (in|from) your (country|location)|geo.?restrict/i, 'geo_blocked'],
  [/live event has ended|has ended|was live/i, 'stream_ended'],
  [/removed|no longer available|does not exist|HTTP Error 404/i, 'stream_removed'],
  [/unsupported url/i, 'site_unknown'],
];

function explain(stderr: string, reason: string): Error {
  const found = explanations.find(([pattern]) => pattern.test(stderr));
  if (found) return new UserError(found[1]);
  return new TemporaryError('resolve_failed', { detail: stderr.trim().split('\n').at(-1) || reason });
}
