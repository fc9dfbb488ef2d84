import type { PostMode } from './model.ts';

/** What planning needs of a Segment. */
export type PlannableSegment = {
  id: number;
  sizeBytes: number;
  startMs: number;
  lengthMs: number;
  isIndependent: boolean;
  /** Segments with different keys never share a Part (codecs). */
  breakKey: string;
  /** Kept but not posted: ends a Part and is in none. */
  isWithheld: boolean;
};

/** In place of a length, as `splitMs`: a new Part begins where the title changes. */
export const splitAtTitles = -1;

/** What sets the boundaries; `splitMs` 0 = by size alone. */
export type CutRule = { limitBytes: number; splitMs: number; margin: number };

export type PlannedPart = {
  firstId: number;
  lastId: number;
  startMs: number;
  lengthMs: number;
  sizeBytes: number;
  /** The next Part has begun (or nothing more comes): its boundaries never change. */
  isFinal: boolean;
  /** A stretch without a keyframe is over the budget: it cannot be cut by copying. */
  isOversized: boolean;
};

/** Room for headers and index of an MP4 whatever its length. Source: measured, 12 h of 720p30 need 26 bytes a frame less than TS spends on packet headers. */
const reserveBytes = 64_000;

/** Bytes of Segments a Part may hold: limit × margin − 64 kB. */
export function budgetBytes({ limitBytes, margin }: CutRule): number {
  return limitBytes * margin - reserveBytes;
}

/**
 * Plans Parts greedily: a Part takes Segments until the next group would not fit, where a group is an independent
 * Segment and the dependent ones after it. So Parts are cut only before keyframes (and where codecs change), and
 * planning again from the first Segment outside a final Part gives the same boundaries.
 */
export function planParts(
  segments: PlannableSegment[],
  rule: CutRule,
  { closed = false } = {},
): { parts: PlannedPart[] } {
  const parts: PlannedPart[] = [];
  let open: PlannableSegment[] = [];
  const finish = (isFinal: boolean) => {
    if (open.length > 0) parts.push(toPart(open, rule, isFinal));
    open = [];
  };
  for (const group of groupByKeyframe(segments)) {
    if (group[0]?.isWithheld) {
      finish(true);
      continue;
    }
    // The last group of an open window may still grow, so that what does not fit now never will.
    if (!fits(open, group, rule)) finish(true);
    open.push(...group);
  }
  finish(closed);
  return { parts };
}

function groupByKeyframe(segments: PlannableSegment[]): PlannableSegment[][] {
  const groups: PlannableSegment[][] = [];
  for (const segment of segments) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    const isSame = last && last.breakKey === segment.breakKey && last.isWithheld === segment.isWithheld;
    if (group && isSame && !segment.isIndependent) group.push(segment);
    else groups.push([segment]);
  }
  return groups;
}

function fits(open: PlannableSegment[], group: PlannableSegment[], rule: CutRule): boolean {
  const [first] = open;
  const [next] = group;
  if (!first || !next) return true;
  if (first.breakKey !== next.breakKey) return false;
  if (rule.splitMs > 0 && next.startMs - first.startMs >= rule.splitMs) return false;
  return sizeOf(open) + sizeOf(group) <= budgetBytes(rule);
}

const sizeOf = (segments: PlannableSegment[]) => segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

function toPart(segments: PlannableSegment[], rule: CutRule, isFinal: boolean): PlannedPart {
  const first = segments[0] as PlannableSegment;
  const last = segments.at(-1) as PlannableSegment;
  const sizeBytes = sizeOf(segments);
  const lengthMs = segments.reduce((sum, segment) => sum + segment.lengthMs, 0);
  const isOversized = sizeBytes > budgetBytes(rule);
  return { firstId: first.id, lastId: last.id, startMs: first.startMs, lengthMs, sizeBytes, isFinal, isOversized };
}

/** Whether a link is to be posted in place of Parts: asked for, or more Parts than a chat should be sent. */
export function wantsLink({
  mode,
  partCount,
  maxParts,
}: {
  mode: PostMode;
  partCount: number;
  maxParts: number;
}): boolean {
  return mode === 'link' || (mode === 'auto' && partCount > maxParts);
}

/**
 * Parts as they appear, in order: full albums of `albumItems`, then what is left: an album of 2 or more, or a single
 * video. So 11 Parts at 10 an album are an album of 10 and a video. Below 2 `albumItems` every Part is a video.
 */
export function groupPosts<T>(parts: T[], albumItems: number): { kind: 'album' | 'video'; parts: T[] }[] {
  const groups: { kind: 'album' | 'video'; parts: T[] }[] = [];
  const step = Math.max(1, albumItems);
  for (let at = 0; at < parts.length; at += step) {
    const group = parts.slice(at, at + step);
    groups.push({ kind: group.length > 1 ? 'album' : 'video', parts: group });
  }
  return groups;
}
