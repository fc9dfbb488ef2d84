import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './lib/run.ts';

export type TestCard = {
  url: string;
  /** Resolves when the broadcast is over. */
  ended: Promise<void>;
  stop(): Promise<void>;
};

/**
 * A built-in channel: a live HLS stream that ffmpeg makes in real time (a moving picture with a running clock and a
 * tone), served on loopback.
 *
 * @param seconds length of the broadcast; undefined = until `stop`
 */
export async function startTestCard({ ffmpeg, seconds }: { ffmpeg: string; seconds?: number }): Promise<TestCard> {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-testcard-'));
  await mkdir(dir, { recursive: true });
  const server = http.createServer((req, res) => {
    const [, name = ''] = /^\/([\w.-]+)(?:\?.*)?$/.exec(req.url ?? '') ?? [];
    const type = name.endsWith('.m3u8') ? 'application/vnd.apple.mpegurl' : 'video/mp2t';
    readFile(join(dir, name)).then(
      (bytes) => res.writeHead(200, { 'content-type': type }).end(bytes),
      () => res.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const stopping = new AbortController();
  const ended = run(ffmpeg, testCardArgs(dir, seconds), { signal: stopping.signal }).then(() => undefined);
  ended.catch(() => undefined);
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/testcard.m3u8`,
    ended,
    async stop() {
      stopping.abort();
      await ended.catch(() => undefined);
      server.close();
      server.closeAllConnections();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Encodes at its own pace (`-re`); `testsrc` draws a clock that counts by itself, so no font is needed. */
function testCardArgs(dir: string, seconds: number | undefined): string[] {
  const picture = ['-re', '-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=25:decimals=2'];
  const sound = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:beep_factor=2'];
  const codecs = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-tune',
    'zerolatency',
    '-pix_fmt',
    'yuv420p',
    '-b:v',
    '600k',
    '-g',
    '25',
    '-keyint_min',
    '25',
    '-sc_threshold',
    '0',
    '-c:a',
    'aac',
    '-b:a',
    '64k',
  ];
  const length = seconds === undefined ? [] : ['-t', String(seconds)];
  const hls = [
    '-f',
    'hls',
    '-hls_time',
    '1',
    '-hls_list_size',
    '8',
    '-hls_flags',
    'delete_segments+temp_file',
    '-hls_delete_threshold',
    '20',
  ];
  const files = ['-hls_segment_filename', join(dir, 'testcard-%05d.ts'), join(dir, 'testcard.m3u8')];
  return [
    '-nostdin',
    '-hide_banner',
    '-loglevel',
    'error',
    ...picture,
    ...sound,
    ...codecs,
    ...length,
    ...hls,
    ...files,
  ];
}
