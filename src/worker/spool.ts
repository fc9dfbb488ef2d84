import { appendFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { App } from '../app.ts';
import type { Codecs } from '../core/model.ts';
import { gapCauses, type ResumePoint, type SourceItem } from '../core/ports.ts';
import type { Left } from '../core/resume.ts';
import type { Origin } from './keep-item.ts';

/** What a capture closed, in the order it did: one JSON line each beside the files, behind a line that says where it began. */
const logName = 'items.jsonl';

/** `spool/<owner>/r<rendition>-<fence>`: files of one capture that are not kept yet. */
const folderOf = (renditionId: number, fence: number) => `r${renditionId}-${fence}`;
const folderPattern = /^r(\d+)-(\d+)$/;

/** Absolute path of the spool that all workers on this data folder share. */
export const spoolRoot = (app: Pick<App, 'config'>) => join(app.config.dataDir, 'spool');

/** Absolute path of the spool folder of one capture. */
export const spoolFolder = (app: Pick<App, 'config' | 'owner'>, renditionId: number, fence: number) =>
  join(spoolRoot(app), app.owner, folderOf(renditionId, fence));

/** The Rendition a folder of a spool is of; undefined where it holds something else. */
export function renditionOf(name: string): number | undefined {
  const [, renditionId] = folderPattern.exec(name) ?? [];
  return renditionId === undefined ? undefined : Number(renditionId);
}

/** Writes down what a capture closes, so that it can be kept by whoever comes after a worker that was killed. */
export type SpoolLog = {
  write(item: SourceItem, origin: Origin | undefined): void;
};

/**
 * The log of one folder. Written at once and not synced: it must outlive the process, not the machine. Where a line
 * cannot be written (the disk is full) the log ends there, for what comes after would not join.
 *
 * @param from where the capture goes on from: what was closed before that point is not in this folder
 */
export function openSpoolLog(app: Pick<App, 'log'>, dir: string, from: ResumePoint | undefined): SpoolLog {
  let isOpen = true;
  const append = (line: object) => {
    if (!isOpen) return;
    try {
      appendFileSync(join(dir, logName), `${JSON.stringify(line, (key, value) => nameOf(key, value))}\n`);
    } catch (err) {
      isOpen = false;
      app.log.warn({ err }, 'what is captured now cannot be taken over if this process is killed');
    }
  };
  append({ from });
  return { write: (item, origin) => append({ ...item, origin }) };
}

/** The folder may be moved: files are named without it. */
const nameOf = (key: string, value: unknown) =>
  /path$/i.test(key) && typeof value === 'string' ? basename(value) : value;

const date = z.iso.datetime().transform((text) => new Date(text));
const segment = z.object({
  path: z.string(),
  track: z.union([z.literal(0), z.literal(1)]),
  sizeBytes: z.number(),
  lengthMs: z.number(),
  isIndependent: z.boolean(),
  startsRun: z.boolean(),
  frameCount: z.number(),
  sourceSequence: z.number(),
  sourceCount: z.number(),
  playlist: z.string(),
  hashes: z.array(z.string()),
  programDateTime: date.optional(),
});
const beginning = z.object({
  from: z
    .object({
      sequence: z.number(),
      playlist: z.string(),
      programDateTime: date.optional(),
      hashes: z.array(z.string()),
    })
    .optional(),
});
const origin = z.object({ origin: z.object({ streamId: z.number(), isReturn: z.boolean() }).optional() });
const item = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('segment'), segment }),
  z.object({
    kind: z.literal('take'),
    codecs: z.custom<Codecs>((value) => typeof value === 'object' && value !== null),
    joined: z.boolean(),
    initPath: z.string().optional(),
    audioInitPath: z.string().optional(),
  }),
  z.object({
    kind: z.literal('gap'),
    lengthMs: z.number(),
    cause: z.enum(gapCauses),
    detail: z.string().optional(),
  }),
  z.object({ kind: z.literal('mark'), lengthMs: z.number(), cause: z.literal('ad_break') }),
]);

/** An item with the Stream it came from. */
export type Spooled = { item: SourceItem; origin: Origin | undefined };
/** What a folder of a former capture holds; `fence` is that of its lease. */
export type Spool = Left<Spooled> & { dir: string; fence: number };

/** Reads a folder's log as far as it is whole: the last line of a killed process may be torn. */
export async function readSpool(dir: string): Promise<Spool | undefined> {
  const [first = '', ...lines] = (await readFile(join(dir, logName), 'utf8').catch(() => '')).split('\n');
  const begun = beginning.safeParse(parse(first));
  if (!begun.success) return undefined;
  const items: Spooled[] = [];
  for (const line of lines) {
    const json = parse(line);
    const [read, from] = [item.safeParse(json), origin.safeParse(json)];
    if (!read.success || !from.success) break;
    items.push({ item: inFolder(dir, read.data as SourceItem), origin: from.data.origin });
  }
  const [, , fence] = folderPattern.exec(basename(dir)) ?? [];
  return { dir, fence: Number(fence), from: begun.data.from as ResumePoint | undefined, items };
}

/** What cannot be kept must not be tried by each owner anew: it is left for `clean`. */
export async function refuseSpool(dir: string): Promise<void> {
  await rename(join(dir, logName), join(dir, `refused-${logName}`)).catch(() => undefined);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function inFolder(dir: string, read: SourceItem): SourceItem {
  if (read.kind === 'segment') return { ...read, segment: { ...read.segment, path: join(dir, read.segment.path) } };
  if (read.kind !== 'take') return read;
  const { initPath, audioInitPath, ...take } = read;
  return {
    ...take,
    ...(initPath ? { initPath: join(dir, initPath) } : {}),
    ...(audioInitPath ? { audioInitPath: join(dir, audioInitPath) } : {}),
  };
}

/**
 * Takes the folders that former owners of a Rendition left on this data folder, oldest first. One rename each: of two
 * that try one succeeds, and a former owner that slept and wakes finds its folder gone.
 */
export async function takeSpools(app: Pick<App, 'config' | 'owner'>, renditionId: number, fence: number) {
  const taken: { dir: string; fence: number }[] = [];
  for (const owner of await readdir(spoolRoot(app)).catch(() => [])) {
    for (const name of await readdir(join(spoolRoot(app), owner)).catch(() => [])) {
      const [, rendition, before] = folderPattern.exec(name) ?? [];
      if (Number(rendition) !== renditionId || !(Number(before) < fence)) continue;
      const dir = spoolFolder(app, renditionId, Number(before));
      await mkdir(join(spoolRoot(app), app.owner), { recursive: true });
      const isMine = await rename(join(spoolRoot(app), owner, name), dir).then(
        () => true,
        () => false,
      );
      if (isMine) taken.push({ dir, fence: Number(before) });
    }
  }
  return taken.sort((a, b) => a.fence - b.fence).map(({ dir }) => dir);
}
