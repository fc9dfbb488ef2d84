import { attributesOf } from './attributes.ts';

/** A stretch of the playlist's clock, in ms since 1970; `endsAt` is the best that is known by now. */
export type AdRange = { startsAt: number; endsAt: number };

/** A break without an end is none after this: a mark that was lost must not drop the rest of a broadcast. */
export const longestBreakMs = 600_000;
const rememberedRanges = 100;

/**
 * Collects the ad breaks that EXT-X-DATERANGE tells, over all answers of a playlist: the tag with the end comes later
 * than the one with the beginning. Source: rfc8216bis §4.4.5.1 and Appendix D (interstitials, SCTE-35); Twitch's own
 * attributes as streamlink's plugin reads them.
 */
export function createAdRanges(): { read(text: string): AdRange[] } {
  const byId = new Map<string, Map<string, string>>();
  return {
    read(text) {
      for (const [line] of text.matchAll(/^#EXT-X-DATERANGE:.*$/gm)) {
        const attributes = attributesOf(line);
        const id = attributes.get('ID') ?? '';
        byId.set(id, new Map([...(byId.get(id) ?? []), ...attributes]));
      }
      for (const id of [...byId.keys()].slice(0, -rememberedRanges)) byId.delete(id);
      return [...byId.values()].filter(isAd).flatMap(rangeOf);
    },
  };
}

function isAd(attributes: Map<string, string>): boolean {
  const [id = '', kind = ''] = [attributes.get('ID'), attributes.get('CLASS')];
  if (kind === 'twitch-stitched-ad' || id.startsWith('stitched-ad-')) return true;
  if ([...attributes.keys()].some((name) => name.startsWith('X-TV-TWITCH-AD-'))) return true;
  return kind === 'com.apple.hls.interstitial' || attributes.has('SCTE35-OUT');
}

function rangeOf(attributes: Map<string, string>): AdRange[] {
  const startsAt = Date.parse(attributes.get('START-DATE') ?? '');
  if (Number.isNaN(startsAt)) return [];
  const toldEnd = Date.parse(attributes.get('END-DATE') ?? '');
  const endsAt = Number.isNaN(toldEnd) ? startsAt + lengthOf(attributes) : toldEnd;
  return [{ startsAt, endsAt: Math.min(endsAt, startsAt + longestBreakMs) }];
}

function lengthOf(attributes: Map<string, string>): number {
  const told = (name: string) => {
    const seconds = Number.parseFloat(attributes.get(name) ?? '');
    return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
  };
  const usual = told('DURATION') ?? told('PLANNED-DURATION') ?? longestBreakMs;
  // Of an interstitial this is how much of the stream itself lies under it; 0 where the stream waits.
  if (attributes.get('CLASS') === 'com.apple.hls.interstitial') return told('X-RESUME-OFFSET') ?? usual;
  return usual;
}
