import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeTake, probationMs, type TakeContent } from '../../src/core/probation.ts';

const over = { isOver: true, isLive: false };
const content = (seenCount: number, unseenCount: number, eachMs = 2_000): TakeContent => ({
  seenCount,
  unseenCount,
  unseenMs: unseenCount * eachMs,
});
const count = fc.integer({ min: 0, max: 2_000 });

test('a tail with two Media Segments that nobody saw before is genuine, however short it is and whatever it repeats', () => {
  fc.assert(
    fc.property(
      count,
      fc.integer({ min: 2, max: 2_000 }),
      fc.integer({ min: 1, max: 10_000 }),
      (seen, unseen, eachMs) => {
        expect(judgeTake(content(seen, unseen, eachMs), over)).toBe('genuine');
      },
    ),
  );
});

test('a tail that repeats nothing is genuine, one that only repeats is a phantom', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2_000 }), (length) => {
      expect(judgeTake(content(0, length), over)).toBe('genuine');
      expect(judgeTake(content(length, 0), over)).toBe('phantom');
    }),
  );
});

test('while it runs nothing is a phantom; what is released is never withheld later', () => {
  const step = fc.record({ isSeen: fc.boolean(), ms: fc.integer({ min: 200, max: 12_000 }), isLive: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 200 }), (steps) => {
      const kept = { seenCount: 0, unseenCount: 0, unseenMs: 0 };
      let isReleased = false;
      for (const { isSeen, ms, isLive } of steps) {
        if (isSeen) kept.seenCount++;
        else {
          kept.unseenCount++;
          kept.unseenMs += ms;
        }
        const verdict = judgeTake(kept, { isOver: false, isLive });
        expect(verdict).not.toBe('phantom');
        isReleased ||= verdict === 'genuine' && kept.unseenMs >= probationMs;
        if (isReleased) expect(judgeTake(kept, over)).toBe('genuine');
      }
    }),
  );
});

test('the platform lifts a doubt only where nothing was repeated', () => {
  const now = { isOver: false, isLive: true };
  expect(judgeTake(content(0, 1), now)).toBe('genuine');
  expect(judgeTake(content(1, 1), now)).toBe('open');
  expect(judgeTake(content(0, 0), now)).toBe('open');
  expect(judgeTake(content(0, 1), { ...now, isLive: false })).toBe('open');
});

test('the last Media Segment of a repetition may have been cut anew', () => {
  expect(judgeTake(content(9, 1), over)).toBe('phantom');
  expect(judgeTake(content(8, 1), over)).toBe('genuine');
});
