import type { CookieReader } from '../core/cookies.ts';
import { TemporaryError, UserError } from '../core/errors.ts';
import type { Engine, Quality } from '../core/model.ts';
import type { Programs, SourceInput } from '../core/ports.ts';
import { cleanTitle } from '../core/title.ts';
import { createCookieHeaders } from '../lib/cookie-headers.ts';
import { assertPublicUrl } from '../lib/net.ts';
import { askStreamlink } from './ask-streamlink.ts';
import { askYtdlp, type Page } from './ask-ytdlp.ts';
import { chooseFormat } from './choose-format.ts';
import { lookAt } from './look.ts';
import { chooseStream } from './resolve-streamlink.ts';

export type ResolveOptions = {
  quality: Quality;
  /** The program a person asked for; it is given the page as it is. */
  engine?: Engine | undefined;
  /** Without streamlink pages are asked of yt-dlp alone. */
  programs: Pick<Programs, 'ytdlp'> & Partial<Pick<Programs, 'streamlink'>>;
  signal: AbortSignal;
  allowPrivate: boolean;
  cookies?: CookieReader | undefined;
};
export type Resolved = {
  input: SourceInput;
  title?: string | undefined;
  channel?: string | undefined;
  isLive: boolean;
  /** It was live and is over. */
  isEnded: boolean;
  /** Of a file, which is the same broadcast whenever it is seen. */
  broadcastId?: string;
  /** The site's own id of the page; whether it names a broadcast or a channel differs by site. */
  pageId?: string;
  startedAt?: Date;
};

const directProtocols: Record<string, SourceInput['protocol']> = {
  'rtmp:': 'rtmp',
  'rtmps:': 'rtmp',
  'rtsp:': 'rtsp',
  'rtsps:': 'rtsp',
  'srt:': 'srt',
};

/**
 * Finds the media behind a URL: a playlist, a manifest or media is known by its first bytes, a page is asked of yt-dlp,
 * and of streamlink where yt-dlp does not know the site.
 *
 * @throws UserError with the code of a sentence that says why it cannot be recorded; `stream_offline` with `startsAt` (ISO
 *   8601) where it is announced
 * @throws TemporaryError `resolve_failed`, HttpStatusError and the rest of `fetchText`
 */
export async function resolve(url: string, options: ResolveOptions): Promise<Resolved> {
  const { quality, engine, signal, allowPrivate } = options;
  const cookies = options.cookies && createCookieHeaders(options.cookies);
  const protocol = directProtocols[new URL(url).protocol];
  if (protocol) return { input: { url, headers: {}, protocol, quality }, isLive: true, isEnded: false };
  assertPublicUrl(url, allowPrivate);
  const looked = await lookAt(url, { signal, allowPrivate, cookies });
  if (!looked) return fromPage(url, options).catch((error: unknown) => fromOther(url, options, error));
  const { isEnded, broadcastId } = looked;
  const input = { url, headers: {}, protocol: looked.protocol, quality, ...(engine ? { engine } : {}) };
  return { input, isLive: !isEnded, isEnded, ...(broadcastId ? { broadcastId } : {}) };
}

async function fromPage(
  url: string,
  { quality, engine, programs, signal, allowPrivate, cookies }: ResolveOptions,
): Promise<Resolved> {
  const page = await askYtdlp(url, { ytdlp: programs.ytdlp, signal, allowPrivate, cookies });
  const { is_live: isLive, live_status: status, release_timestamp: startsAt } = page;
  if (status === 'is_upcoming')
    throw new UserError('stream_offline', startsAt ? { startsAt: new Date(startsAt * 1000).toISOString() } : {});
  if (status === 'was_live' || status === 'post_live') throw new UserError('stream_ended');
  if (!isLive) throw new UserError('not_a_stream');
  const found = chooseFormat(page.formats, quality);
  // A live page without formats: its extractor is broken, which passes with an update.
  if (!found) throw new TemporaryError('resolve_failed', { detail: 'live, but no formats' });
  const input: SourceInput = engine
    ? { url, headers: {}, protocol: found.protocol, quality, engine }
    : { ...found, quality };
  return {
    input,
    ...calledBy(page),
    channel: page.channel ?? page.uploader ?? undefined,
    isLive: true,
    isEnded: false,
    ...(page.id ? { pageId: page.id } : {}),
  };
}

/**
 * What a live page is called, and since when it is live. Of Twitch yt-dlp gives the channel as the title, and what the
 * streamer wrote as the description. Source: yt-dlp, `TwitchStreamIE`.
 */
function calledBy(page: Page): Pick<Resolved, 'title' | 'startedAt'> {
  const isTwitch = page.extractor_key === 'TwitchStream';
  const startedS = isTwitch ? page.timestamp : page.release_timestamp;
  const started = startedS ? { startedAt: new Date(startedS * 1000) } : {};
  if (isTwitch && page.description) return { title: page.description, ...started };
  return { title: page.title ? cleanTitle(page.title) : undefined, ...started };
}

/** What yt-dlp does not know, or cannot read, streamlink may; where it cannot either, yt-dlp's reason is told. */
async function fromOther(url: string, options: ResolveOptions, error: unknown): Promise<Resolved> {
  const { programs, quality, engine, signal, allowPrivate, cookies } = options;
  signal.throwIfAborted();
  if (!isOpen(error) || !programs.streamlink) throw error;
  const asking = { streamlink: programs.streamlink, signal, allowPrivate, cookies };
  const page = await askStreamlink(url, asking).catch((other: unknown) => {
    signal.throwIfAborted();
    throw saysMore(other, error) ? other : error;
  });
  const found = chooseStream(url, page, quality);
  const input = engine ? { url, headers: {}, protocol: found.protocol, quality, engine } : found;
  const { title, author, id } = page.metadata ?? {};
  return {
    ...{ input, isLive: true, isEnded: false, title: title ?? undefined, channel: author ?? undefined },
    ...(id ? { pageId: id } : {}),
  };
}

/** What yt-dlp said leaves the question open. */
function isOpen(error: unknown): boolean {
  if (error instanceof UserError) return error.code === 'site_unknown';
  return error instanceof TemporaryError && error.code === 'resolve_failed';
}

/** Of a site that yt-dlp does not know streamlink's word is all there is. */
function saysMore(other: unknown, error: unknown): boolean {
  if (!(error instanceof UserError)) return false;
  return !(other instanceof UserError) || other.code === 'stream_offline';
}
