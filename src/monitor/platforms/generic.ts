import type { Platform } from '../../core/ports.ts';
import { checkEach, type ProbeOptions, probeStream } from './probe-stream.ts';

/** What the generic platform needs of the configuration. */
export type GenericOptions = ProbeOptions;

/**
 * Any address: what is behind it is looked at, and a page is asked of yt-dlp, then of streamlink. Matches everything, so
 * it stands last.
 */
export function createGenericPlatform(options: GenericOptions): Platform {
  return {
    name: 'generic',
    everyMs: 60_000,
    batchSize: 1,
    // Each may be a program.
    checksAtOnce: 4,
    isEndFinal: true,
    match: (url) => ({ channel: url.href, url: url.href }),
    check: (streams, signal) =>
      checkEach(streams, async (stream) => {
        const { pageId: _, ...status } = await probeStream(stream, options, signal);
        return status;
      }),
  };
}
