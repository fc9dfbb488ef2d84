import { Readable } from 'node:stream';
import { z } from 'zod';
import type { CookieReader } from '../core/cookies.ts';
import { TemporaryError, UserError } from '../core/errors.ts';
import { writePrivateFile } from '../lib/private-file.ts';
import { guardProxy } from '../lib/proxy.ts';
import { run } from '../lib/run.ts';
import { parseJson } from './probe.ts';
import { askWarmYtdlp } from './warm-ytdlp.ts';

const askLimitMs = 60_000;

const format = z.object({
  url: z.string(),
  manifest_url: z.string().nullish(),
  protocol: z.string().default(''),
  height: z.number().nullish(),
  fps: z.number().nullish(),
  tbr: z.number().nullish(),
  vcodec: z.string().nullish(),
  acodec: z.string().nullish(),
  http_headers: z.record(z.string(), z.string()).default({}),
});
const page = z.object({
  id: z.coerce.string().nullish(),
  extractor_key: z.string().nullish(),
  title: z.string().nullish(),
  description: z.string().nullish(),
  timestamp: z.number().nullish(),
  channel: z.string().nullish(),
  uploader: z.string().nullish(),
  is_live: z.boolean().nullish(),
  live_status: z.string().nullish(),
  release_timestamp: z.number().nullish(),
  formats: z.array(format).default([]),
});

/** One way to get a page's media, and the page, as yt-dlp tells them. Source: yt-dlp's README, "OUTPUT TEMPLATE". */
export type Format = z.infer<typeof format>;
export type Page = z.infer<typeof page>;

export type AskOptions = {
  ytdlp: string;
  allowPrivate: boolean;
  signal: AbortSignal;
  /** Without it pages are asked as a stranger. */
  cookies?: CookieReader | undefined;
};
/** The same of both ways: what a schema reads is what is asked for. */
const fields = { page: Object.keys(page.shape), format: Object.keys(format.shape) };
/** What both ways of asking are given. */
type Asking = AskOptions & { env: Record<string, string>; cookieFile: string | undefined };

/**
 * Asks yt-dlp what is behind a page: the warm one of this process, else one process for it. The page's address stands in
 * no process list, and what yt-dlp fetches goes through the guard.
 *
 * @throws UserError with the code of a sentence that says why there is nothing, `program_missing`
 * @throws TemporaryError `resolve_failed`
 */
export async function askYtdlp(url: string, options: AskOptions): Promise<Page> {
  const { env } = await guardProxy(options.allowPrivate);
  const limited = AbortSignal.any([options.signal, AbortSignal.timeout(askLimitMs)]);
  const asking = { ...options, env, cookieFile: await options.cookies?.(url) };
  const { info, complaint } = (await askWarm(url, { ...asking, limited })) ?? (await askOnce(url, asking));
  options.signal.throwIfAborted();
  if (!info) throw explain(complaint);
  const parsed = page.safeParse(info);
  if (!parsed.success)
    throw new TemporaryError('resolve_failed', { detail: 'yt-dlp answered something unknown', cause: parsed.error });
  // Asked not to fail for want of formats, it tells why in a warning.
  const { formats, live_status: status } = parsed.data;
  if (formats.length === 0 && complaint.trim() && !tellingStates.includes(status ?? '')) throw explain(complaint);
  return parsed.data;
}

/** Why there are no formats, in itself. */
const tellingStates = ['is_upcoming', 'was_live', 'post_live'];

type Found = { info: unknown; complaint: string };

async function askWarm(
  url: string,
  { ytdlp, signal, env, cookieFile, limited }: Asking & { limited: AbortSignal },
): Promise<Found | undefined> {
  const options = { quiet: true, noplaylist: true, ignore_no_formats_error: true, socket_timeout: 15 };
  try {
    return await askWarmYtdlp({ program: ytdlp, env, url, options, fields, cookieFile, signal: limited });
  } catch (error) {
    signal.throwIfAborted();
    if (limited.aborted) throw new TemporaryError('resolve_failed', { detail: 'yt-dlp takes too long', cause: error });
    throw error;
  }
}

async function askOnce(url: string, { ytdlp, signal, env, cookieFile }: Asking): Promise<Found> {
  const general = ['-J', '--no-playlist', '--no-config', '--socket-timeout', '15', '--ignore-no-formats-error'];
  const input = Readable.from([`${url}\n`], { objectMode: false });
  const file = cookieFile === undefined ? undefined : await writePrivateFile(cookieFile);
  const given = file ? ['--cookies', file.path] : [];
  try {
    const limits = { signal, timeoutMs: askLimitMs, env, input };
    const result = await run(ytdlp, [...general, ...given, '--batch-file', '-'], limits);
    if (result.reason !== 'exited') return { info: undefined, complaint: result.stderrTail || result.reason };
    return { info: parseJson(result.stdout) ?? 'no JSON', complaint: result.stderrTail };
  } finally {
    await file?.remove();
  }
}

/** What yt-dlp says → code of our sentence. Source: its extractors' messages, 2025. */
const explanations: [RegExp, string][] = [
  [/will begin in|premieres in|is not currently live|is offline|not currently streaming|not live/i, 'stream_offline'],
  [/members.only|members on level|join this channel|subscriber/i, 'members_only'],
  [/confirm your age|age.restricted|inappropriate for some users/i, 'age_check'],
  [/confirm you.?re not a bot|captcha|sign in to confirm/i, 'bot_check'],
  [/private/i, 'stream_private'],
  [/available (in|from) your (country|location|region)|geo.?restrict/i, 'geo_blocked'],
  [/live event has ended|has ended|was live/i, 'stream_ended'],
  // Of the page itself: what is asked for besides it may be missing for a moment.
  [/removed|no longer available|does not exist|unable to download webpage: HTTP Error 404/i, 'stream_removed'],
  [/unsupported url/i, 'site_unknown'],
];

/** Code of the sentence for what a site says of itself, in English; undefined where it is not understood. */
export function explainComplaint(text: string): string | undefined {
  return explanations.find(([pattern]) => pattern.test(text))?.[1];
}

function explain(complaint: string): Error {
  const code = explainComplaint(complaint);
  if (code) return new UserError(code);
  return new TemporaryError('resolve_failed', { detail: complaint.trim().split('\n').at(-1) ?? '' });
}
