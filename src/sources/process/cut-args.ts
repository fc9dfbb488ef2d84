/** Arguments that every capturing ffmpeg begins with: no questions, errors alone on stderr. */
export const captureArgs = ['-nostdin', '-hide_banner', '-loglevel', 'warning'];

/**
 * MPEG-TS of the first video and the first audio track on stdout by stream copy, flushed at once.
 *
 * `wanted` leaves the video out where only sound is asked for.
 */
export function cutArgs(wanted: { isAudioOnly: boolean }): string[] {
  const maps = wanted.isAudioOnly ? ['-map', '0:a:0'] : ['-map', '0:v:0?', '-map', '0:a:0?'];
  return [...maps, '-c', 'copy', '-f', 'mpegts', '-flush_packets', '1', 'pipe:1'];
}
