import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** One line of `docs/capture.md`: what a fault costs on one way to get bytes. */
export type FaultRow = {
  fault: string;
  /** Frames that stand in Segments, of those that were published, and in how many Takes. */
  kept: string;
  /** Gaps and marks, or `nothing`. */
  told: string;
  /** How the capture ends. */
  ends: string;
};

const folder = new URL('../capture/', import.meta.url);
/** Where the rows of a Source are written down. */
export const fileOf = (source: string) => new URL(`${source}.json`, folder);

/** The rows that are written down for a Source, in the order they are shown. */
export function readRows(source: string): FaultRow[] {
  return existsSync(fileOf(source)) ? (JSON.parse(readFileSync(fileOf(source), 'utf8')) as FaultRow[]) : [];
}

/** `docs/capture.md`: the rows of all Sources. */
export function captureMarkdown(): string {
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.replace(/\.json$/, ''))
    .sort((a, b) => Number(b === 'hls') - Number(a === 'hls') || a.localeCompare(b));
  const sections = sources.flatMap((source) => [`## ${source}`, '', ...tableOf(readRows(source)), '']);
  return `${[...head, ...sections].join('\n').trimEnd()}\n`;
}

const head = [
  '# What a fault costs',
  '',
  'Written by `npm run docs` from what the tests saw; do not edit. Each line is a test in `test/contract/` against a real',
  'server: the Segments were made into MP4 as Parts are, the frames counted with ffprobe, and sound and picture compared',
  '(at most 40 ms apart at both ends, 80 ms where live DASH ends). "all" means that every frame that was published stands in a Segment, once.',
  '',
];

function tableOf(rows: FaultRow[]): string[] {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  const line = (...cells: string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [
    line('fault', 'kept', 'told', 'the capture'),
    '|---|---|---|---|',
    ...rows.map(({ fault, kept, told, ends }) => line(fault, kept, told, ends)),
  ];
}
