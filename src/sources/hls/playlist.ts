import * as HLS from 'hls-parser';
import { TemporaryError, UserError } from '../../core/errors.ts';
import type { Quality } from '../../core/model.ts';
import type { MediaSegment, PlaylistWindow } from './window.ts';

HLS.setOptions({ strictMode: false, silent: true });

export type Variant = {
  url: string;
  bandwidth: number;
  width?: number;
  height?: number;
  codecs?: string;
  hasSeparateAudio: boolean;
};
export type ParsedPlaylist =
  | { kind: 'master'; variants: Variant[] }
  | { kind: 'media'; window: PlaylistWindow; targetMs: number };

/** Longest window that is looked at: a live playlist of more Media Segments only costs memory. */
const maxWindow = 20_000;

/**
 * Reads a playlist. `url` is the address it finally came from; relative addresses are resolved against it.
 *
 * @throws TemporaryError `playlist_broken` where it is not a playlist (a CDN's error page, a cut body)
 * @throws UserError `hls_encrypted_unsupported`, `hls_fmp4_unsupported`
 */
export function parsePlaylist(text: string, url: string): ParsedPlaylist {
  let playlist: ReturnType<typeof HLS.parse>;
  try {
    playlist = HLS.parse(text);
  } catch (cause) {
    throw new TemporaryError('playlist_broken', { cause });
  }
  if (playlist.isMasterPlaylist)
    return { kind: 'master', variants: readVariants(playlist as HLS.types.MasterPlaylist, url) };
  return readMedia(playlist as HLS.types.MediaPlaylist, url);
}

function readVariants(playlist: HLS.types.MasterPlaylist, url: string): Variant[] {
  return playlist.variants
    .filter((variant) => !variant.isIFrameOnly)
    .map(({ uri, bandwidth, resolution, codecs, audio }) => ({
      url: new URL(uri, url).href,
      bandwidth,
      ...(resolution ? { width: resolution.width, height: resolution.height } : {}),
      ...(codecs === undefined ? {} : { codecs }),
      hasSeparateAudio: audio.some((rendition) => rendition.uri !== undefined),
    }));
}

function readMedia(playlist: HLS.types.MediaPlaylist, url: string): ParsedPlaylist {
  const segments: MediaSegment[] = playlist.segments.slice(-maxWindow).map((segment) => {
    if (segment.key && segment.key.method !== 'NONE') throw new UserError('hls_encrypted_unsupported');
    if (segment.map) throw new UserError('hls_fmp4_unsupported');
    return {
      sequence: segment.mediaSequenceNumber,
      url: new URL(segment.uri, url).href,
      lengthMs: segment.duration * 1000,
      isDiscontinuity: Boolean(segment.discontinuity),
      programDateTime: segment.programDateTime ?? undefined,
    };
  });
  const window = { playlist: playlistIdentity(url), segments, hasEnded: playlist.endlist };
  return { kind: 'media', window, targetMs: Math.max(500, (playlist.targetDuration || 2) * 1000) };
}

/** What sequences count in: the address without its query, which is often a token. */
export function playlistIdentity(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/**
 * The variant for a quality: the highest at or below the height asked for, else the lowest there is; `best` the
 * highest; `audio` one without video, else the smallest. Variants whose audio is a separate rendition come last.
 */
export function chooseVariant(variants: Variant[], quality: Quality): Variant | undefined {
  const muxed = variants.filter((variant) => !variant.hasSeparateAudio);
  const sorted = (muxed.length > 0 ? muxed : variants).toSorted(
    (a, b) => (b.height ?? 0) - (a.height ?? 0) || b.bandwidth - a.bandwidth,
  );
  if (quality === 'best') return sorted[0];
  if (quality === 'audio') return sorted.find(isAudioOnly) ?? sorted.at(-1);
  const height = Number.parseInt(quality, 10);
  const withVideo = sorted.filter((variant) => !isAudioOnly(variant));
  return withVideo.find((variant) => (variant.height ?? 0) <= height) ?? withVideo.at(-1) ?? sorted[0];
}

function isAudioOnly({ height, codecs }: Variant): boolean {
  return height === undefined && codecs !== undefined && !/avc|hvc|hev|vp0?9|av01/i.test(codecs);
}
