import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

type Import = { from: string; to: string; isType: boolean };
type File = { path: string; text: string; imports: Import[] };

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.tsx?$/.test(path))
  .map((path): File => {
    const text = readFileSync(join(src, path), 'utf8');
    return { path, text, imports: importsOf(path, text) };
  });

/** Import and export-from lines, and dynamic imports of a literal. */
function importsOf(path: string, text: string): Import[] {
  const statement = /^\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm;
  return [...text.matchAll(statement)].map(([, type, direct, dynamic]) => {
    const name = direct ?? dynamic ?? '';
    const to = name.startsWith('.') ? relative(src, join(src, dirname(path), name)) : name;
    return { from: path, to, isType: type !== undefined };
  });
}

/** The area of a file: its folder, with platforms apart from the monitor that calls them. */
function areaOf(path: string): string {
  if (path.startsWith('monitor/platforms/')) return 'monitor/platforms';
  if (path === 'advance.ts') return 'advance';
  return path.includes('/') ? (path.split('/')[0] ?? '') : path;
}

const rows = ['core', 'lib', 'db'];
const logic = [...rows, 'queue', 'advance'];

/** What each area may import besides itself. ARCHITECTURE.md shows the same table. */
const allowed: Record<string, string[]> = {
  core: [],
  lib: ['core'],
  db: ['core', 'lib'],
  storage: ['core', 'lib'],
  media: ['core', 'lib'],
  queue: rows,
  bots: rows,
  sources: ['core', 'lib', 'media'],
  'monitor/platforms': ['core', 'lib', 'media'],
  advance: [...rows, 'queue'],
  commands: logic,
  monitor: [...logic, 'media'],
  worker: [...logic, 'media'],
  web: [...rows, 'queue', 'commands', 'storage'],
};

/** Built of everything; nobody imports them. */
const roots = ['app.ts', 'main.ts', 'doctor.ts', 'demo.ts', 'testcard.ts', 'config.ts'];
const isOurs = (name: string) => /\.tsx?$/.test(name) || name.includes('/../');
const ours = (file: File) => file.imports.filter(({ to }) => isOurs(to));

test('every folder of src has a row in the table', () => {
  const areas = new Set(files.map(({ path }) => areaOf(path)));
  expect([...areas].filter((area) => !(area in allowed) && !isRoot(area))).toEqual([]);
});

function isRoot(area: string): boolean {
  return roots.includes(area);
}

test('imports follow the table', () => {
  const wrong = files
    .filter(({ path }) => !isRoot(areaOf(path)))
    .flatMap(ours)
    .filter(({ from, to, isType }) => {
      if (isType && to === 'app.ts') return false;
      const [mine, theirs] = [areaOf(from), areaOf(to)];
      // The rates of a chat hold for all processes; nothing else of the queue is a driver's business.
      if (mine === 'bots' && (isType ? theirs === 'queue' : to === 'queue/gate.ts')) return false;
      return mine !== theirs && !allowed[mine]?.includes(theirs);
    });
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

test('nobody imports app.ts and main.ts but for the type App', () => {
  const wrong = files
    .filter(({ path }) => !isRoot(path))
    .flatMap(ours)
    .filter(({ to, isType }) => to === 'main.ts' || (to === 'app.ts' && !isType));
  expect(wrong).toEqual([]);
});

test('no file imports itself by way of others', () => {
  const next = new Map(files.map((file) => [file.path, ours(file).flatMap(({ to, isType }) => (isType ? [] : [to]))]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, way: string[]) => {
    if (way.includes(path)) cycles.push([...way.slice(way.indexOf(path)), path].join(' → '));
    if (done.has(path) || way.includes(path)) return;
    for (const to of next.get(path) ?? []) visit(to, [...way, path]);
    done.add(path);
  };
  for (const { path } of files) visit(path, []);
  expect(cycles).toEqual([]);
});

test('only lib/run.ts starts programs, but for the database that outlives them', () => {
  const starters = files
    .filter(({ imports }) => imports.some(({ to }) => ['execa', 'node:child_process'].includes(to)))
    .map(({ path }) => path);
  expect(starters.filter((path) => !['lib/run.ts', 'db/embedded.ts', 'demo.ts'].includes(path))).toEqual([]);
});

test('pure code touches neither files, nor the net, nor the environment', () => {
  const io = /^node:(fs|net|http|https|child_process|dgram)/;
  const wrong = files.filter(
    ({ path, text, imports }) =>
      path.startsWith('core/') && (imports.some(({ to }) => io.test(to)) || /process\.env|\bfetch\(/.test(text)),
  );
  expect(wrong.map(({ path }) => path)).toEqual([]);
});

test('files have kebab-case names, no default exports, and at most 300 lines', () => {
  // Tables, not logic: the schema and the sentences are longer and still easy to read.
  const tables = ['db/schema.ts'];
  const faults = files.flatMap(({ path, text }) => [
    ...(/^[a-z0-9]+(-[a-z0-9]+)*\.tsx?$/.test(basename(path)) ? [] : [`${path}: name`]),
    ...(/^export default/m.test(text) ? [`${path}: default export`] : []),
    ...(text.split('\n').length > 300 && !tables.includes(path) ? [`${path}: ${text.split('\n').length} lines`] : []),
  ]);
  expect(faults).toEqual([]);
});

test('the folders of the table are the folders that ARCHITECTURE.md shows', () => {
  const text = readFileSync(new URL('../ARCHITECTURE.md', import.meta.url), 'utf8');
  for (const area of Object.keys(allowed)) expect(text).toContain(`\`${area === 'advance' ? 'advance.ts' : area}\``);
});
