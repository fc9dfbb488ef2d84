import type { Platform } from '../../../core/ports.ts';
import { type ProbeOptions, probeStream } from '../probe-stream.ts';
import type { Accounts } from './accounts.ts';
import { matchTwitch } from './address.ts';
import { batchSize, checkLive, checkTitles } from './check.ts';
import { openHelix } from './helix.ts';

/** What the Twitch platform needs of the configuration; without id and secret it asks pages instead of the API. */
export type TwitchOptions = ProbeOptions & {
  clientId?: string | undefined;
  clientSecret?: string | undefined;
  apiRoot: string;
  authRoot: string;
};

/** Twitch: its API where there are credentials, a hundred channels per call; else each page by yt-dlp, and slower. */
export function createTwitchPlatform(options: TwitchOptions): Platform {
  const { clientId, clientSecret, apiRoot, authRoot } = options;
  // A streamer may come back after EXT-X-ENDLIST.
  const common = { name: 'twitch', match: matchTwitch, isEndFinal: false };
  if (!clientId || !clientSecret) return { ...common, ...byPage(options) };
  const helix = openHelix({ clientId, clientSecret, apiRoot, authRoot });
  const accounts: Accounts = new Map();
  return {
    ...common,
    everyMs: 60_000,
    batchSize,
    checksAtOnce: 4,
    check: (streams, signal) => checkLive(streams, { helix, accounts, signal }),
    checkOffline: (streams, signal) => checkTitles(streams, { helix, accounts, signal }),
  };
}

function byPage(options: ProbeOptions) {
  const check: Platform['check'] = (streams, signal) =>
    Promise.all(
      streams.map(async (stream) => {
        // Of a live page the id is that of the broadcast, the same one as the API's.
        const { pageId, ...status } = await probeStream(stream, options, signal);
        return { ...status, broadcastId: pageId };
      }),
    );
  return { everyMs: 120_000, batchSize: 1, checksAtOnce: 2, hint: 'twitch_slow', check };
}
