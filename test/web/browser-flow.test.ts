/// <reference lib="dom" />
import { chromium } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { startTestApp, type TestApp, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { type LiveOrigin, startLiveOrigin } from '../support/live.ts';

let product: TestApp | undefined;
let origin: LiveOrigin | undefined;
afterEach(async () => {
  await product?.close();
  await origin?.close();
});

const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

test('a person types /record, sees the card, presses Stop, and the album plays', async () => {
  product = await startTestApp();
  origin = await startLiveOrigin({ mode: 'manual', segments: 20, window: 6, size: '320x180' });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: quiet });
  try {
    const context = await browser.newContext({ viewport: { width: 1000, height: 900 } });
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(product.running.web?.loginUrl ?? '');
    await page.getByLabel('Command').fill(`/record ${origin.url}`);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.locator('.card .state.recording').waitFor({ timeout: 60_000 });
    await waitForFrames(product.app, 150);
    // The live preview plays while it is recorded.
    const preview = await context.newPage();
    await preview.goto(new URL('/sessions/1', page.url()).href);
    await preview.waitForFunction(
      () => (document.querySelector('#player') as HTMLVideoElement).readyState >= 2,
      undefined,
      { timeout: 60_000 },
    );
    origin.advance(6);
    await waitForFrames(product.app, 300);
    await page.locator('.card').getByRole('button', { name: 'Stop' }).click();
    await waitUntilPosted(product.app);
    const video = page.locator('.message.video video');
    await video.waitFor({ timeout: 60_000 });
    await page.locator('.comments').waitFor({ timeout: 60_000 });
    await page.locator('.card .state.posted').waitFor({ timeout: 60_000 });
    await video.evaluate((element: HTMLVideoElement) => {
      element.muted = true;
      return element.play();
    });
    await page.waitForFunction(
      () => (document.querySelector('.message.video video') as HTMLVideoElement).currentTime > 0.5,
      undefined,
      { timeout: 60_000 },
    );
    if (process.env.SCREENSHOT) {
      await page.setViewportSize({ width: 1000, height: 1220 });
      await page.screenshot({ path: process.env.SCREENSHOT });
    }
    expect(errors).toEqual([]);
    const whole = await page.request.get(new URL('/sessions/1.mp4', page.url()).href);
    expect(whole.status()).toBe(200);
    expect((await whole.body()).subarray(4, 8).toString()).toBe('ftyp');
  } finally {
    await browser.close();
  }
});
