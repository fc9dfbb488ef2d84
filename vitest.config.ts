import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';
import { TotalsReporter } from './test/support/reporter.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', new TotalsReporter()],
    // Real databases, ffmpeg and browsers, which wait most of the time. Limits are for what hangs, not for a slow machine.
    maxWorkers: 4,
    // The files that a process runs share its modules: the product is loaded four times instead of 180.
    isolate: false,
    sequence: { sequencer: LongestFirst },
    // Until nothing more comes of a call Telegram may need 20 s and Discord 15 s; the strict ones need less, and half of
    // it is left to a slow machine between an intent and its call.
    env: { CHAOS_SETTLE_MS: '5000' },
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
