import fc from 'fast-check';

/** Fixed, so that a failure is the same everywhere; fast-check tells the path to it. */
export const fuzzing = { seed: 20_261_121, numRuns: 150, endOnFailure: true } as const;

/** One change of some bytes; `at` and `length` are shares of the whole. */
type Change = { kind: 'flip' | 'cut' | 'twice' | 'fill' | 'end'; at: number; length: number; value: number };

const share = fc.nat(1_000_000).map((millionths) => millionths / 1_000_000);
const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom('flip', 'flip', 'flip', 'cut', 'twice', 'fill', 'end'),
  at: share,
  length: share,
  value: fc.oneof(fc.constantFrom(0, 0xff, 0x7f, 0x80, 0x47), fc.nat(255)),
});

/** Some changes of bytes, most of them small. */
export const changes = fc.array(change, { minLength: 1, maxLength: 12 });

/** Applies changes; the result is at most twice as long. */
export function mutate(bytes: Buffer, list: Change[]): Buffer {
  let now = Buffer.from(bytes);
  for (const { kind, at, length, value } of list) {
    const from = Math.floor(at * now.length);
    const to = Math.min(now.length, from + 1 + Math.floor(length * length * 64));
    if (kind === 'flip' && now.length > 0) now[Math.min(from, now.length - 1)] = value;
    if (kind === 'fill') now.fill(value, from, to);
    if (kind === 'cut') now = Buffer.concat([now.subarray(0, from), now.subarray(to)]);
    if (kind === 'end') now = Buffer.from(now.subarray(0, Math.max(1, from)));
    if (kind === 'twice' && now.length < 2 * bytes.length)
      now = Buffer.concat([now.subarray(0, to), now.subarray(from)]);
  }
  return now;
}

/** Cuts bytes into pieces at shares of the whole. */
export function inPieces(bytes: Buffer, cuts: number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}
export const cuts = fc.array(share, { maxLength: 8 });
