import type { ResumePoint, Source, SourceInput, SourceItem, SourceOptions } from '../../core/ports.ts';
import { assemble } from './assemble.ts';
import { followPlaylist } from './follower.ts';
import { createPrefetch } from './prefetch.ts';

/** Live HLS inside the worker: no process per recording, every Media Segment kept byte for byte. */
export const hlsSource: Source = {
  name: 'hls',
  priority: ({ protocol }) => (protocol === 'hls' ? 10 : 0),
  open: capture,
};

async function* capture(
  input: SourceInput,
  from: ResumePoint | undefined,
  { allowPrivate, ...options }: SourceOptions,
): AsyncGenerator<SourceItem> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const prefetch = createPrefetch({ headers: input.headers, allowPrivate, signal });
  const following = followPlaylist({ input, from, options: { signal, allowPrivate }, prefetch });
  try {
    yield* assemble(prefetch, options);
  } finally {
    stop.abort();
    await following;
  }
}
