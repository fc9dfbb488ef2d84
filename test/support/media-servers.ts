import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../../src/lib/free-port.ts';
import { waitFor } from './wait.ts';

/** A server that a live stream is sent to and taken from. */
export type MediaServer = {
  /** Address of the stream, for who sends and who takes it. */
  url: string;
  /** Sends a file at the speed it plays; a looped one until it is stopped. */
  publish(path: string, options?: SendOptions): Publisher;
  close(): Promise<void>;
};
export type SendOptions = { isLooped?: boolean };
export type Publisher = { ended: Promise<void>; stop(): Promise<void> };

/** A real nginx with its RTMP module on a free loopback port; `hasReaders` waits for so many, those that left too. */
export async function startRtmpServer(): Promise<MediaServer & { hasReaders(count: number): Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-nginx-'));
  const port = await findFreePort();
  const config = `
    load_module ${rtmpModule()};
    daemon off; master_process off; user root; pid ${dir}/pid; error_log ${dir}/error.log info;
    events {}
    rtmp { server { listen 127.0.0.1:${port}; application live { live on; } } }`;
  await writeFile(join(dir, 'nginx.conf'), process.getuid?.() === 0 ? config : config.replace('user root;', ''));
  const nginx = existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx';
  const server = start(nginx, ['-c', join(dir, 'nginx.conf'), '-p', dir, '-e', join(dir, 'error.log')]);
  await waitFor(() => isOpen(port), { what: 'nginx with RTMP' });
  const url = `rtmp://127.0.0.1:${port}/live/key-secret`;
  const close = async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  };
  // It tells of each reader. Source: ngx_rtmp_live_play of nginx-rtmp-module.
  const readers = async () => (await readFile(join(dir, 'error.log'), 'utf8')).match(/ play: name=/g)?.length ?? 0;
  const hasReaders = async (count: number) =>
    void (await waitFor(async () => (await readers()) >= count, { what: `${count} readers at nginx` }));
  const publish: MediaServer['publish'] = (path, options) => send(path, ['-f', 'flv', url], options);
  return { url, publish, hasReaders, close };
}

function rtmpModule(): string {
  const paths = ['/usr/lib/nginx/modules/ngx_rtmp_module.so', '/usr/lib64/nginx/modules/ngx_rtmp_module.so'];
  const found = paths.find((path) => existsSync(path));
  if (!found) throw new Error('nginx has no RTMP module: npm test installs libnginx-mod-rtmp where apt can');
  return found;
}

/** An ffmpeg that waits for one SRT caller and sends it a file at the speed it plays. */
export async function startSrtServer(path: string): Promise<{ url: string; close(): Promise<void> }> {
  const port = await findFreePort();
  const url = `srt://127.0.0.1:${port}?mode=listener&passphrase=a-long-secret`;
  const server = start('ffmpeg', ['-v', 'error', '-re', '-i', path, '-c', 'copy', '-f', 'mpegts', url]);
  return { url: `srt://127.0.0.1:${port}?passphrase=a-long-secret`, close: server.stop };
}

/** Sends a file by ffmpeg at the speed it plays. */
export function send(path: string, output: string[], { isLooped = false }: SendOptions = {}): Publisher {
  const input = [...(isLooped ? ['-stream_loop', '-1'] : []), '-re', '-i', path];
  const child = start('ffmpeg', ['-v', 'error', ...input, '-c', 'copy', ...output]);
  return { ended: child.gone, stop: child.stop };
}

function start(command: string, args: string[]) {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
  const stop = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  return { gone, stop };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
