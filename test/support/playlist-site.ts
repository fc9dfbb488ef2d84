import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A site of playlists, `/name.m3u8` and `/play?id=name`, each there or not. */
export type PlaylistSite = {
  root: string;
  setLive(name: string, isLive: boolean): void;
  /** What every address is answered with instead; `silence`: nothing. */
  setFault(fault: 500 | 'silence' | undefined): void;
  requests: string[];
  close(): Promise<void>;
};

const playlist = '#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:6,\na.ts\n';

/** 404 while nobody broadcasts, as plain HLS servers answer; `broken` is answered with 500 always. */
export async function startPlaylistSite(): Promise<PlaylistSite> {
  const live = new Set<string>();
  const requests: string[] = [];
  let fault: 500 | 'silence' | undefined;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    requests.push(request.url ?? '');
    const name = url.searchParams.get('id') ?? url.pathname.slice(1).replace(/\.m3u8$/, '');
    if (fault === 'silence') return;
    const status = fault ?? (name === 'broken' ? 500 : live.has(name) ? 200 : 404);
    response.writeHead(status, { 'content-type': 'application/vnd.apple.mpegurl' });
    response.end(status === 200 ? playlist : '');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    root: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    setLive: (name, isLive) => void (isLive ? live.add(name) : live.delete(name)),
    setFault: (next) => {
      fault = next;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
