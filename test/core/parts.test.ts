import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { budgetBytes, groupPosts, type PlannableSegment, type PlannedPart, planParts } from '../../src/core/parts.ts';

const rule = { limitBytes: 1_064_000, splitMs: 0, margin: 1 };

type Shape = Partial<Pick<PlannableSegment, 'sizeBytes' | 'lengthMs' | 'isIndependent' | 'breakKey' | 'isWithheld'>>;

/** Segments in a row; each begins where the one before ended. */
function line(shapes: Shape[]): PlannableSegment[] {
  let startMs = 0;
  return shapes.map((shape, id) => {
    const usual = { sizeBytes: 400_000, lengthMs: 6_000, isIndependent: true, breakKey: 'a', isWithheld: false };
    const segment = { id, startMs, ...usual, ...shape };
    startMs += segment.lengthMs;
    return segment;
  });
}
const spans = (parts: PlannedPart[]) => parts.map(({ firstId, lastId }) => [firstId, lastId]);

describe('planParts', () => {
  test('takes as much as fits; the last Part is final only when nothing more comes', () => {
    const segments = line([{}, {}, {}, {}, {}]);
    const { parts } = planParts(segments, rule);
    expect(spans(parts)).toEqual([
      [0, 1],
      [2, 3],
      [4, 4],
    ]);
    expect(parts.map(({ isFinal }) => isFinal)).toEqual([true, true, false]);
    expect(planParts(segments, rule, { closed: true }).parts.every(({ isFinal }) => isFinal)).toBe(true);
    expect(parts[1]).toMatchObject({ startMs: 12_000, lengthMs: 12_000, sizeBytes: 800_000, isOversized: false });
  });

  test('no Segments, no Parts', () => {
    expect(planParts([], rule, { closed: true }).parts).toEqual([]);
  });

  test('cuts before the keyframe, not before the Segment that overflows', () => {
    const segments = line([{}, {}, { isIndependent: false }, {}]);
    expect(spans(planParts(segments, rule).parts)).toEqual([
      [0, 0],
      [1, 2],
      [3, 3],
    ]);
  });

  test('a stretch without a keyframe over the budget is one oversized Part', () => {
    const segments = line([{}, { isIndependent: false }, { isIndependent: false }, {}]);
    const { parts } = planParts(segments, rule);
    expect(spans(parts)).toEqual([
      [0, 2],
      [3, 3],
    ]);
    expect(parts.map(({ isOversized }) => isOversized)).toEqual([true, false]);
  });

  test('other codecs begin another Part, with a keyframe or without', () => {
    const segments = line([{}, { breakKey: 'b', isIndependent: false }, { breakKey: 'b', isIndependent: false }]);
    expect(spans(planParts(segments, rule).parts)).toEqual([
      [0, 0],
      [1, 2],
    ]);
  });

  test('withheld Segments end a Part and are in none', () => {
    const segments = line([{}, { isWithheld: true }, { isWithheld: true }, {}]);
    const { parts } = planParts(segments, rule);
    expect(spans(parts)).toEqual([
      [0, 0],
      [3, 3],
    ]);
    expect(parts.map(({ isFinal }) => isFinal)).toEqual([true, false]);
    expect(planParts(line([{}, { isWithheld: true }]), rule).parts).toMatchObject([{ isFinal: true }]);
  });

  test('a split by time begins a Part at the first keyframe at or past it', () => {
    const segments = line([{}, {}, {}, {}, {}].map(() => ({ sizeBytes: 10 })));
    expect(spans(planParts(segments, { ...rule, splitMs: 12_000 }).parts)).toEqual([
      [0, 1],
      [2, 3],
      [4, 4],
    ]);
  });

  test('Gaps take no time in a Part', () => {
    const segments = line([{}, {}]).map((segment) => ({ ...segment, startMs: segment.id * 100_000 }));
    expect(planParts(segments, rule).parts).toMatchObject([{ startMs: 0, lengthMs: 12_000 }]);
  });
});

const shape = fc.record({
  sizeBytes: fc.integer({ min: 1, max: 900_000 }),
  lengthMs: fc.integer({ min: 1, max: 10_000 }),
  isIndependent: fc.boolean(),
  breakKey: fc.constantFrom('a', 'a', 'a', 'b'),
  isWithheld: fc.constantFrom(false, false, false, false, true),
});
const anyLine = fc.array(shape, { maxLength: 60 }).map(line);
const anyRule = fc.record({
  limitBytes: fc.integer({ min: 100_000, max: 4_000_000 }),
  splitMs: fc.constantFrom(0, 0, 5_000, 30_000),
  margin: fc.constantFrom(0.5, 0.985, 1),
});
const within = (segments: PlannableSegment[], { firstId, lastId }: PlannedPart) =>
  segments.filter(({ id }) => id >= firstId && id <= lastId);

describe('planParts, whatever the Segments', () => {
  test('every Segment that is not withheld is in exactly one Part, in order', () => {
    fc.assert(
      fc.property(anyLine, anyRule, (segments, cut) => {
        const { parts } = planParts(segments, cut);
        const inParts = parts.flatMap((part) => within(segments, part).map(({ id }) => id));
        expect(inParts).toEqual(segments.filter(({ isWithheld }) => !isWithheld).map(({ id }) => id));
      }),
    );
  });

  test('a Part is within the budget, or a single stretch without a keyframe inside that is told as oversized', () => {
    fc.assert(
      fc.property(anyLine, anyRule, (segments, cut) => {
        for (const part of planParts(segments, cut).parts) {
          const inside = within(segments, part);
          const sizeBytes = inside.reduce((sum, segment) => sum + segment.sizeBytes, 0);
          expect(part.sizeBytes).toBe(sizeBytes);
          expect(part.isOversized).toBe(sizeBytes > budgetBytes(cut));
          if (part.isOversized) expect(inside.slice(1).some(({ isIndependent }) => isIndependent)).toBe(false);
        }
      }),
    );
  });

  test('a Part begins before a keyframe, or where it has to: other codecs, after something withheld, at the start', () => {
    fc.assert(
      fc.property(anyLine, anyRule, (segments, cut) => {
        for (const { firstId } of planParts(segments, cut).parts) {
          const first = segments[firstId] as PlannableSegment;
          const before = segments[firstId - 1];
          const isForced = !before || before.isWithheld || before.breakKey !== first.breakKey;
          expect(first.isIndependent || isForced).toBe(true);
        }
      }),
    );
  });

  test('final Parts never change: planned again with more, or from the first Segment outside them', () => {
    fc.assert(
      fc.property(anyLine, anyRule, fc.nat(60), (segments, cut, seen) => {
        const all = planParts(segments, cut, { closed: true }).parts;
        const early = planParts(segments.slice(0, seen), cut).parts.filter(({ isFinal }) => isFinal);
        const next = (early.at(-1)?.lastId ?? -1) + 1;
        const rest = planParts(segments.slice(next), cut, { closed: true }).parts;
        expect([...early, ...rest]).toEqual(all);
      }),
    );
  });

  test('all Parts but the last are final', () => {
    fc.assert(
      fc.property(anyLine, anyRule, (segments, cut) => {
        const { parts } = planParts(segments, cut);
        expect(parts.slice(0, -1).every(({ isFinal }) => isFinal)).toBe(true);
      }),
    );
  });
});

describe('groupPosts', () => {
  const kinds = (count: number, albumItems = 10) =>
    groupPosts(
      Array.from({ length: count }, (_, index) => index),
      albumItems,
    ).map(({ kind, parts }) => [kind, parts.length]);

  test.each([
    [0, []],
    [1, [['video', 1]]],
    [2, [['album', 2]]],
    [10, [['album', 10]]],
    [
      11,
      [
        ['album', 10],
        ['video', 1],
      ],
    ],
    [
      25,
      [
        ['album', 10],
        ['album', 10],
        ['album', 5],
      ],
    ],
  ])('%i Parts at 10 an album', (count, expected) => {
    expect(kinds(count)).toEqual(expected);
  });

  test('where there are no albums every Part is a video', () => {
    expect(kinds(3, 1)).toEqual([
      ['video', 1],
      ['video', 1],
      ['video', 1],
    ]);
    expect(kinds(2, 0)).toHaveLength(2);
  });

  test('every Part is in one group, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 12 }), (parts, albumItems) => {
        const groups = groupPosts(parts, albumItems);
        expect(groups.flatMap((group) => group.parts)).toEqual(parts);
        for (const group of groups) expect(group.kind === 'album').toBe(group.parts.length > 1);
      }),
    );
  });
});
