import type { ResumePoint, Source, SourceInput, SourceItem, SourceOptions } from '../../core/ports.ts';
import { assertPublicUrl } from '../../lib/net.ts';
import { streamlinkCommand } from '../../media/streamlink-program.ts';
import { usualStallMs } from '../process/capture.ts';
import { captureUnknown } from '../process/capture-unknown.ts';
import { identityOf } from '../process/identity.ts';
import { streamlinkArgs } from './args.ts';

/** Live DASH, and pages where a person asks for streamlink. */
export const streamlinkSource: Source = createStreamlinkSource();

/** @param options.stallMs without a byte for this long the stream is lost */
export function createStreamlinkSource({ stallMs = usualStallMs } = {}): Source {
  return {
    name: 'streamlink',
    priority: ({ protocol, engine }) => (engine === 'streamlink' ? 20 : protocol === 'dash' ? 10 : 0),
    open: (input, from, options) => capture({ input, stallMs }, from, options),
  };
}

async function* capture(
  { input, stallMs }: { input: SourceInput; stallMs: number },
  from: ResumePoint | undefined,
  options: SourceOptions,
): AsyncGenerator<SourceItem> {
  assertPublicUrl(input.url, options.allowPrivate);
  const { programs, allowPrivate, cookies } = options;
  const args = streamlinkArgs(input, { ffmpeg: programs.ffmpeg, isFirst: from === undefined });
  const program = { program: programs.streamlink, url: input.url, allowPrivate, cookies };
  const { close, ...step } = await streamlinkCommand(args, program);
  const isAudioOnly = input.quality === 'audio';
  try {
    yield* captureUnknown({ step, identity: identityOf(input), isAudioOnly, stallMs }, from, options);
  } finally {
    await close();
  }
}
