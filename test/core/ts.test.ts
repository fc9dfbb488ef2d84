import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../src/lib/run.ts';
import { createTsScanner, ptsWrap, readTimestamp, type TsFacts, unwrap } from '../../src/media/ts.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aircheck-ts-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const pictures = ['-f', 'lavfi', '-i', 'testsrc2=size=322x182:rate=30:duration=2'];
const sound = ['-f', 'lavfi', '-i', 'sine=duration=2'];
const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '30'];
const aac = ['-c:a', 'aac', '-ar', '48000'];

async function make(name: string, args: string[]): Promise<Buffer> {
  const path = join(dir, `${name}.ts`);
  const { reason, stderrTail } = await run('ffmpeg', ['-v', 'error', '-y', ...args, '-f', 'mpegts', path]);
  expect(stderrTail).toBe('');
  expect(reason).toBe('exited');
  return readFile(path);
}

function scan(bytes: Buffer, pieceBytes = bytes.length): TsFacts {
  const scanner = createTsScanner();
  for (let at = 0; at < bytes.length; at += pieceBytes) scanner.push(bytes.subarray(at, at + pieceBytes));
  return scanner.finish();
}

/** What ffprobe counts in the same file. */
async function probe(name: string): Promise<{ frames: number; lengthMs: number }> {
  const fields = ['-show_entries', 'packet=pts_time,duration_time', '-of', 'csv=p=0', join(dir, `${name}.ts`)];
  const { stdout } = await run('ffprobe', ['-v', 'error', '-select_streams', 'v', ...fields]);
  const times = stdout
    .split('\n')
    .map((line) => Number.parseFloat(line))
    .filter((time) => Number.isFinite(time));
  const spanMs = (Math.max(...times) - Math.min(...times)) * 1000;
  return { frames: times.length, lengthMs: spanMs + spanMs / (times.length - 1) };
}

describe('reading MPEG-TS', () => {
  test('counts and measures as ffprobe does, B-frames included', async () => {
    for (const [name, extra] of [
      ['plain', []],
      ['b-frames', ['-bf', '3', '-preset', 'fast']],
    ] as const) {
      const facts = scan(await make(name, [...pictures, ...sound, ...h264, ...extra, ...aac]));
      const { frames, lengthMs } = await probe(name);
      expect(facts).toMatchObject({ video: 'h264', audio: 'aac', width: 322, height: 182, sampleRate: 48_000 });
      expect([facts.frameCount, frames, facts.strayBytes, facts.beginsWithKeyframe]).toEqual([60, 60, 0, true]);
      expect(Math.abs(facts.lengthMs - lengthMs)).toBeLessThan(2);
    }
  });

  test('says the same wherever the chunks are cut', async () => {
    const bytes = await make('cut', [...pictures, ...sound, ...h264, ...aac]);
    const whole = scan(bytes);
    for (const pieceBytes of [1, 100, 187, 188, 189, 1_000, 65_536]) expect(scan(bytes, pieceBytes)).toEqual(whole);
  });

  test('a file that begins between keyframes says so', async () => {
    const bytes = await make('long-gop', [...pictures, ...h264, '-x264-params', 'keyint=infinite:repeat-headers=0']);
    expect(scan(bytes).beginsWithKeyframe).toBe(true);
    const tables = bytes.subarray(0, 3 * 188);
    const pid = (at: number) => bytes.readUInt16BE(at + 1) & 0x1fff;
    const starts: number[] = [];
    for (let at = 0; at < bytes.length; at += 188) if (pid(at) === 256 && (bytes[at + 1] ?? 0) & 0x40) starts.push(at);
    const facts = scan(Buffer.concat([tables, bytes.subarray(starts[5])]));
    expect(facts.beginsWithKeyframe).toBe(false);
    expect(facts.frameCount).toBe(55);
  });

  test('sound alone is measured by the sound and can begin anywhere', async () => {
    const facts = scan(await make('sound', [...sound, ...aac]));
    expect(facts).toMatchObject({ audio: 'aac', frameCount: 0, beginsWithKeyframe: true, sampleRate: 48_000 });
    expect(facts.video).toBeUndefined();
    expect(facts.lengthMs).toBeGreaterThan(1_950);
    expect(facts.lengthMs).toBeLessThan(2_100);
  });

  test('timestamps that wrap in the middle do not change the length', async () => {
    const offset = String(ptsWrap / 90_000 - 1);
    const args = [...pictures, ...sound, ...h264, ...aac];
    const plain = scan(await make('plain-again', [...args, '-muxdelay', '0', '-muxpreload', '0']));
    const wrapped = ['-output_ts_offset', offset, '-muxdelay', '0', '-muxpreload', '0'];
    const facts = scan(await make('wrap', [...args, ...wrapped]));
    expect(facts.videoFirst).toBeGreaterThan(ptsWrap - 2 * 90_000);
    expect(facts.videoLast).toBeGreaterThan(ptsWrap);
    expect(Math.abs(facts.lengthMs - plain.lengthMs)).toBeLessThan(1);
  });

  test('finds the packets again after bytes that are none, and counts those', async () => {
    const bytes = await make('stray', [...pictures, ...h264]);
    const facts = scan(Buffer.concat([Buffer.alloc(57, 1), bytes.subarray(0, 188 * 40), Buffer.alloc(3, 2), bytes]));
    expect(facts.strayBytes).toBe(60);
    expect(facts.packetCount).toBe(40 + bytes.length / 188);
    expect(scan(Buffer.from('<html>no video</html>'))).toMatchObject({ packetCount: 0, frameCount: 0, lengthMs: 0 });
  });

  test('33 bits are read and unwrapped to the nearest', () => {
    expect(readTimestamp(Buffer.from([0x2f, 0xff, 0xff, 0xff, 0xff]), 0)).toBe(ptsWrap - 1);
    expect(readTimestamp(Buffer.from([0x21, 0x00, 0x01, 0x00, 0x01]), 0)).toBe(0);
    expect(unwrap(5, ptsWrap - 5)).toBe(ptsWrap + 5);
    expect(unwrap(ptsWrap - 5, 5)).toBe(-5);
  });
});
