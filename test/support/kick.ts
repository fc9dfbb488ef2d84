import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A broadcast as the test sets it. */
export type KickBroadcast = { slug: string; title?: string; category?: string; createdAt?: string };

export type KickServer = {
  root: string;
  /** `undefined`: the channel exists and is offline. */
  setChannel(slug: string, broadcast: KickBroadcast | undefined): void;
  /** Every answer from now on: what Cloudflare shows to servers, or a status. */
  setFault(fault: 'cloudflare' | 'policy' | 'changed' | 'silence' | 429 | 500 | undefined): void;
  requests: string[];
  close(): Promise<void>;
};

/** What Cloudflare answers to whom it takes for a robot, and Kick's own rule. Source: yt-dlp issues 6553 and 6748. */
const challenge = '<!DOCTYPE html><html><head><title>Just a moment...</title></head><body></body></html>';
const policy = '{"error":"Request blocked by security policy.","reference":"1"}';

/** A site that answers as kick.com's `api/v2/channels/…` does. Source: the fields that yt-dlp's `kick.py` reads. */
export async function startKick(): Promise<KickServer> {
  const channels = new Map<string, KickBroadcast | undefined>();
  const requests: string[] = [];
  let fault: Parameters<KickServer['setFault']>[0];

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    requests.push(request.url ?? '');
    const send = (status: number, body: string, type = 'application/json') =>
      void response.writeHead(status, { 'content-type': type, server: 'cloudflare' }).end(body);
    if (fault === 'silence') return;
    if (fault === 'cloudflare') return send(403, challenge, 'text/html');
    if (fault === 'policy') return send(403, policy);
    if (fault === 'changed') return send(200, '<html>Kick</html>', 'text/html');
    if (fault) return send(fault, '{"message":"Server Error"}');
    const slug = /^\/api\/v2\/channels\/([\w-]+)$/.exec(request.url ?? '')?.[1];
    if (!slug || !channels.has(slug)) return send(404, '{"message":"Not Found"}');
    return send(200, JSON.stringify(channelOf(slug, channels.get(slug))));
  };

  const server = createServer(answer);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    root: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    setChannel: (slug, broadcast) => void channels.set(slug, broadcast),
    setFault: (next) => {
      fault = next;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

function channelOf(slug: string, broadcast: KickBroadcast | undefined) {
  const common = { id: 32_807, user_id: 33_057, slug, is_banned: false, vod_enabled: true, recent_categories: [] };
  if (!broadcast) return { ...common, livestream: null };
  const { slug: id, title = 'On air', category = 'Just Chatting', createdAt = '2026-11-21 10:00:00' } = broadcast;
  const livestream = {
    id: 92_722_911,
    slug: id,
    channel_id: 32_807,
    created_at: createdAt,
    session_title: title,
    is_live: true,
    viewer_count: 12,
    categories: [{ id: 15, name: category, slug: 'just-chatting' }],
  };
  return { ...common, playback_url: 'https://playback.example/a.m3u8', livestream };
}
