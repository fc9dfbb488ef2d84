import { afterEach, expect } from 'vitest';
import { startTestApp, type TestApp } from './app.ts';
import { type DiscordApp, startDiscordApp } from './discord-app.ts';
import { type LiveOptions, type LiveOrigin, startLiveOrigin } from './live.ts';
import { startTelegramApp, type TelegramApp, type TelegramAppOptions } from './telegram-app.ts';

/** Opens what a flow needs; what was opened is closed after the test, the latest first. */
export type Flow = {
  /** The product with the web chat alone. */
  web(...options: Parameters<typeof startTestApp>): Promise<TestApp>;
  /** The product on a strict Telegram; the test fails when the bot did what Telegram ignores in silence. */
  telegram(options?: TelegramAppOptions): Promise<TelegramApp>;
  /** The product on a strict Discord; the same holds. */
  discord(options?: Parameters<typeof startDiscordApp>[0]): Promise<DiscordApp>;
  /** A live stream of so many Media Segments of a second, all of them in the playlist, that ends when told. */
  origin(segments: number, options?: LiveOptions): Promise<LiveOrigin>;
  /** Closes this too. */
  closes(close: () => unknown): void;
  /** These must be empty in the end. */
  mindViolations(violations: string[]): void;
};

/** For one test file, at its top; with `afterAll` what is opened serves all of its tests. */
export function useFlow(after: (fn: () => Promise<void>) => void = afterEach): Flow {
  const closing: (() => unknown)[] = [];
  const minded: string[][] = [];
  after(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
    expect(minded.splice(0).flat()).toEqual([]);
  });
  const kept = <T extends { close(): Promise<unknown> }>(opened: T): T => {
    closing.push(() => opened.close());
    return opened;
  };
  const mindViolations = (violations: string[]) => void minded.push(violations);
  return {
    mindViolations,
    closes: (close) => void closing.push(close),
    web: async (...options) => kept(await startTestApp(...options)),
    async telegram(options) {
      const opened = kept(await startTelegramApp(options));
      mindViolations(opened.telegram.violations);
      return opened;
    },
    async discord(options) {
      const opened = kept(await startDiscordApp(options));
      mindViolations(opened.discord.violations);
      return opened;
    },
    origin: async (segments, options) =>
      kept(await startLiveOrigin({ mode: 'manual', segments, window: segments, ...options })),
  };
}
