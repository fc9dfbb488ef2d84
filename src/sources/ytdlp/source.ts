import type { Quality } from '../../core/model.ts';
import type { ResumePoint, Source, SourceInput, SourceItem, SourceOptions } from '../../core/ports.ts';
import { assertPublicUrl } from '../../lib/net.ts';
import { type PrivateFile, writePrivateFile } from '../../lib/private-file.ts';
import { guardProxy } from '../../lib/proxy.ts';
import { usualStallMs } from '../process/capture.ts';
import { captureUnknown } from '../process/capture-unknown.ts';
import { identityOf } from '../process/identity.ts';
import { infoWithCookies } from './info-with-cookies.ts';

/** yt-dlp's own capture, where a person asks for it: sites that serve nobody else. */
export const ytdlpSource: Source = createYtdlpSource();

/** @param options.stallMs without a byte for this long the stream is lost */
export function createYtdlpSource({ stallMs = usualStallMs } = {}): Source {
  return {
    name: 'yt-dlp',
    priority: ({ engine }) => (engine === 'yt-dlp' ? 20 : 0),
    open: (input, from, options) => capture({ input, stallMs }, from, options),
  };
}

async function* capture(
  { input, stallMs }: { input: SourceInput; stallMs: number },
  from: ResumePoint | undefined,
  options: SourceOptions,
): AsyncGenerator<SourceItem> {
  assertPublicUrl(input.url, options.allowPrivate);
  const { env } = await guardProxy(options.allowPrivate);
  const info = await askWithCookies(input, env, options);
  const args = ytdlpArgs(input.quality, options.programs.ffmpeg);
  // The page comes by stdin: no process list shows it.
  const page = info ? ['--load-info-json', info.path] : ['--batch-file', '-'];
  const step = { command: options.programs.ytdlp, args: [...args, ...page], env, input: `${input.url}\n` };
  const isAudioOnly = input.quality === 'audio';
  try {
    yield* captureUnknown({ step, identity: identityOf(input), isAudioOnly, stallMs }, from, options);
  } finally {
    await info?.remove();
  }
}

/** A page whose site has cookies is asked with them first; undefined where it has none. */
async function askWithCookies(
  { url }: SourceInput,
  env: Record<string, string>,
  { cookies, programs, signal }: SourceOptions,
): Promise<PrivateFile | undefined> {
  const cookieFile = await cookies?.(url);
  if (cookieFile === undefined) return undefined;
  return writePrivateFile(await infoWithCookies({ ytdlp: programs.ytdlp, url, cookieFile, env, signal }));
}

/** What yt-dlp's own ffmpeg may open: what goes through the proxy. */
const protocols = 'http,https,tcp,tls,crypto,httpproxy,pipe';

/** Arguments that write one stream to stdout, playable at every moment. Source: https://github.com/yt-dlp/yt-dlp#usage-and-options */
export function ytdlpArgs(quality: Quality, ffmpeg: string): string[] {
  const general = ['--no-config', '--no-playlist', '--quiet', '--no-cache-dir', '--socket-timeout', '15'];
  const live = ['--no-part', '--hls-use-mpegts', '--downloader', 'm3u8:ffmpeg'];
  const guard = ['--downloader-args', `ffmpeg_i:-protocol_whitelist ${protocols}`];
  const location = ffmpeg.includes('/') ? ['--ffmpeg-location', ffmpeg] : [];
  return [...general, ...live, ...guard, ...location, '-f', formatOf(quality), '-o', '-'];
}

function formatOf(quality: Quality): string {
  if (quality === 'best') return 'b/bv*+ba';
  if (quality === 'audio') return 'ba/b';
  const limit = `[height<=${Number.parseInt(quality, 10)}]`;
  return `b${limit}/bv*${limit}+ba/w`;
}
