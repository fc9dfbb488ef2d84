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

export type Wanted = {
  /** Leaves the video out. */
  isAudioOnly: boolean;
  container: CutContainer;
  /** The sound is in a form that no MP4 holds (a camera's G.711): it becomes AAC. */
  encodesSound: boolean;
};

/**
 * How tracks are written: codecs are kept as they are, but for sound that no MP4 holds.
 *
 * @throws UserError `codec_unsupported` for pictures that no MP4 holds
 */
export function planCut({ video, audio }: TrackCodecs, isSoundAsked: boolean): Wanted {
  const isAudioOnly = isSoundAsked || video === undefined;
  const encodesSound = audio !== undefined && !inMp4.includes(audio);
  if (!isAudioOnly && !inMp4.includes(video)) throw new UserError('codec_unsupported', { codec: video });
  const kept = [isAudioOnly ? undefined : video, encodesSound ? 'aac' : audio].filter((codec) => codec !== undefined);
  return { isAudioOnly, container: kept.every((codec) => inTs.includes(codec)) ? 'ts' : 'fmp4', encodesSound };
}

/** A packet for each piece of sound: else the muxer gathers a third of a second, which then begins before the picture. */
const ts = ['-f', 'mpegts', '-pes_payload_size', '0'];
/** Sound alone has no keyframes to begin fragments with. */
const soundFragment = ['-frag_duration', '2000000'];

/** The first video and the first audio track on stdout by stream copy, flushed at once. */
export function cutArgs({ isAudioOnly, container, encodesSound }: Wanted): string[] {
  const maps = isAudioOnly ? ['-map', '0:a:0'] : ['-map', '0:v:0?', '-map', '0:a:0?'];
  const fragments = ['-movflags', '+frag_keyframe+empty_moov+default_base_moof+delay_moov'];
  const format = container === 'ts' ? ts : [...fragments, ...(isAudioOnly ? soundFragment : []), '-f', 'mp4'];
  const codecs = ['-c', 'copy', ...(encodesSound ? ['-c:a', 'aac', '-b:a', '128k'] : [])];
  return [...maps, ...codecs, ...format, '-flush_packets', '1', 'pipe:1'];
}
