import type { AdPolicy } from '../../core/model.ts';
import { type Cue, readCueLines, spendCue, stepCue } from './ad-cues.ts';
import { type AdRange, createAdRanges } from './ad-ranges.ts';
import type { MediaPlaylist, MediaSegment } from './playlist.ts';

/** Says of each Media Segment of each answer whether it lies in an ad break. */
export type AdReader = (text: string, playlist: MediaPlaylist) => MediaPlaylist;

/** Verdicts remembered: more than any live window lists. */
const rememberedVerdicts = 5_000;

/** @param policy `keep` looks for nothing */
export function createAdReader(policy: AdPolicy): AdReader {
  if (policy === 'keep') return (_text, playlist) => playlist;
  const ranges = createAdRanges();
  /** The break that goes on after a media sequence, for the line that began it slides out first. */
  const after = new Map<number, Cue>();

  return (text, playlist) => {
    const cues = readCueLines(text);
    const listed = ranges.read(text);
    const first = playlist.segments[0]?.sequence ?? 0;
    // What EXT-X-SKIP left out has no lines of its own here.
    const skipped = playlist.segments.length - cues.length;
    let cue = after.get(first - 1 + Math.max(0, skipped));
    const segments = playlist.segments.map((segment, index): MediaSegment => {
      const told = cues[index - skipped];
      if (!told) return segment;
      cue = stepCue(cue, told.lines);
      const isAd = cue !== undefined || told.isNamedAd || listed.some((range) => isInside(segment, range));
      cue = spendCue(cue, segment.durationMs);
      after.set(segment.sequence, cue);
      return isAd ? { ...segment, adBreak: policy } : segment;
    });
    for (const sequence of [...after.keys()].slice(0, -rememberedVerdicts)) after.delete(sequence);
    return { ...playlist, segments };
  };
}

/** The middle decides: clocks are off by some frames. */
function isInside({ programDateTime, durationMs }: MediaSegment, { startsAt, endsAt }: AdRange): boolean {
  if (!programDateTime) return false;
  const middle = programDateTime.getTime() + durationMs / 2;
  return middle >= startsAt && middle < endsAt;
}
