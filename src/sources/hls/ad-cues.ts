import { longestBreakMs } from './ad-ranges.ts';
import { attributesOf } from './attributes.ts';

/** An ad break that goes on, and how much of it is left. */
export type Cue = { leftMs: number } | undefined;

/** What stands before one Media Segment that begins or ends a break, and whether it calls itself an ad. */
export type CueLines = { lines: string[]; isNamedAd: boolean };

/** The lines of cues before each address of a media playlist, in order. */
export function readCueLines(text: string): CueLines[] {
  const all: CueLines[] = [];
  let next: CueLines = { lines: [], isNamedAd: false };
  for (const line of text.split(/\r?\n/)) {
    if (isCue(line)) next.lines.push(line);
    // Twitch names the sponsor where the title stands. Source: streamlink's Twitch plugin.
    if (line.startsWith('#EXTINF:')) next.isNamedAd = /,Amazon(\||$)/.test(line);
    if (line.trim() === '' || line.startsWith('#')) continue;
    all.push(next);
    next = { lines: [], isNamedAd: false };
  }
  return all;
}

const isCue = (line: string) => /^#EXT-X-(CUE-OUT|CUE-OUT-CONT|CUE-IN|SCTE35)\b/.test(line);

/**
 * The break that is in force at a Media Segment, from the one before it. There is no standard for these lines: the
 * length may stand alone, as an attribute or after `/`. Source: what packagers (AWS Elemental, Unified, Wowza) write.
 */
export function stepCue(before: Cue, lines: string[]): Cue {
  let cue = before;
  for (const line of lines) {
    if (/^#EXT-X-CUE-IN\b|CUE-IN=YES/.test(line)) cue = undefined;
    // One that was missed is caught up with; one that runs is not begun again.
    else if (/^#EXT-X-CUE-OUT-CONT\b|CUE-OUT=CONT/.test(line)) cue ??= { leftMs: leftOf(line) };
    else if (/^#EXT-X-CUE-OUT\b|CUE-OUT=YES/.test(line)) cue = { leftMs: leftOf(line) };
  }
  return cue;
}

/** What is left after a Media Segment; the break is over when its length is. */
export function spendCue(cue: Cue, durationMs: number): Cue {
  const leftMs = (cue?.leftMs ?? 0) - durationMs;
  // Lengths are rounded: what is less than half a Media Segment is nothing.
  return leftMs > durationMs / 2 ? { leftMs } : undefined;
}

function leftOf(line: string): number {
  const value = line.slice(line.indexOf(':') + 1);
  const [, elapsed, total] = /^([\d.]+)\/([\d.]+)$/.exec(value) ?? [];
  const attributes = attributesOf(line);
  const told = total ?? attributes.get('DURATION') ?? attributes.get('Duration') ?? value;
  const gone = elapsed ?? attributes.get('ELAPSED') ?? attributes.get('ElapsedTime') ?? '0';
  const seconds = Number.parseFloat(told) - (Number.parseFloat(gone) || 0);
  if (!Number.isFinite(seconds) || seconds <= 0) return longestBreakMs;
  return Math.min(seconds * 1000, longestBreakMs);
}
