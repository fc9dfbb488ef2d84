import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, pipeline } from 'node:stream';
import { createGzip, Gzip } from 'node:zlib';
import { answerVideos, type Project } from './data-api.ts';
import { type Broadcast, captchaPage, changedPage, channelPage, consentPage, watchPage } from './pages.ts';

/** What every page is answered with instead: by status, or as the site does it. */
export type SiteFault = 429 | 403 | 500 | 503 | 'captcha' | 'riddle' | 'consent' | 'changed' | 'reset' | 'silence';

export type YoutubeServer = {
  /** For `YOUTUBE_ROOT`. */
  root: string;
  project: Project;
  /** The key of a channel is its path in lower case without a slash: `@имя`, `channel/UC…`, `c/name`. */
  setChannel(channel: string, broadcast: Broadcast | undefined): void;
  setVideo(broadcast: Broadcast): void;
  /** For one channel alone, or for all pages. */
  setFault(fault: SiteFault | undefined, channel?: string): void;
  /** Decoded paths with query, oldest first. */
  requests: string[];
  /** Without an end the last third of each page never comes. */
  tail: { hasEnd: boolean };
  close(): Promise<void>;
};

/** A site that answers as www.youtube.com does to a program without a login, and its Data API. */
export async function startYoutube(): Promise<YoutubeServer> {
  const channels = new Map<string, Broadcast | undefined>();
  const videos = new Map<string, Broadcast>();
  const faults = new Map<string, SiteFault>();
  const requests: string[] = [];
  const project = { key: 'good-key', unitsLeft: 10_000 };
  const tail = { hasEnd: true };

  const handle = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const path = decodeURIComponent(url.pathname);
    requests.push(`${path}${url.search}`);
    if (path.startsWith('/youtube/v3/')) return answerApi(request, response);
    if (path === '/m') return send(request, response, consentPage);
    if (path === '/sorry/index') return send(request, response, captchaPage, 429);
    const channel = path
      .replace(/^\//, '')
      .replace(/\/live$/, '')
      .toLowerCase();
    const fault = faults.get(channel) ?? faults.get('');
    if (fault) return fail(fault, request, response);
    // Who has not answered the question of consent is asked it.
    if (!request.headers.cookie?.includes('SOCS=CAI')) return fail('consent', request, response);
    if (path === '/watch') return sendBroadcast(request, response, videos.get(url.searchParams.get('v') ?? ''));
    if (!path.endsWith('/live') || !channels.has(channel))
      return send(request, response, '<html>404 Not Found</html>', 404);
    const broadcast = channels.get(channel);
    return broadcast ? sendBroadcast(request, response, broadcast) : send(request, response, channelPage());
  };

  const answerApi = (request: IncomingMessage, response: ServerResponse) => {
    const isVideos = request.url?.startsWith('/youtube/v3/videos?');
    const answer = isVideos ? answerVideos(request, project, (id) => videos.get(id)) : { status: 404, body: {} };
    response.writeHead(answer.status, { 'content-type': 'application/json; charset=UTF-8' });
    response.end(JSON.stringify(answer.body));
  };

  const sendBroadcast = (request: IncomingMessage, response: ServerResponse, broadcast: Broadcast | undefined) =>
    send(request, response, watchPage(broadcast ?? { videoId: 'unknownUnkn', state: 'video', barred: 'removed' }));

  const redirect = (response: ServerResponse, to: string) => void response.writeHead(302, { location: to }).end();

  const fail = (fault: SiteFault, request: IncomingMessage, response: ServerResponse) => {
    if (fault === 'silence') return;
    if (fault === 'reset') return void request.socket.destroy();
    if (fault === 'consent') return redirect(response, '/m?continue=x');
    if (fault === 'captcha') return redirect(response, '/sorry/index?continue=x');
    if (fault === 'riddle') return send(request, response, captchaPage);
    if (fault === 'changed') return send(request, response, changedPage);
    if (fault === 429) response.setHeader('retry-after', '120');
    return send(request, response, '<html>Error</html>', fault);
  };

  /** Whole, whatever range was asked for, as YouTube sends pages; packed where the client takes that. */
  const send = (request: IncomingMessage, response: ServerResponse, page: string, status = 200) => {
    const isPacked = request.headers['accept-encoding']?.includes('gzip');
    const type = { 'content-type': 'text/html; charset=utf-8' };
    response.writeHead(status, isPacked ? { ...type, 'content-encoding': 'gzip' } : type);
    if (request.method === 'HEAD') return void response.end();
    const packer = isPacked ? createGzip({ level: 1 }) : new PassThrough();
    pipeline(packer, response, () => undefined);
    const { hasEnd } = tail;
    packer.write(hasEnd ? page : page.slice(0, page.indexOf('var ytInitialData')), () => hasEnd && packer.end());
    if (!hasEnd && packer instanceof Gzip) packer.flush();
  };

  const server = createServer((request, response) => handle(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    root: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    project,
    requests,
    setChannel: (channel, broadcast) => {
      channels.set(channel, broadcast);
      if (broadcast) videos.set(broadcast.videoId, broadcast);
    },
    setVideo: (broadcast) => void videos.set(broadcast.videoId, broadcast),
    setFault: (fault, channel = '') => void (fault ? faults.set(channel, fault) : faults.delete(channel)),
    tail,
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
