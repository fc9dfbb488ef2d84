import type { ResumePoint, Source, SourceInput, SourceItem, SourceOptions } from '../../core/ports.ts';
import { createCookieHeaders } from '../../lib/cookie-headers.ts';
import { assemble } from './assemble.ts';
import { followPlaylist } from './follower.ts';
import type { Variant } from './playlist.ts';
import { createPrefetch } from './prefetch.ts';
import { followSound, type Sound } from './sound.ts';
import { tellAdBreaks } from './told-ads.ts';

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
  let refusals = 0;
  const takeRefusals = () => {
    const taken = refusals;
    refusals = 0;
    return taken;
  };
  const onRefused = () => void refusals++;
  // Of the media's own hosts alone: what the page's site gave its cookies for.
  const fetching = { signal, allowPrivate, cookies: options.cookies && createCookieHeaders(options.cookies) };
  const ads = options.ads ?? 'keep';
  let sound: Sound | undefined;
  const onChosen = ({ audioUrl }: Variant) => {
    if (audioUrl) sound ??= followSound({ input, options: fetching, ads, onRefused });
  };
  const prefetch = createPrefetch({ ...fetching, input, isReturn: from !== undefined, onRefused });
  const following = followPlaylist({
    input,
    from,
    options: { ...fetching, takeRefusals, onChosen },
    prefetch,
    ads,
  });
  try {
    yield* tellAdBreaks(assemble(prefetch, { ...options, sound: () => sound }));
  } finally {
    stop.abort();
    await following;
  }
}
