import { expect, test } from 'vitest';
import { atMost } from '../../src/lib/at-most.ts';

/** Work that is done when the test says so. */
function openWork() {
  const ends: (() => void)[] = [];
  let [running, most, begun] = [0, 0, 0];
  const work = async () => {
    most = Math.max(most, ++running);
    begun++;
    await new Promise<void>((end) => ends.push(end));
    running--;
  };
  return { work, endOne: () => ends.shift()?.(), seen: () => ({ most, begun }) };
}

test('so many run at once, and the others follow in line', async () => {
  const { work, endOne, seen } = openWork();
  const limited = atMost(2);
  const { signal } = new AbortController();
  const all = Array.from({ length: 7 }, () => limited(work, signal));
  for (let ended = 0; ended < 7; ended++) {
    await new Promise(setImmediate);
    expect(seen().begun).toBe(Math.min(7, ended + 2));
    endOne();
  }
  await Promise.all(all);
  expect(seen()).toEqual({ most: 2, begun: 7 });
});

test('who is broken off leaves the line at once, and who fails makes room', async () => {
  const { work, endOne, seen } = openWork();
  const limited = atMost(1);
  const { signal } = new AbortController();
  const stop = new AbortController();
  const first = limited(work, signal);
  const second = limited(work, stop.signal);
  const third = limited(() => Promise.reject(new Error('broken')), signal);
  const fourth = limited(work, signal);
  stop.abort();
  await expect(second).rejects.toMatchObject({ name: 'AbortError' });
  expect(seen().begun).toBe(1);
  endOne();
  await expect(third).rejects.toThrow('broken');
  await first;
  await new Promise(setImmediate);
  endOne();
  await fourth;
  await expect(limited(work, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
});
