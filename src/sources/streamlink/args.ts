import type { Quality } from '../../core/model.ts';
import type { SourceInput } from '../../core/ports.ts';

/** Goes on through faults of a minute, with what is still in the window. Measured: its defaults end after 60 s. */
const patience = [
  ['--stream-timeout', '90'],
  ['--stream-segment-attempts', '10'],
  ['--stream-segment-timeout', '10'],
  ['--hls-playlist-reload-attempts', '30'],
].flat();

export type StreamlinkOptions = {
  ffmpeg: string;
  /** The stream is followed for the first time: begins with the oldest the server still has. */
  isFirst: boolean;
};

/**
 * Arguments that write one stream to stdout. Source: https://streamlink.github.io/cli.html
 *
 * A DASH manifest is named as such; a page is left to the plugin that knows it.
 */
export function streamlinkArgs({ url, headers, protocol, quality }: SourceInput, options: StreamlinkOptions): string[] {
  const sent = Object.entries(headers).flatMap(([name, value]) => ['--http-header', `${name}=${value}`]);
  const start = options.isFirst ? ['--hls-live-restart'] : [];
  const general = ['--no-config', '--loglevel', 'warning', '--stdout', '--ffmpeg-ffmpeg', options.ffmpeg];
  const address = protocol === 'dash' ? `dash://${url}` : url;
  return [...general, ...patience, ...start, ...sent, ...choice(quality), '--', address, names(quality)];
}

/** Streamlink keeps what is sorted out under `-unfiltered` names. */
const names = (quality: Quality) =>
  quality === 'audio' ? 'audio_only,audio,worst,worst-unfiltered' : 'best,worst-unfiltered';

function choice(quality: Quality): string[] {
  return quality === 'best' || quality === 'audio' ? [] : ['--stream-sorting-excludes', `>${quality}`];
}
