import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from './wait.ts';

export type DashOrigin = {
  /** The manifest's address. */
  url: string;
  requests: IncomingMessage[];
  /** Resolves when the film is over; the manifest says so then. */
  ended: Promise<void>;
  /** Puts another text in the place of the manifest. */
  replaceManifest(text: string): void;
  close(): Promise<void>;
};

/** Live DASH as ffmpeg makes it from a file, at the speed it plays. */
export async function startDashOrigin(path: string): Promise<DashOrigin> {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-dash-'));
  const requests: IncomingMessage[] = [];
  let manifest: string | undefined;
  const server = createServer((request, response) => {
    requests.push(request);
    const name = new URL(request.url ?? '/', 'http://x').pathname.slice(1);
    if (name === 'live.mpd' && manifest !== undefined) return void response.end(manifest);
    readFile(join(dir, name.replaceAll('/', ''))).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const dash = ['-f', 'dash', '-seg_duration', '1', '-window_size', '8', '-extra_window_size', '8'];
  const args = ['-v', 'error', '-re', '-i', path, '-c', 'copy', ...dash, join(dir, 'live.mpd')];
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await waitFor(() => readFile(join(dir, 'live.mpd')), { what: 'the manifest' });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/live.mpd`,
    requests,
    ended,
    replaceManifest: (text) => {
      manifest = text;
    },
    async close() {
      child.kill('SIGKILL');
      await ended;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A manifest that has a media segment lie at any address. */
export function manifestOf(address: string): string {
  return `<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT4S" minBufferTime="PT1S" profiles="urn:mpeg:dash:profile:isoff-live:2011">
 <Period start="PT0S"><AdaptationSet mimeType="video/mp4"><Representation id="0" bandwidth="100000" codecs="avc1.64001f" width="320" height="180">
  <SegmentTemplate timescale="1" duration="1" startNumber="1" initialization="${address}" media="${address}"/>
 </Representation></AdaptationSet></Period>
</MPD>`;
}

/** Writes a file that nobody should get, and gives its address. */
export async function writeSecretFile(): Promise<{ url: string; secret: string; remove(): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-secret-'));
  const secret = `secret-${Math.random().toString(36).slice(2)}`;
  await writeFile(join(dir, 'passwd'), secret.repeat(1_000));
  return { url: `file://${dir}/passwd`, secret, remove: () => rm(dir, { recursive: true, force: true }) };
}
