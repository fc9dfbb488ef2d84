import { writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { SourceItem } from '../../src/core/ports.ts';
import { type FaultRow, fileOf, readRows } from './capture-markdown.ts';

/**
 * Checks that a fault costs what is written down for it. With `WRITE_CAPTURE_TABLE=1` it is written down instead; then
 * `npm run docs` makes `docs/capture.md` of it.
 */
export function expectRow(source: string, row: FaultRow): void {
  const rows = readRows(source);
  const index = rows.findIndex(({ fault }) => fault === row.fault);
  if (!process.env.WRITE_CAPTURE_TABLE) return expect(rows[index]).toEqual(row);
  if (index < 0) rows.push(row);
  else rows[index] = row;
  writeFileSync(fileOf(source), `${JSON.stringify(rows, null, 2)}\n`);
}

/** Checks that no line is without its test, in the order of the tests. */
export function expectRows(source: string, faults: string[]): void {
  const rows = readRows(source);
  if (!process.env.WRITE_CAPTURE_TABLE) return expect(rows.map(({ fault }) => fault)).toEqual(faults);
  const ordered = faults.flatMap((fault) => rows.filter((row) => row.fault === fault));
  writeFileSync(fileOf(source), `${JSON.stringify(ordered, null, 2)}\n`);
}

const lengthText = (lengthMs: number) => (lengthMs > 0 ? ` ${(lengthMs / 1000).toFixed(1)} s` : ' of unknown length');

/** What a Source yielded, as the table says it. Lengths to a tenth of a second. */
export function describeItems(items: SourceItem[], frames: { kept: number; published: number }) {
  const takes = items.filter(({ kind }) => kind === 'take').length;
  const share = frames.kept === frames.published ? `all ${frames.kept}` : `${frames.kept} of ${frames.published}`;
  const told = items.flatMap((item) => {
    const seconds = 'lengthMs' in item ? lengthText(item.lengthMs) : '';
    if (item.kind === 'mark') return [`mark \`${item.cause}\`${seconds}`];
    return item.kind === 'gap' ? [`Gap \`${item.cause}\`${seconds}${item.detail ? ` (${item.detail})` : ''}`] : [];
  });
  return {
    kept: takes === 0 ? 'nothing' : `${share} frames, ${takes} ${takes === 1 ? 'Take' : 'Takes'}`,
    told: told.length === 0 ? 'nothing' : told.join(', '),
  };
}
