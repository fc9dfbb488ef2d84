import { Readable } from 'node:stream';
import { z } from 'zod';
import { TemporaryError } from '../../core/errors.ts';
import { writePrivateFile } from '../../lib/private-file.ts';
import { run } from '../../lib/run.ts';

const askLimitMs = 60_000;

export type InfoQuestion = {
  ytdlp: string;
  url: string;
  /** Netscape. */
  cookieFile: string;
  env: Record<string, string>;
  signal: AbortSignal;
};

/** Where cookies stand in what yt-dlp tells of a page. Source: https://github.com/yt-dlp/yt-dlp#output-template (`cookies`). */
const info = z.looseObject({ formats: z.array(z.looseObject({ http_headers: z.record(z.string(), z.string()) })) });

/**
 * What yt-dlp finds behind a page that it asks with cookies, as JSON that holds none: it is to capture with that. By
 * itself it would hand the cookies to its ffmpeg as an argument, and every user of the machine could read them.
 *
 * @throws TemporaryError `resolve_failed`
 */
export async function infoWithCookies({ ytdlp, url, cookieFile, env, signal }: InfoQuestion): Promise<string> {
  const file = await writePrivateFile(cookieFile);
  try {
    const general = ['-J', '--no-playlist', '--no-config', '--no-cache-dir', '--socket-timeout', '15'];
    const input = Readable.from([`${url}\n`], { objectMode: false });
    const limits = { signal, timeoutMs: askLimitMs, env, input };
    const result = await run(ytdlp, [...general, '--cookies', file.path, '--batch-file', '-'], limits);
    signal.throwIfAborted();
    if (result.reason !== 'exited')
      throw new TemporaryError('resolve_failed', { detail: result.stderrTail.trim().split('\n').at(-1) ?? '' });
    return withoutCookies(result.stdout);
  } finally {
    await file.remove();
  }
}

function withoutCookies(stdout: string): string {
  try {
    return JSON.stringify(info.parse(JSON.parse(stdout)), (name, value: unknown) =>
      /^cookies?$/i.test(name) ? undefined : value,
    );
  } catch (cause) {
    throw new TemporaryError('resolve_failed', { detail: 'yt-dlp answered something unknown', cause });
  }
}
