import { fileURLToPath } from 'node:url';
import type { ResumePoint, Source, SourceInput, SourceItem, SourceOptions } from '../../core/ports.ts';
import { findPython } from '../../lib/find-python.ts';
import { assertPublicUrl } from '../../lib/net.ts';
import { guardProxy } from '../../lib/proxy.ts';
import { usualStallMs } from '../process/capture.ts';
import { captureUnknown } from '../process/capture-unknown.ts';
import { identityOf } from '../process/identity.ts';
import type { Step } from '../process/pipeline.ts';
import { streamlinkArgs } from './args.ts';

const script = fileURLToPath(new URL('./guarded-streamlink.py', import.meta.url));

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
  const step = await stepOf(input, from === undefined, options);
  const isAudioOnly = input.quality === 'audio';
  yield* captureUnknown({ step, identity: identityOf(input), isAudioOnly, stallMs }, from, options);
}

/** With the interpreter of its installation the arguments come by stdin; a single binary takes them as a file does. */
async function stepOf(
  input: SourceInput,
  isFirst: boolean,
  { programs, allowPrivate, cookies }: SourceOptions,
): Promise<Step> {
  const { env } = await guardProxy(allowPrivate);
  const args = streamlinkArgs(input, { ffmpeg: programs.ffmpeg, isFirst });
  const found = await findPython(programs.streamlink);
  if (!found) return { command: programs.streamlink, args, env };
  const path: Record<string, string> = found.pythonPath ? { PYTHONPATH: found.pythonPath } : {};
  return {
    command: found.python,
    args: [script],
    env: { ...env, ...path },
    input: `${JSON.stringify({ args, cookies: await cookies?.(input.url) })}\n`,
  };
}
