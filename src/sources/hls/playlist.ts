import hls from 'hls-parser';
import { TemporaryError, UserError } from '../../core/errors.ts';
import type { Quality } from '../../core/model.ts';
import { assertReadable, boundPlaylist } from './bounds.ts';
import { type ByteRange, type KeyRef, type MapRef, readInForce } from './keys.ts';

/** One Media Segment as its playlist tells it. */
export type MediaSegment = {
  /** Media sequence number. */
  sequence: number;
  url: string;
  durationMs: number;
  /** Its timestamps and codecs need not go on from the one before. */
  discontinuity: boolean;
  /** When it begins by the playlist's clock; counted on from the last one that was told. */
  programDateTime?: Date;
  /** The server says that it has no bytes for it (EXT-X-GAP). */
  isGap: boolean;
  /** Bytes of the resource it is in; absent: all. */
  byterange?: ByteRange;
  /** Its bytes are encrypted with this; absent: they are plain. */
  key?: KeyRef;
  /** It is fMP4 and read with this; absent: MPEG-TS or packed audio. */
  map?: MapRef;
  /** Counts the discontinuities before it; the same moment has the same number in each playlist of a stream. */
  discontinuitySequence?: number;
  /** Inside an ad break, and what is done with it; absent also where ads are kept like the rest. */
  adBreak?: 'drop' | 'mark';
};

export type MediaPlaylist = {
  targetMs: number;
  segments: MediaSegment[];
  /** ENDLIST: nothing will be added. */
  isEnded: boolean;
};

/** One quality in a master playlist. */
export type Variant = {
  url: string;
  bandwidth: number;
  /** Pixels; absent where it is not told. */
  height?: number;
  /** Pictures a second. */
  frameRate?: number;
  isAudioOnly: boolean;
  /** Playlist of its sound where that is not inside. */
  audioUrl?: string;
};

export type Playlist = { kind: 'master'; variants: Variant[] } | { kind: 'media'; playlist: MediaPlaylist };

hls.setOptions({ strictMode: false, silent: true });

/**
 * Reads a playlist; addresses are resolved against `finalUrl`. Source: RFC 8216.
 *
 * @throws TemporaryError `bad_playlist` (some servers answer 200 with a page while they are in trouble)
 * @throws UserError `playlist_too_long`, `hls_drm` where the bytes are encrypted in a way that only players may undo
 */
export function parsePlaylist(text: string, finalUrl: string): Playlist {
  if (!text.trimStart().startsWith('#EXTM3U')) throw new TemporaryError('bad_playlist', { detail: 'no #EXTM3U' });
  assertReadable(text);
  try {
    const parsed = hls.parse(text.trimStart());
    if (parsed.isMasterPlaylist) return { kind: 'master', variants: readVariants(parsed, finalUrl) };
    return { kind: 'media', playlist: boundPlaylist(readMedia(parsed, text, finalUrl)) };
  } catch (error) {
    if (error instanceof UserError || error instanceof TemporaryError) throw error;
    throw new TemporaryError('bad_playlist', { cause: error });
  }
}

function readVariants(master: hls.types.MasterPlaylist, base: string): Variant[] {
  const variants = master.variants.filter(({ isIFrameOnly, uri }) => !isIFrameOnly && uri);
  return variants.map(({ uri, bandwidth, resolution, frameRate, codecs, audio }) => {
    const audioUri = pickSound(audio)?.uri;
    const audioUrl = audioUri && new URL(audioUri, base).href;
    const url = new URL(uri, base).href;
    return {
      url,
      bandwidth: bandwidth || 0,
      height: resolution?.height,
      frameRate: frameRate || undefined,
      isAudioOnly: !resolution && codecs !== undefined && codecs.split(',').every(isSound),
      // The sound may be told to be where the pictures are.
      ...(audioUrl && audioUrl !== url ? { audioUrl } : {}),
    };
  });
}

const isSound = (codec: string) => /^\s*(mp4a|ac-3|ec-3|opus|flac)/i.test(codec);

/** The sound of a group that is played where nobody chose. An entry without an address is the one in the variant. */
function pickSound<T extends { isDefault: boolean; autoselect: boolean }>(group: T[]): T | undefined {
  return group.find(({ isDefault }) => isDefault) ?? group.find(({ autoselect }) => autoselect) ?? group[0];
}

function readMedia(media: hls.types.MediaPlaylist, text: string, base: string): MediaPlaylist {
  const segments: MediaSegment[] = [];
  const inForce = readInForce(text, base);
  let clock: Date | undefined;
  // The Media Segment that low-latency HLS is still making has parts, but no address yet.
  for (const [index, segment] of media.segments.filter(({ uri }) => uri).entries()) {
    const durationMs = Number.isFinite(segment.duration) ? segment.duration * 1000 : 0;
    // Across a discontinuity the clock may jump: only a told time holds there.
    const programDateTime = timeOf(segment.programDateTime) ?? (segment.discontinuity ? undefined : clock);
    segments.push({
      sequence: segment.mediaSequenceNumber,
      url: new URL(segment.uri, base).href,
      durationMs,
      discontinuity: segment.discontinuity === true,
      programDateTime,
      isGap: segment.gap === true,
      byterange: segment.byterange,
      discontinuitySequence: segment.discontinuitySequence,
      ...inForce[index],
    });
    clock = programDateTime && new Date(programDateTime.getTime() + durationMs);
  }
  return { targetMs: targetMsOf(media.targetDuration), segments, isEnded: media.endlist };
}

const timeOf = (time: Date | undefined) => (time && !Number.isNaN(time.getTime()) ? time : undefined);

/** Bounds of what is believed of EXT-X-TARGETDURATION: it sets how often we ask. */
const targetBoundsMs = { least: 500, usual: 2_000, most: 30_000 };

function targetMsOf(seconds: number | undefined): number {
  const told = seconds && Number.isFinite(seconds) ? seconds * 1000 : targetBoundsMs.usual;
  return Math.min(targetBoundsMs.most, Math.max(targetBoundsMs.least, told));
}

/**
 * The variant for a quality: `best` is the highest, then the most pictures a second, then the most bits; a height takes
 * the best that is not above it, or else the lowest; `audio` takes one without video, else the sound that lies apart,
 * else the smallest.
 *
 * @throws TemporaryError `bad_playlist` where the master lists none
 */
export function pickVariant(variants: Variant[], quality: Quality): Variant {
  const rising = variants.toSorted(
    (a, b) => (a.height ?? 0) - (b.height ?? 0) || (a.frameRate ?? 0) - (b.frameRate ?? 0) || a.bandwidth - b.bandwidth,
  );
  const pictures = rising.filter((variant) => !variant.isAudioOnly);
  const usable = pictures.length > 0 ? pictures : rising;
  const [lowest] = usable;
  if (!lowest) throw new TemporaryError('bad_playlist', { detail: 'no variants' });
  if (quality === 'audio')
    return pickSoundAlone(rising) ?? usable.toSorted((a, b) => a.bandwidth - b.bandwidth)[0] ?? lowest;
  if (quality === 'best') return usable.at(-1) ?? lowest;
  const limit = Number.parseInt(quality, 10);
  return usable.filter(({ height }) => height !== undefined && height <= limit).at(-1) ?? lowest;
}

function pickSoundAlone(rising: Variant[]): Variant | undefined {
  const alone = rising.findLast((variant) => variant.isAudioOnly);
  const url = alone?.audioUrl ?? (alone ? alone.url : rising.findLast(({ audioUrl }) => audioUrl)?.audioUrl);
  return url === undefined ? undefined : { url, bandwidth: alone?.bandwidth ?? 0, isAudioOnly: true };
}

/** Identity of a playlist: its URL without query and fragment, where tokens live. */
export function playlistIdentity(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}
