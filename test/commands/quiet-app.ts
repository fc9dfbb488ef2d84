import type { App } from '../../src/app.ts';
import type { Platform } from '../../src/core/ports.ts';
import { startTestApp } from '../support/app.ts';

/** The product with this Platform alone and without a role: what a test does is all that happens. */
export async function openQuietApp(
  platform: Platform,
  env: Record<string, string> = {},
): Promise<{ app: App; close: () => Promise<void> }> {
  const running = await startTestApp({ ADMINS: 'telegram:1', ...env }, []);
  return { app: { ...running.app, platforms: [platform] }, close: () => running.close() };
}
