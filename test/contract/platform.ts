import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Platform, StreamRef } from '../../src/core/ports.ts';
import { codeSentence } from '../../src/core/text/text.ts';

/** A Platform and the site it asks, which a test steers. */
export type PlatformStage = {
  platform: Platform;
  /** Address of a channel that the site has. */
  link(name: string): string;
  /** Address of the site of which nothing can be told. */
  badLink: string;
  /** Address that is for others; absent where every address is taken. */
  foreignLink?: string;
  setLive(name: string, isLive: boolean): void;
  /** From now on every question is answered with an error, or never. */
  setFault(fault: 'error' | 'silence' | undefined): void | Promise<void>;
  close(): Promise<unknown>;
};

const oddLinks = [
  'https://example.com/',
  'http://[::1]/%E0%A4%A',
  'rtmp://host/app',
  'https://x.example/?v=%',
  'srt://h:1',
];
const names = ['one', 'two', 'three'];

/** What every Platform driver must do. */
export function platformContract(name: string, open: () => Promise<PlatformStage>): void {
  describe(`${name} keeps the Platform contract`, () => {
    let stage: PlatformStage;
    beforeAll(async () => {
      stage = await open();
      for (const each of names) stage.setLive(each, false);
    });
    afterAll(() => stage.close());
    afterEach(() => stage.setFault(undefined));

    const streamOf = (link: string, id: number): StreamRef => {
      const match = stage.platform.match(new URL(link));
      if (!match) throw new Error(`${link} is not taken`);
      return { id, platform: stage.platform.name, ...match };
    };
    const streams = () => names.map((each, at) => streamOf(stage.link(each), at + 10));
    const check = (all: StreamRef[], signal = AbortSignal.timeout(100_000)) => stage.platform.check(all, signal);

    test('an address is one Stream, and its canonical form the same one', () => {
      const link = stage.link('one');
      const match = stage.platform.match(new URL(link));
      expect(match).toEqual(stage.platform.match(new URL(link)));
      expect(stage.platform.match(new URL(match?.url ?? ''))).toEqual(match);
      expect(match?.channel).not.toBe(stage.platform.match(new URL(stage.link('two')))?.channel);
    });

    test('what is not of the site is left to others, and no address breaks it', () => {
      if (stage.foreignLink) expect(stage.platform.match(new URL(stage.foreignLink))).toBeUndefined();
      for (const link of oddLinks) stage.platform.match(new URL(link));
    });

    test('how it wants to be asked makes sense', () => {
      const { everyMs, batchSize, checksAtOnce } = stage.platform;
      expect(everyMs).toBeGreaterThanOrEqual(10_000);
      expect(Math.min(batchSize, checksAtOnce)).toBeGreaterThanOrEqual(1);
    });

    test('one status for each Stream, in order; a broadcast that comes and goes is seen each time', async () => {
      for (const liveOnes of [['two'], [], ['two', 'three'], ['one']]) {
        for (const each of names) stage.setLive(each, liveOnes.includes(each));
        const statuses = await check(streams());
        expect(statuses.map(({ streamId }) => streamId)).toEqual([10, 11, 12]);
        expect(statuses.map(({ state }) => state === 'live')).toEqual(names.map((each) => liveOnes.includes(each)));
        expect(statuses.filter(({ state }) => !['live', 'offline'].includes(state))).toEqual([]);
      }
    });

    test('one that cannot be told of harms no other', async () => {
      stage.setLive('one', true);
      const [first, bad, last] = await check([
        streamOf(stage.link('one'), 1),
        streamOf(stage.badLink, 2),
        streamOf(stage.link('one'), 3),
      ]);
      expect([first?.state, bad?.state, last?.state]).toEqual(['live', 'unknown', 'live']);
      expect([bad?.streamId, last?.streamId]).toEqual([2, 3]);
      expect(codeSentence('en', bad?.reason ?? ''), bad?.reason).toBeDefined();
    });

    test('a site that fails is unknown with a reason in words, never offline; then it goes on', async () => {
      stage.setLive('one', true);
      await stage.setFault('error');
      for (const status of await check(streams())) {
        expect(status.state).toBe('unknown');
        expect(codeSentence('ru', status.reason ?? ''), status.reason).toBeDefined();
      }
      await stage.setFault(undefined);
      expect((await check(streams()))[0]?.state).toBe('live');
    });

    test('a check that is broken off waits for no answer', async () => {
      await stage.setFault('silence');
      const stop = new AbortController();
      const checking = check(streams(), stop.signal).catch((error: unknown) => error);
      stop.abort();
      const told = await checking;
      // Whoever breaks it off does not want its answer: both are fine, but for a wrong one.
      if (Array.isArray(told)) for (const status of told) expect(status.state).toBe('unknown');
      else expect(told).toBeInstanceOf(Error);
    });
  });
}
