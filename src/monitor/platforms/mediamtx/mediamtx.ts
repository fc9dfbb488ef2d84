import type { Platform, StreamRef, StreamStatus } from '../../../core/ports.ts';
import { checkEach } from '../probe-stream.ts';
import { baseOf, isAddressable, matchServer, rootOf, streamOf, viaOf } from './address.ts';
import { isLive, liveSince, type Paths, readPaths, readWays } from './api.ts';

export type MediamtxOptions = { allowPrivate: boolean };

/** What a look has just read is not asked for again. */
const freshMs = 3_000;
/** Ports change with a restart only. */
const waysFreshMs = 300_000;

/**
 * A MediaMTX server, by its API: one question tells which of its streams are live. They are captured by RTSP, or by HLS
 * where RTSP is off; `?via=rtsp://host:port` behind the address names another way to them.
 */
export function createMediamtxPlatform({ allowPrivate }: MediamtxOptions): Platform {
  const lastPaths = new Map<string, { at: number; paths: Paths }>();
  const lastWays = new Map<string, { at: number; base: string }>();
  const isFresh = (known: { at: number } | undefined, ms: number) => known && performance.now() - known.at < ms;

  const askPaths = async (root: URL, signal: AbortSignal): Promise<Paths> => {
    const paths = await readPaths(root, { allowPrivate, signal });
    lastPaths.set(root.href, { at: performance.now(), paths });
    return paths;
  };
  const findBase = async (server: StreamRef, signal: AbortSignal): Promise<string> => {
    const known = lastWays.get(server.url);
    if (known && isFresh(known, waysFreshMs)) return known.base;
    const root = rootOf(server);
    const via = viaOf(new URL(server.url));
    const base = via ?? baseOf(await readWays(root, { allowPrivate, signal }), root.hostname);
    lastWays.set(server.url, { at: performance.now(), base });
    return base;
  };

  return {
    name: 'mediamtx',
    everyMs: 10_000,
    batchSize: 100,
    checksAtOnce: 2,
    // Whoever publishes may have lost the connection.
    isEndFinal: false,
    match: () => undefined,
    matchServer,
    check: (streams, signal) => {
      const reads = new Map<string, Promise<Paths>>();
      return checkEach(streams, async (stream) => {
        const root = rootOf(stream);
        const reading = reads.get(root.href) ?? askPaths(root, signal);
        reads.set(root.href, reading);
        const paths = await reading;
        if (stream.platformId === undefined) await findBase(stream, signal);
        return statusOf(stream, paths);
      });
    },
    list: async (server, signal) => {
      const root = rootOf(server);
      const known = lastPaths.get(root.href);
      const paths = known && isFresh(known, freshMs) ? known.paths : await askPaths(root, signal);
      const base = await findBase(server, signal);
      const live = [...paths.values()].filter((each) => isLive(each) && isAddressable(each.name));
      return live.map(({ name }) => streamOf(root, base, name));
    },
  };
}

function statusOf({ id: streamId, platformId: name }: StreamRef, paths: Paths): StreamStatus {
  // The server itself is nothing to record.
  if (name === undefined) return { streamId, state: 'offline' };
  const found = paths.get(name);
  if (!found || !isLive(found)) return { streamId, state: 'offline', reason: 'stream_offline' };
  const startedAt = liveSince(found);
  return { streamId, state: 'live', title: name, ...(startedAt ? { startedAt } : {}) };
}
