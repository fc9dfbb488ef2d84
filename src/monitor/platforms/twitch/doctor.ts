import { openHelix } from './helix.ts';
import type { TwitchApp } from './token.ts';

/**
 * Asks Twitch for a token and for one stream with it.
 *
 * @throws as a question to Helix does
 */
export async function checkTwitchApp(app: TwitchApp, signal: AbortSignal): Promise<void> {
  await openHelix(app)(signal, (api) => api.streams.getStreams({ limit: 1 }));
}
