import type { Container } from '../core/model.ts';

/** What a playlist needs of a Segment's row and its Take. */
export type PlaylistSegment = {
  id: number;
  takeId: number;
  mediaSequence: number;
  startMs: number;
  lengthMs: number;
  startsRun: boolean;
  programDateTime: Date | null;
  container: Container;
  /** What is heard with it, where that lies apart; `id` is absent where it is missing. */
  sound?: { id?: number; container: Container };
};

type PlaylistOptions = {
  hasEnded: boolean;
  /** Addresses of what is shown: a Segment, and the initialization section of its Take. */
  segmentUrl: (id: number, container: Container) => string;
  initUrl: (takeId: number) => string;
  /** The playlist of the sound that lies apart, beside that of the pictures; both count alike. */
  isSound?: boolean;
};

/** A live playlist longer than this slides: players load it again and again. */
const liveWindowMs = 3 * 3600 * 1000;

/**
 * An HLS media playlist as a view of the rows: everything so far, live or finished; a discontinuity wherever a Take or
 * a Run begins; the initialization section of fMP4 before each Take. `hasEnded` adds ENDLIST. Source: RFC 8216 §4.3.
 */
export function buildPlaylist(all: PlaylistSegment[], options: PlaylistOptions): string {
  const end = all.at(-1);
  const from = end && !options.hasEnded ? end.startMs + end.lengthMs - liveWindowMs : Number.NEGATIVE_INFINITY;
  const firstShown = Math.max(
    0,
    all.findIndex((segment) => segment.startMs >= from),
  );
  const isBreak = (index: number) => {
    const [before, segment] = [all[index - 1], all[index]];
    return before !== undefined && segment !== undefined && (segment.startsRun || segment.takeId !== before.takeId);
  };
  const hiddenBreaks = all.slice(0, firstShown + 1).filter((_, index) => isBreak(index)).length;
  const longestMs = all.reduce((longest, { lengthMs }) => Math.max(longest, lengthMs), 1000);
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${versionOf(all, options)}`,
    `#EXT-X-TARGETDURATION:${Math.ceil(longestMs / 1000)}`,
    `#EXT-X-MEDIA-SEQUENCE:${all[firstShown]?.mediaSequence ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${hiddenBreaks}`,
    ...(options.hasEnded ? ['#EXT-X-PLAYLIST-TYPE:VOD'] : firstShown === 0 ? ['#EXT-X-PLAYLIST-TYPE:EVENT'] : []),
  ];
  let mappedTake: number | undefined;
  for (const [offset, segment] of all.slice(firstShown).entries()) {
    if (offset > 0 && isBreak(firstShown + offset)) lines.push('#EXT-X-DISCONTINUITY');
    const shown = options.isSound ? segment.sound : segment;
    if (shown?.container === 'fmp4' && segment.takeId !== mappedTake) {
      lines.push(`#EXT-X-MAP:URI="${options.initUrl(segment.takeId)}"`);
      mappedTake = segment.takeId;
    }
    if (segment.programDateTime) lines.push(`#EXT-X-PROGRAM-DATE-TIME:${segment.programDateTime.toISOString()}`);
    lines.push(`#EXTINF:${(segment.lengthMs / 1000).toFixed(5)},`);
    if (shown?.id === undefined) lines.push('#EXT-X-GAP');
    lines.push(options.segmentUrl(shown?.id ?? 0, shown?.container ?? 'ts'));
  }
  if (options.hasEnded) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}

/** Which version knows the tags that are used: EXT-X-MAP came with 6, EXT-X-GAP with 8. Source: RFC 8216bis §8. */
function versionOf(all: PlaylistSegment[], { isSound = false }: PlaylistOptions): number {
  const shown = all.map((segment) => (isSound ? segment.sound : segment));
  if (shown.some((each) => each?.id === undefined)) return 8;
  return shown.some((each) => each?.container === 'fmp4') ? 6 : 3;
}

/** A master playlist whose only variant has its sound in a playlist of its own. @param bitsPerSecond of both */
export function buildMaster(bitsPerSecond: number): string {
  const sound = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,URI="sound.m3u8"';
  const variant = `#EXT-X-STREAM-INF:BANDWIDTH=${Math.max(1, Math.round(bitsPerSecond))},AUDIO="sound"`;
  return `${['#EXTM3U', '#EXT-X-VERSION:4', sound, variant, 'pictures.m3u8'].join('\n')}\n`;
}
