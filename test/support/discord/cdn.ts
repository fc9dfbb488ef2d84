import { createHmac } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { nowMs, type StoredAttachment, type WorldState } from './state.ts';

/** How long an address works. Source: `ex` in https://docs.discord.com/developers/reference#signed-attachment-cdn-urls */
export const addressLifeMs = 24 * 60 * 60_000;

/** In place of a channel: files of commands, which stand in none. */
export const ephemeralFolder = 'ephemeral';

/** A signed address of an attachment; every look at the message gives a new one. */
export function addressOf(world: WorldState, channelId: string, { id, fileName }: StoredAttachment): string {
  const issuedAt = nowMs(world);
  const folder =
    channelId === ephemeralFolder ? `ephemeral-attachments/${world.applicationId}` : `attachments/${channelId}`;
  const path = `/${folder}/${id}/${fileName}`;
  const [is, ex] = [issuedAt, issuedAt + addressLifeMs].map((ms) => Math.floor(ms / 1000).toString(16)) as [
    string,
    string,
  ];
  return `${world.origin}${path}?ex=${ex}&is=${is}&hm=${signature(path, ex, is)}&`;
}

function signature(path: string, ex: string, is: string): string {
  return createHmac('sha256', 'cdn').update(`${path}?${ex}&${is}`).digest('hex');
}

/** Sends the bytes of an attachment; 404 for an address that was changed, has expired, or whose message is gone. */
export async function serveAttachment(world: WorldState, url: URL, response: ServerResponse): Promise<void> {
  const attachment = signedAttachment(world, url);
  if (!attachment) {
    const text = 'This content is no longer available.';
    response.writeHead(404, { 'content-type': 'text/plain', 'content-length': text.length }).end(text);
    return;
  }
  const { path, sizeBytes, mimeType } = attachment.file;
  response.writeHead(200, { 'content-type': mimeType, 'content-length': sizeBytes });
  // A client that hangs up is no fault of the server.
  await pipeline(createReadStream(path), response).catch(() => undefined);
}

function signedAttachment(world: WorldState, url: URL): StoredAttachment | undefined {
  const [ex = '', is = '', hm = ''] = ['ex', 'is', 'hm'].map((name) => url.searchParams.get(name) ?? '');
  if (hm !== signature(decodeURIComponent(url.pathname), ex, is)) return undefined;
  if (Number.parseInt(ex, 16) * 1000 < nowMs(world)) return undefined;
  return world.attachments.get(url.pathname.split('/')[3] ?? '');
}
