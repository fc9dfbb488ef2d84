/** What a playlist needs of a Segment's row and its Take. */
export type PlaylistSegment = {
  id: number;
  takeId: number;
  mediaSequence: number;
  startMs: number;
  lengthMs: number;
  startsRun: boolean;
  programDateTime: Date | null;
  container: 'ts' | 'fmp4';
};

/** A live playlist longer than this slides: players load it again and again. */
const liveWindowMs = 3 * 3600 * 1000;

/**
 * An HLS media playlist as a view of the rows: everything so far, live or finished; a discontinuity wherever a Take or
 * a Run begins; the initialization section of fMP4 before each Take. `hasEnded` adds ENDLIST. Source: RFC 8216 §4.3.
 */
export function buildPlaylist(
  all: PlaylistSegment[],
  options: {
    hasEnded: boolean;
    segmentUrl: (segment: PlaylistSegment) => string;
    initUrl: (takeId: number) => string;
  },
): string {
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
    // EXT-X-MAP in front of whole Media Segments came with 6. Source: RFC 8216 §7.
    `#EXT-X-VERSION:${all.some(({ container }) => container === 'fmp4') ? 6 : 3}`,
    `#EXT-X-TARGETDURATION:${Math.ceil(longestMs / 1000)}`,
    `#EXT-X-MEDIA-SEQUENCE:${all[firstShown]?.mediaSequence ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${hiddenBreaks}`,
    ...(options.hasEnded ? ['#EXT-X-PLAYLIST-TYPE:VOD'] : firstShown === 0 ? ['#EXT-X-PLAYLIST-TYPE:EVENT'] : []),
  ];
  let mappedTake: number | undefined;
  for (const [offset, segment] of all.slice(firstShown).entries()) {
    if (offset > 0 && isBreak(firstShown + offset)) lines.push('#EXT-X-DISCONTINUITY');
    if (segment.container === 'fmp4' && segment.takeId !== mappedTake) {
      lines.push(`#EXT-X-MAP:URI="${options.initUrl(segment.takeId)}"`);
      mappedTake = segment.takeId;
    }
    if (segment.programDateTime) lines.push(`#EXT-X-PROGRAM-DATE-TIME:${segment.programDateTime.toISOString()}`);
    lines.push(`#EXTINF:${(segment.lengthMs / 1000).toFixed(5)},`, options.segmentUrl(segment));
  }
  if (options.hasEnded) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}
