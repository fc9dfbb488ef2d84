import type { Platform, StreamRef, StreamStatus } from '../../../core/ports.ts';
import { atMost } from '../../../lib/at-most.ts';
import { HttpStatusError } from '../../../lib/net.ts';
import { checkEach, type ProbeOptions, probeStream, unknownBy } from '../probe-stream.ts';
import { createDataApi, type DataApi, type DataApiOptions } from './data-api.ts';
import { matchYoutube } from './match.ts';
import { readPage } from './page.ts';
import { type Judged, judgePlayer } from './player.ts';

export type YoutubeOptions = ProbeOptions & {
  /** Of the pages. */
  root: string;
  /** The Data API, where there is a key for it. */
  api?: Omit<DataApiOptions, 'root' | 'allowPrivate'> | undefined;
};

/** Each is a question to yt-dlp, which costs far more than a look at a page. */
const confirmsAtOnce = 2;

type Look = Judged & {
  /** yt-dlp may know what the page does not tell. */
  isOpen?: boolean;
};

/**
 * YouTube, by the page that a channel's `/live` leads to. Where that page says nothing, the Data API is asked about a
 * video that is known, and yt-dlp about a page that changed or may not play.
 */
export function createYoutubePlatform(options: YoutubeOptions): Platform {
  const root = options.root.replace(/\/+$/, '');
  const api = openApi(root, options);
  const confirming = atMost(confirmsAtOnce);
  /** The last broadcast a Stream was seen with, live or announced. */
  const lastVideos = new Map<number, string>();

  const check = async (stream: StreamRef, signal: AbortSignal): Promise<StreamStatus> => {
    const isVideo = stream.channel.startsWith('video/');
    const look = await lookAt(stream.url, { isVideo, allowPrivate: options.allowPrivate, signal });
    const videoId = look.broadcastId ?? lastVideos.get(stream.id) ?? (isVideo ? stream.channel.slice(6) : undefined);
    const status = look.state === 'unknown' ? await askOthers(stream, { look, videoId, signal }) : look;
    if (status.broadcastId && status.state !== 'unknown') lastVideos.set(stream.id, status.broadcastId);
    if (['offline', 'ended'].includes(status.state)) lastVideos.delete(stream.id);
    const { isOpen: _, isBarred: __, ...told } = status as Look;
    // A channel goes on after a broadcast.
    const state = told.state === 'ended' && !isVideo ? 'offline' : told.state;
    return { ...told, streamId: stream.id, state };
  };

  type Unsure = { look: Look; videoId: string | undefined; signal: AbortSignal };
  /** Pages are looked at without a login; yt-dlp has it, and is no robot then. */
  const isLoginWanted = async ({ url }: StreamRef, { reason }: Look) =>
    reason === 'bot_check' && (await options.cookies?.(url).catch(() => undefined)) !== undefined;

  const askOthers = async (stream: StreamRef, { look, videoId, signal }: Unsure): Promise<Look> => {
    if (look.isOpen || look.isBarred || (await isLoginWanted(stream, look))) {
      const { pageId, ...probed } = await confirming(() => probeStream(stream, options, signal), signal);
      if (probed.state === 'live') return { ...probed, broadcastId: pageId, reason: look.reason };
      // Barred and not playable for yt-dlp either: the page's own reason says more.
      if (probed.state !== 'unknown' && !look.isBarred) return { ...probed, reason: look.reason };
    }
    const told = videoId && !look.isBarred ? await api?.ask(videoId, signal) : undefined;
    return told ?? look;
  };

  return {
    name: 'youtube',
    everyMs: 60_000,
    batchSize: 1,
    checksAtOnce: 8,
    isEndFinal: true,
    match: (url) => {
      const found = matchYoutube(url, root);
      return found && { channel: found.channel, url: found.url };
    },
    check: (streams, signal) => checkEach(streams, (stream) => check(stream, signal)),
  };
}

function openApi(root: string, { api, allowPrivate }: YoutubeOptions): DataApi | undefined {
  return api && createDataApi({ ...api, root: dataApiRoot(root), allowPrivate });
}

/** Where the Data API is: beside a server that stands for YouTube, else at Google. Source: https://developers.google.com/youtube/v3/docs */
export function dataApiRoot(youtubeRoot: string): string {
  const isReal = /(^|\.)youtube\.com$/.test(new URL(youtubeRoot).hostname);
  return isReal ? 'https://www.googleapis.com/youtube/v3' : `${youtubeRoot.replace(/\/+$/, '')}/youtube/v3`;
}

type LookOptions = { isVideo: boolean; allowPrivate: boolean; signal: AbortSignal };

async function lookAt(url: string, { isVideo, ...options }: LookOptions): Promise<Look> {
  try {
    const page = await readPage(url, options);
    if (page.kind === 'channel') return { state: 'offline', reason: 'stream_offline', platformId: page.platformId };
    if (page.kind === 'captcha') return { state: 'unknown', reason: 'bot_check' };
    if (page.kind !== 'player') return { state: 'unknown', reason: 'page_changed', isOpen: true };
    const judged = judgePlayer(page.player, isVideo);
    return { ...judged, isOpen: judged.reason === 'page_changed' };
  } catch (error) {
    return lookOfError(error);
  }
}

function lookOfError(error: unknown): Look {
  if (!(error instanceof HttpStatusError)) return unknownBy(error);
  const { status, path, retryAfterMs } = error;
  if (status === 404 || status === 410) return { state: 'unknown', reason: 'channel_unknown' };
  // Whom YouTube takes for a robot it leads to google.com/sorry/, which answers 429 with a riddle.
  if (path.startsWith('/sorry/')) return { state: 'unknown', reason: 'bot_check', retryAfterMs };
  return unknownBy(error);
}
