import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SourceItem } from '../../src/core/ports.ts';
import { run } from '../../src/lib/run.ts';
import { type Material, remuxPart } from '../../src/media/remux.ts';
import { toMaterial } from '../../src/worker/material.ts';
import { programs } from './programs.ts';

/** A Take made into one file, and what lies in it. Times in seconds. */
export type MadePart = {
  frames: number;
  /** How far sound and picture are apart where the file begins and where it ends, in ms. */
  beginApartMs: number;
  endApartMs: number;
  lengthMs: number;
};

/** Makes each Take of what a Source yielded into an MP4, as Parts are made, and looks into it with ffprobe. */
export async function partsOf(items: SourceItem[]): Promise<MadePart[]> {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-parts-'));
  try {
    const made: MadePart[] = [];
    for (const [index, material] of materials(items).entries()) {
      const outPath = join(dir, `${index}.mp4`);
      const { lengthMs } = await remuxPart({ ...material, outPath, signal: new AbortController().signal, programs });
      made.push({ ...(await measure(outPath)), lengthMs });
    }
    return made;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** As the rows of these items would stand in the database: sound that lies apart stands where its pictures will. */
function materials(items: SourceItem[]): Material[] {
  type Row = Parameters<typeof toMaterial>[0][number];
  const takes: Row[][] = [];
  let take: Partial<Row['take']> = {};
  let mediaSequence = 0;
  for (const item of items) {
    if (item.kind === 'take') {
      const { codecs, initPath = null, audioInitPath = null } = item;
      take = { id: takes.length, codecs, initKey: initPath, audioInitKey: audioInitPath, withheldReason: null };
      takes.push([]);
    }
    if (item.kind !== 'segment') continue;
    const segment: Partial<Row['segment']> = { ...item.segment, key: item.segment.path, mediaSequence };
    takes.at(-1)?.push({ segment: { ...segment, takeId: take.id }, take } as Row);
    if (item.segment.track === 0) mediaSequence++;
  }
  return takes
    .map((rows) => toMaterial(rows, { from: 0 }, async (key) => createReadStream(key)))
    .filter(({ runs }) => runs.length > 0);
}

type Packet = { time: number; length: number };

async function measure(path: string): Promise<Omit<MadePart, 'lengthMs'>> {
  const [video, audio] = [await packets(path, 'v:0'), await packets(path, 'a:0')];
  if (audio.length === 0) return { frames: video.length, beginApartMs: 0, endApartMs: 0 };
  const begin = (all: Packet[]) => Math.min(...all.map(({ time }) => time));
  const end = (all: Packet[]) => Math.max(...all.map(({ time, length }) => time + length));
  return {
    frames: video.length,
    beginApartMs: (begin(audio) - begin(video)) * 1000,
    endApartMs: (end(audio) - end(video)) * 1000,
  };
}

async function packets(path: string, track: string): Promise<Packet[]> {
  const show = ['-show_entries', 'packet=pts_time,duration_time', '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', ['-v', 'error', '-select_streams', track, ...show, path], {
    timeoutMs: 60_000,
  });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(',').map(Number))
    .filter(([time]) => time !== undefined && Number.isFinite(time))
    .map(([time = 0, length = 0]) => ({ time, length: Number.isFinite(length) ? length : 0 }));
}
