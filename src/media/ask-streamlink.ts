import { Readable } from 'node:stream';
import { z } from 'zod';
import type { CookieReader } from '../core/cookies.ts';
import { TemporaryError, UserError } from '../core/errors.ts';
import { run } from '../lib/run.ts';
import { parseJson } from './probe.ts';
import { type StreamlinkCommand, streamlinkCommand } from './streamlink-program.ts';

const askLimitMs = 30_000;

const stream = z.object({
  type: z.string(),
  url: z.string().optional(),
  master: z.string().nullish(),
  headers: z.record(z.string(), z.string()).default({}),
});
const answer = z.object({
  error: z.string().optional(),
  streams: z.record(z.string(), stream).default({}),
  metadata: z
    .object({ id: z.coerce.string().nullish(), author: z.string().nullish(), title: z.string().nullish() })
    .nullish(),
});

/** One way to get a page's media, and the page, as `streamlink --json` tells them. Streams are named like `720p60`. */
export type StreamlinkStream = z.infer<typeof stream>;
export type StreamlinkPage = Pick<z.infer<typeof answer>, 'streams' | 'metadata'>;

export type AskStreamlinkOptions = {
  streamlink: string;
  allowPrivate: boolean;
  signal: AbortSignal;
  cookies?: CookieReader | undefined;
};

/**
 * Asks streamlink what is behind a page: it knows sites that yt-dlp does not. A process each time.
 *
 * @throws UserError `site_unknown`, `stream_offline`, `program_missing`; TemporaryError `resolve_failed`
 */
export async function askStreamlink(url: string, options: AskStreamlinkOptions): Promise<StreamlinkPage> {
  const { streamlink: program, allowPrivate, signal, cookies } = options;
  const wanted = ['--no-config', '--json', '--', url];
  const result = await runOnce(await streamlinkCommand(wanted, { program, url, allowPrivate, cookies }), signal);
  signal.throwIfAborted();
  const parsed = answer.safeParse(parseJson(result.stdout));
  if (!parsed.success) throw new TemporaryError('resolve_failed', { detail: result.stderrTail || result.reason });
  const { error, streams, metadata } = parsed.data;
  if (error !== undefined) throw explain(error);
  if (Object.keys(streams).length === 0) throw new UserError('stream_offline');
  return { streams, metadata };
}

async function runOnce({ command, args, env, input, close }: StreamlinkCommand, signal: AbortSignal) {
  const stdin = input === undefined ? {} : { input: Readable.from([input], { objectMode: false }) };
  try {
    return await run(command, args, { signal, timeoutMs: askLimitMs, env, ...stdin });
  } finally {
    await close();
  }
}

/** Source: streamlink_cli/main.py, its only messages for these two. */
function explain(error: string): Error {
  if (error.startsWith('No plugin can handle URL')) return new UserError('site_unknown');
  if (error.startsWith('No playable streams found')) return new UserError('stream_offline');
  return new TemporaryError('resolve_failed', { detail: error });
}
