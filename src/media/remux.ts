import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { TemporaryError } from '../core/errors.ts';
import { run } from '../lib/run.ts';
import { ticksPerMs } from './facts.ts';
import { layFragments } from './fmp4-lay.ts';
import { laySound, type SoundRun } from './lay-sound.ts';
import { placeRuns, placeSound } from './place-runs.ts';
import { type Probed, probe } from './probe.ts';
import { layEndToEnd, type OpenFile, type Run } from './restamp.ts';

/**
 * What becomes one file: Runs of MPEG-TS, or of fMP4 with the initialization section that they all share; and beside
 * each Run its sound, where that lies apart.
 */
export type Material = {
  runs: Run[];
  openInit?: OpenFile | undefined;
  /** The Runs are AAC without a container. */
  isPacked?: boolean;
  /** `isUncut`: MPEG-TS whose frames we do not know; it is laid as it is. */
  sound?: { runs: SoundRun[]; openInit?: OpenFile | undefined; isUncut?: boolean } | undefined;
};

export type RemuxOptions = Material & {
  /** Appears whole or not at all. */
  outPath: string;
  signal: AbortSignal;
  programs: { ffmpeg: string; ffprobe: string };
  /** Encodes again to this rate instead of copying: only for a stretch without a keyframe that is over the limit. */
  bitsPerSecond?: number;
};

/** A Part of hours is copied in minutes; longer means that something hangs. */
const limitMs = 30 * 60_000;

/** Arguments that every ffmpeg of ours begins with: no questions, no network, no surprises. */
export const hardenedArgs = ['-nostdin', '-hide_banner', '-loglevel', 'error', '-protocol_whitelist', 'file,pipe'];

/** Material on stdin to an MP4 whose index stands first, by stream copy. */
export function remuxArgs(material: Material, outPath: string, bitsPerSecond?: number): string[] {
  const codecs = bitsPerSecond === undefined ? ['-c', 'copy'] : encodeArgs(bitsPerSecond);
  // FLAC in MP4 was called an experiment for long.
  const output = ['-strict', '-2', '-movflags', '+faststart', '-f', 'mp4', '-y', outPath];
  return [...hardenedArgs, ...inputArgs(material), ...codecs, ...output];
}

function inputArgs({ openInit, isPacked, sound }: Material): string[] {
  const pictures = ['-f', openInit || isPacked ? 'mp4' : 'mpegts', '-i', 'pipe:0'];
  if (!sound) return [...pictures, '-map', '0:v:0?', '-map', '0:a:0?'];
  // Both are laid on one clock; what ffmpeg would take away from each by itself is taken from both at the end.
  const heard = ['-f', sound.isUncut ? 'mpegts' : 'mp4', '-i', 'pipe:3'];
  const both = ['-copyts', ...pictures, ...heard, '-map', '0:v:0?', '-map', '1:a:0?'];
  return [...both, '-avoid_negative_ts', 'make_zero'];
}

/** The Runs as one stream that ffmpeg reads, and the sound that lies apart as another. */
export async function openMaterial(material: Material): Promise<{ input: Readable; secondInput?: Readable }> {
  const { runs, openInit, isPacked, sound } = material;
  if (isPacked) return { input: toStream(laySound({ placed: await placeSound(runs), sounds: runs, openInit })) };
  const placed = sound && (await placeRuns(runs, openInit));
  const ticks = placed?.map(({ offsetTicks }) => offsetTicks);
  const seconds = ticks?.map((each) => each / (ticksPerMs * 1000));
  const laid = openInit ? layFragments(runs, openInit, seconds) : layEndToEnd(runs, ticks);
  const input = toStream(laid);
  if (!sound || !placed) return { input };
  if (sound.isUncut) return { input, secondInput: toStream(layEndToEnd(sound.runs, ticks)) };
  return { input, secondInput: toStream(laySound({ placed, sounds: sound.runs, openInit: sound.openInit })) };
}

const toStream = (pieces: AsyncGenerator<Buffer>) =>
  Readable.from(pieces, { objectMode: false, highWaterMark: 1 << 20 });

/** Every frame is kept (`passthrough`); the sound takes an eighth of the rate, 32 to 128 kbit/s. */
function encodeArgs(bitsPerSecond: number): string[] {
  const sound = Math.round(Math.min(128_000, Math.max(32_000, bitsPerSecond / 8)));
  const rate = String(Math.max(50_000, Math.round(bitsPerSecond - sound)));
  const video = ['-c:v', 'libx264', '-preset', 'veryfast', '-b:v', rate, '-maxrate', rate, '-bufsize', rate];
  return [...video, '-pix_fmt', 'yuv420p', '-fps_mode', 'passthrough', '-c:a', 'aac', '-b:a', String(sound)];
}

/** The same as a stream that can be watched while it is made: fragments instead of an index. */
export function streamArgs(material: Material): string[] {
  const fragments = ['-strict', '-2', '-movflags', 'frag_keyframe+empty_moov+default_base_moof'];
  const sound = material.openInit || material.isPacked || material.sound ? [] : ['-bsf:a', 'aac_adtstoasc'];
  return [...hardenedArgs, ...inputArgs(material), '-c', 'copy', ...sound, ...fragments, '-f', 'mp4', 'pipe:1'];
}

/**
 * Makes one MP4 of Segments by stream copy: Runs end to end, every frame once, `moov` before `mdat`.
 *
 * @throws TemporaryError `remux_failed`
 */
export async function remuxPart({
  outPath,
  signal,
  programs,
  bitsPerSecond,
  ...material
}: RemuxOptions): Promise<Probed> {
  const temp = `${outPath}.making`;
  try {
    const args = remuxArgs(material, temp, bitsPerSecond);
    const inputs = await openMaterial(material);
    const result = await run(programs.ffmpeg, args, { ...inputs, signal, timeoutMs: limitMs });
    if (result.reason !== 'exited')
      throw new TemporaryError('remux_failed', { detail: result.stderrTail || result.reason });
    const probed = await probe(temp, { ffprobe: programs.ffprobe, signal });
    await rename(temp, outPath);
    return { ...probed, sizeBytes: (await stat(outPath)).size };
  } finally {
    await rm(temp, { force: true });
  }
}
