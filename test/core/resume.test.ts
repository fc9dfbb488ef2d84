import { expect, test } from 'vitest';
import type { ClosedSegment, SourceItem } from '../../src/core/ports.ts';
import { itemsAfter, pointAfter } from '../../src/core/resume.ts';

const segment = (sequence: number, more: Partial<ClosedSegment> = {}): { item: SourceItem } => ({
  item: {
    kind: 'segment',
    segment: {
      ...{ path: `/s/${sequence}.ts`, track: 0, sizeBytes: 9, lengthMs: 4_000, isIndependent: true, startsRun: false },
      ...{ frameCount: 100, sourceSequence: sequence, sourceCount: 2, playlist: 'p' },
      hashes: [`${sequence}`, `${sequence + 1}`],
      ...more,
    },
  },
});
const take: { item: SourceItem } = { item: { kind: 'take', codecs: { container: 'ts' }, joined: true } };
const behind = (sequence: number) =>
  pointAfter(undefined, (segment(sequence).item as { segment: ClosedSegment }).segment);

test('where a capture goes on: the last Media Segment, the clock behind it, the last 30 hashes', () => {
  const { segment: last } = segment(7, { programDateTime: new Date(1_000) }).item as { segment: ClosedSegment };
  const known = Array.from({ length: 30 }, (_, at) => `old${at}`);
  const point = pointAfter({ sequence: 6, playlist: 'p', hashes: known }, last);
  expect(point).toMatchObject({ sequence: 8, playlist: 'p', programDateTime: new Date(5_000) });
  expect(point.hashes).toEqual([...known.slice(2), '7', '8']);
});

test('what is behind the last kept Segment is taken, and nothing that is kept', () => {
  const items = [take, segment(1), segment(3), segment(5)];
  expect(itemsAfter(behind(3), { from: undefined, items })).toEqual([segment(5)]);
  expect(itemsAfter(behind(5), { from: undefined, items })).toEqual([]);
});

test('a capture of which nothing is kept joins where it began', () => {
  const items = [take, segment(5)];
  expect(itemsAfter(behind(3), { from: behind(3), items })).toEqual(items);
  expect(itemsAfter(undefined, { from: undefined, items })).toEqual(items);
});

test('what cannot be shown to join is not taken', () => {
  const items = [take, segment(5)];
  expect(itemsAfter(behind(1), { from: behind(3), items })).toBeUndefined();
  expect(itemsAfter(undefined, { from: behind(3), items })).toBeUndefined();
  expect(itemsAfter(behind(9), { from: undefined, items })).toBeUndefined();
  const [other, elsewhere] = [segment(5, { hashes: ['5', 'x'] }), segment(5, { playlist: 'q' })];
  expect(itemsAfter(behind(5), { from: undefined, items: [take, other, elsewhere] })).toBeUndefined();
});

test('sound that lies apart is taken with its pictures', () => {
  const sound = segment(5, { track: 1 });
  expect(itemsAfter(behind(3), { from: undefined, items: [take, segment(3), sound, segment(5)] })).toEqual([
    sound,
    segment(5),
  ]);
});
