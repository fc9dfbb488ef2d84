import { z } from 'zod';
import type { Platform, StreamRef, StreamStatus } from '../../core/ports.ts';
import { atMost } from '../../lib/at-most.ts';
import { fetchText, HttpStatusError } from '../../lib/net.ts';
import { parseJson } from '../../media/probe.ts';
import { checkEach, type ProbeOptions, probeStream, unknownBy } from './probe-stream.ts';

export type KickOptions = ProbeOptions & {
  /** Default: the real site. */
  root?: string;
};

/** Where servers are refused, the site's own endpoint is left alone for this long … */
const blockedMs = 600_000;
/** … and each channel is asked of a program instead, at most this often. */
const slowMs = 120_000;
const programsAtOnce = 2;

const hosts = new Set(['kick.com', 'www.kick.com', 'm.kick.com']);
/** First words of addresses that are no channel. Source: yt-dlp's `kick.py`, and the site's own menu. */
const ownPages = new Set(
  'video clips categories category browse search auth login signup following dashboard community-guidelines privacy-policy terms-of-service about api'.split(
    ' ',
  ),
);

/**
 * Kick, by the endpoint that its own pages use. It is public but not promised, and Cloudflare before it refuses many
 * servers: then yt-dlp and streamlink are asked, which are slower. Source: KickEngineering/KickDevDocs issue 354.
 */
export function createKickPlatform(options: KickOptions): Platform {
  const root = (options.root ?? 'https://kick.com').replace(/\/+$/, '');
  const running = atMost(programsAtOnce);
  const told = new Map<number, { at: number; status: StreamStatus }>();
  let blockedAt: number | undefined;

  const check = async (stream: StreamRef, signal: AbortSignal): Promise<StreamStatus> => {
    if (blockedAt === undefined || performance.now() - blockedAt > blockedMs) {
      const status = await look(stream, `${root}/api/v2/channels/${stream.channel}`, options, signal);
      if (status.reason !== 'site_blocked') return status;
      blockedAt = performance.now();
    }
    const last = told.get(stream.id);
    if (last && performance.now() - last.at < slowMs) return last.status;
    const status = await running(() => askProgram(stream, options, signal), signal);
    told.set(stream.id, { at: performance.now(), status });
    return status;
  };

  return {
    name: 'kick',
    everyMs: 60_000,
    batchSize: 1,
    // More at once are taken for a burst and refused.
    checksAtOnce: 2,
    // A streamer whose connection was lost comes back to the same broadcast.
    isEndFinal: false,
    match: (url) => {
      if (!hosts.has(url.hostname) && url.host !== new URL(root).host) return undefined;
      const [channel = '', ...rest] = url.pathname.toLowerCase().split('/').filter(Boolean);
      if (!/^[\w-]+$/.test(channel) || rest.length > 0 || ownPages.has(channel)) return undefined;
      return { channel, url: `${root}/${channel}` };
    },
    check: (streams, signal) => checkEach(streams, (stream) => check(stream, signal)),
  };
}

const broadcast = z.object({
  slug: z.string(),
  session_title: z.string().nullish(),
  created_at: z.string().nullish(),
  start_time: z.string().nullish(),
  categories: z.array(z.object({ name: z.string() })).default([]),
});
/** Source: yt-dlp's `kick.py`, which reads the same answer. */
const channelAnswer = z.object({ id: z.coerce.string(), livestream: broadcast.nullable() });

/** `site_blocked` where the site refuses this server. */
async function look(
  { id: streamId }: StreamRef,
  url: string,
  { allowPrivate }: KickOptions,
  signal: AbortSignal,
): Promise<StreamStatus> {
  try {
    const headers = { accept: 'application/json', 'accept-language': 'en-US' };
    const { text } = await fetchText(url, { headers, signal, allowPrivate });
    const parsed = channelAnswer.safeParse(parseJson(text));
    if (!parsed.success) return { streamId, state: 'unknown', reason: 'page_changed' };
    return { streamId, ...statusOf(parsed.data) };
  } catch (error) {
    const status = error instanceof HttpStatusError ? error.status : undefined;
    if (status === 403) return { streamId, state: 'unknown', reason: 'site_blocked' };
    if (status === 404) return { streamId, state: 'unknown', reason: 'channel_unknown' };
    return { streamId, ...unknownBy(error) };
  }
}

function statusOf({ id: platformId, livestream }: z.infer<typeof channelAnswer>): Omit<StreamStatus, 'streamId'> {
  if (!livestream) return { state: 'offline', reason: 'stream_offline', platformId };
  const { slug: broadcastId, session_title: title, categories } = livestream;
  const startedAt = utcOf(livestream.start_time ?? livestream.created_at);
  return {
    ...{ state: 'live', broadcastId, platformId, startedAt },
    title: title ?? undefined,
    category: categories[0]?.name,
  };
}

/** `2026-11-21 10:00:00`, in UTC. */
function utcOf(text: string | null | undefined): Date | undefined {
  const iso = text?.replace(' ', 'T').replace(/(\d\d:\d\d:\d\d)(\.\d+)?$/, '$1Z');
  const date = iso ? new Date(iso) : undefined;
  return date && !Number.isNaN(date.getTime()) ? date : undefined;
}

/** yt-dlp tells the same id of a broadcast as the endpoint; streamlink another, a number. */
async function askProgram(stream: StreamRef, options: KickOptions, signal: AbortSignal): Promise<StreamStatus> {
  const { pageId, ...status } = await probeStream(stream, options, signal);
  const isSame = pageId !== undefined && !/^\d+$/.test(pageId);
  return { ...status, ...(isSame ? { broadcastId: pageId } : {}), reason: 'site_blocked' };
}
