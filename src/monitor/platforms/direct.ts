import type { Platform, StreamRef } from '../../core/ports.ts';
import { atMost } from '../../lib/at-most.ts';
import { isMediaPath } from '../../media/look.ts';
import { checkEach, type ProbeOptions, probeStream } from './probe-stream.ts';

/** Their servers are asked by a program that opens a connection. */
const connectedSchemes = new Set(['rtmp:', 'rtmps:', 'rtsp:', 'rtsps:', 'srt:']);

const programsAtOnce = 4;

/** An address of media itself: a playlist is looked at (one small request), a server is asked for its first bytes. */
export function createDirectPlatform(options: ProbeOptions): Platform {
  const connecting = atMost(programsAtOnce);
  const probe = async (stream: StreamRef, signal: AbortSignal) => {
    const look = () => probeStream(stream, options, signal);
    const isConnected = connectedSchemes.has(new URL(stream.url).protocol);
    const { pageId: _, ...status } = isConnected ? await connecting(look, signal) : await look();
    return status;
  };
  return {
    name: 'direct',
    everyMs: 10_000,
    batchSize: 1,
    checksAtOnce: 16,
    isEndFinal: true,
    match: (url) => {
      const isDirect = connectedSchemes.has(url.protocol) || isMediaPath(url);
      return isDirect ? { channel: url.href, url: url.href } : undefined;
    },
    check: (streams, signal) => checkEach(streams, (stream) => probe(stream, signal)),
  };
}
