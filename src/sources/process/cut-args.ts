import { UserError } from '../../core/errors.ts';

/** Arguments that every capturing ffmpeg begins with: no questions, errors alone on stderr. */
export const captureArgs = ['-nostdin', '-hide_banner', '-loglevel', 'warning'];

/** In what Segments are written: MPEG-TS where it can hold the codecs. */
export type CutContainer = 'ts' | 'fmp4';
/** ffmpeg's names of the codecs of the first tracks; absent where a track is absent. */
export type TrackCodecs = { video?: string; audio?: string };

/** What MPEG-TS holds in a way that players know. Source: ISO/IEC 13818-1 table 2-34, ATSC A/53. */
const inTs = ['h264', 'hevc', 'mpeg1video', 'mpeg2video', 'aac', 'mp3', 'mp2', 'ac3', 'eac3'];
/** What MP4 holds besides. Source: mp4ra.org, registered codecs. */
const inMp4 = [...inTs, 'av1', 'vp9', 'opus', 'flac', 'mpeg4', 'alac'];

/** The container for codecs that are kept as they are. @throws UserError `codec_unsupported` */
export function containerFor({ video, audio }: TrackCodecs): CutContainer {
  const codecs = [video, audio].filter((codec) => codec !== undefined);
  if (codecs.every((codec) => inTs.includes(codec))) return 'ts';
  const foreign = codecs.find((codec) => !inMp4.includes(codec));
  if (foreign) throw new UserError('codec_unsupported', { codec: foreign });
  return 'fmp4';
}

export type Wanted = { isAudioOnly: boolean; container: CutContainer };

/** A packet for each piece of sound: else the muxer gathers a third of a second, which then begins before the picture. */
const ts = ['-f', 'mpegts', '-pes_payload_size', '0'];
/** Sound alone has no keyframes to begin fragments with. */
const soundFragment = ['-frag_duration', '2000000'];

/**
 * The first video and the first audio track on stdout by stream copy, flushed at once.
 *
 * `isAudioOnly` leaves the video out.
 */
export function cutArgs({ isAudioOnly, container }: Wanted): string[] {
  const maps = isAudioOnly ? ['-map', '0:a:0'] : ['-map', '0:v:0?', '-map', '0:a:0?'];
  const fragments = ['-movflags', '+frag_keyframe+empty_moov+default_base_moof+delay_moov'];
  const format = container === 'ts' ? ts : [...fragments, ...(isAudioOnly ? soundFragment : []), '-f', 'mp4'];
  return [...maps, '-c', 'copy', ...format, '-flush_packets', '1', 'pipe:1'];
}
