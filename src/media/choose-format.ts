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
 * lowest; muxed before video alone. What is chosen from again is taken as a whole: DASH by its own client, HLS whose sound
 * lies apart by our engine.
 */
export function chooseFormat(formats: Format[], quality: Quality): Address | undefined {
  for (const [pattern, protocol] of protocols) {
    const those = formats.filter((format) => pattern.test(format.protocol));
    const format = best(those, quality);
    if (!format) continue;
    return { url: addressOf(format, protocol), headers: format.http_headers, protocol };
  }
  return undefined;
}

function addressOf({ url, manifest_url: whole, vcodec, acodec }: Format, protocol: SourceInput['protocol']): string {
  const isSilent = acodec === 'none' && vcodec !== 'none';
  return (protocol === 'dash' || (protocol === 'hls' && isSilent) ? whole : undefined) ?? url;
}

function best(formats: Format[], quality: Quality): Format | undefined {
  const sorted = formats.toSorted(
    (a, b) => (b.height ?? 0) - (a.height ?? 0) || (b.fps ?? 0) - (a.fps ?? 0) || (b.tbr ?? 0) - (a.tbr ?? 0),
  );
  if (quality === 'audio') {
    const heard = preferring(sorted, ({ acodec }) => acodec !== 'none');
    return heard.find(({ vcodec }) => vcodec === 'none') ?? heard.at(-1);
  }
  const pictures = preferring(sorted, ({ vcodec }) => vcodec !== 'none');
  const usable = preferring(pictures, ({ acodec }) => acodec !== 'none');
  if (quality === 'best') return usable[0];
  const limit = Number.parseInt(quality, 10);
  return usable.find(({ height }) => (height ?? 0) <= limit && (height ?? 0) > 0) ?? usable.at(-1);
}

/** Those that are as wanted; all where none is. */
function preferring(formats: Format[], isWanted: (format: Format) => boolean): Format[] {
  const wanted = formats.filter(isWanted);
  return wanted.length > 0 ? wanted : formats;
}
