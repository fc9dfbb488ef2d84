import { UserError } from '../core/errors.ts';
import type { Source, SourceInput } from '../core/ports.ts';
import { ffmpegSource } from './ffmpeg/source.ts';
import { hlsSource } from './hls/source.ts';
import { streamlinkSource } from './streamlink/source.ts';
import { ytdlpSource } from './ytdlp/source.ts';

/** Every way to get bytes. A new Source is one line here and one folder beside. */
export const sources: Source[] = [hlsSource, ffmpegSource, streamlinkSource, ytdlpSource];

/** The Source with the highest priority for an input. @throws UserError `protocol_unsupported` */
export function pickSource(input: SourceInput): Source {
  const [best] = sources.toSorted((a, b) => b.priority(input) - a.priority(input));
  if (!best || best.priority(input) === 0) throw new UserError('protocol_unsupported', { protocol: input.protocol });
  return best;
}
