/** A Media Segment as a playlist lists it. */
export type Entry = {
  uri: string;
  seconds: number;
  discontinuity: boolean;
  programDateTime?: Date | undefined;
  key?: string | undefined;
  map?: string | undefined;
  byterange?: { offset: number; length: number } | undefined;
  /** Whole lines before its EXTINF. */
  tags: string[];
};

export type Listing = {
  targetSeconds: number;
  mediaSequence: number;
  discontinuitySequence: number;
  /** Lines between the head and the first entry. */
  head: string[];
  entries: Entry[];
  /** Lines behind the last entry. */
  tail: string[];
  isEnded: boolean;
};

/** Writes a media playlist. Source: RFC 8216. */
export function writePlaylist(listing: Listing): string {
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${listing.targetSeconds}`,
    `#EXT-X-MEDIA-SEQUENCE:${listing.mediaSequence}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${listing.discontinuitySequence}`,
    ...listing.head,
  ];
  let map: string | undefined;
  let key: string | undefined;
  for (const entry of listing.entries) {
    if (entry.discontinuity) lines.push('#EXT-X-DISCONTINUITY');
    if (entry.key !== key) lines.push(`#EXT-X-KEY:${entry.key ?? 'METHOD=NONE'}`);
    if (entry.map !== map && entry.map !== undefined) lines.push(`#EXT-X-MAP:${entry.map}`);
    ({ key, map } = entry);
    if (entry.programDateTime) lines.push(`#EXT-X-PROGRAM-DATE-TIME:${entry.programDateTime.toISOString()}`);
    const { byterange } = entry;
    if (byterange) lines.push(`#EXT-X-BYTERANGE:${byterange.length}@${byterange.offset}`);
    lines.push(...entry.tags, `#EXTINF:${entry.seconds.toFixed(3)},`, entry.uri);
  }
  lines.push(...listing.tail);
  if (listing.isEnded) lines.push('#EXT-X-ENDLIST');
  return `${lines.join('\n')}\n`;
}

/** Ways a playlist tells of an ad break. */
export type AdStyle = 'cue' | 'scte35' | 'twitch' | 'interstitial';
export type AdBreak = { id: string; style: AdStyle; from: number; to: number };

/**
 * The lines that tell of a break, before the Media Segment at `position`. `at` is when that begins, `startsAt` when the
 * break does. Source: rfc8216bis §4.4.5.1 (DATERANGE, SCTE35-*), Twitch's playlists of 2025 (CLASS
 * "twitch-stitched-ad"), the CUE-OUT convention of packagers.
 */
export function adTags(ad: AdBreak, position: number, startsAt: Date, secondsEach: number): string[] {
  const seconds = (ad.to - ad.from) * secondsEach;
  const range = `ID="${ad.id}",START-DATE="${startsAt.toISOString()}"`;
  const isFirst = position === ad.from;
  switch (ad.style) {
    case 'cue':
      if (isFirst) return [`#EXT-X-CUE-OUT:${seconds.toFixed(3)}`];
      return [`#EXT-X-CUE-OUT-CONT:${(position - ad.from) * secondsEach}/${seconds}`];
    case 'scte35':
      return isFirst ? [`#EXT-X-DATERANGE:${range},PLANNED-DURATION=${seconds + 60},SCTE35-OUT=0xFC302000`] : [];
    case 'twitch':
      return [`#EXT-X-DATERANGE:${range},CLASS="twitch-stitched-ad",DURATION=${seconds},X-TV-TWITCH-AD-POD-LENGTH="1"`];
    case 'interstitial':
      return [
        `#EXT-X-DATERANGE:${range},CLASS="com.apple.hls.interstitial",DURATION=${seconds},X-ASSET-URI="https://ads.example/a.m3u8",X-RESUME-OFFSET=${seconds}`,
      ];
  }
}

/** The lines before the first Media Segment behind a break. */
export function adEndTags(ad: AdBreak, startsAt: Date, secondsEach: number): string[] {
  if (ad.style === 'cue') return ['#EXT-X-CUE-IN'];
  if (ad.style !== 'scte35') return [];
  const seconds = (ad.to - ad.from) * secondsEach;
  return [
    `#EXT-X-DATERANGE:ID="${ad.id}",START-DATE="${startsAt.toISOString()}",DURATION=${seconds},SCTE35-IN=0xFC302000`,
  ];
}
