import type { Quality } from '../core/model.ts';
import type { SourceInput } from '../core/ports.ts';
import type { Format } from './ask-ytdlp.ts';

type Address = Pick<SourceInput, 'url' | 'headers' | 'protocol'>;

/** yt-dlp's name of a protocol → ours, best first: HLS has a window, so that a fault costs nothing. */
const protocols: [RegExp, SourceInput['protocol']][] = [
  [/^m3u8/, 'hls'],
  [/^http_dash_segments/, 'dash'],
  [/^rtmp/, 'rtmp'],
  [/^rtsp/, 'rtsp'],
  [/^https?$/, 'http'],
];

/**
 * The address for a quality: by the protocol that loses least, then the best at or below the height asked for, else the
 * lowest; muxed before video alone. DASH is taken as a whole: its own client chooses.
 */
export function chooseFormat(formats: Format[], quality: Quality): Address | undefined {
  for (const [pattern, protocol] of protocols) {
    const those = formats.filter((format) => pattern.test(format.protocol));
    const format = best(those, quality);
    if (!format) continue;
    const url = protocol === 'dash' ? (format.manifest_url ?? format.url) : format.url;
    return { url, headers: format.http_headers, protocol };
  }
  return undefined;
}

function best(formats: Format[], quality: Quality): Format | undefined {
  const sorted = preferring(formats, ({ acodec }) => acodec !== 'none').toSorted(
    (a, b) => (b.height ?? 0) - (a.height ?? 0) || (b.fps ?? 0) - (a.fps ?? 0) || (b.tbr ?? 0) - (a.tbr ?? 0),
  );
  if (quality === 'audio') return sorted.find(({ vcodec }) => vcodec === 'none') ?? sorted.at(-1);
  const pictures = preferring(sorted, ({ vcodec }) => vcodec !== 'none');
  if (quality === 'best') return pictures[0];
  const limit = Number.parseInt(quality, 10);
  return pictures.find(({ height }) => (height ?? 0) <= limit && (height ?? 0) > 0) ?? pictures.at(-1);
}

/** Those that are as wanted; all where none is. */
function preferring(formats: Format[], isWanted: (format: Format) => boolean): Format[] {
  const wanted = formats.filter(isWanted);
  return wanted.length > 0 ? wanted : formats;
}
