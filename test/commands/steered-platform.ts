import type { Platform, StreamStatus } from '../../src/core/ports.ts';

/** A Platform whose Streams are what the test says: by channel, else offline. Takes addresses of one host. */
export function steeredPlatform(host: string) {
  const states = new Map<string, Partial<StreamStatus>>();
  const platform: Platform = {
    name: host,
    everyMs: 10_000,
    batchSize: 100,
    checksAtOnce: 1,
    isEndFinal: true,
    match: (url) => {
      const channel = url.pathname.slice(1).toLowerCase();
      return url.hostname === host && channel ? { channel, url: `https://${host}/${channel}` } : undefined;
    },
    check: async (streams) =>
      streams.map(({ id, channel }) => ({ state: 'offline', ...states.get(channel), streamId: id })),
  };
  return { platform, set: (channel: string, status: Partial<StreamStatus>) => void states.set(channel, status) };
}
