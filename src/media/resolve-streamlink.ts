import type { Quality } from '../core/model.ts';
import type { SourceInput } from '../core/ports.ts';
import { headersAt } from '../lib/net.ts';
import type { StreamlinkPage, StreamlinkStream } from './ask-streamlink.ts';
import type { Format } from './ask-ytdlp.ts';
import { chooseFormat } from './choose-format.ts';

/**
 * The input for a quality of a page that streamlink knows: HLS is followed by our own engine, the whole of it where there
 * is a master playlist; anything else by streamlink itself.
 */
export function chooseStream(page: string, { streams }: StreamlinkPage, quality: Quality): SourceInput {
  const formats = Object.entries(streams).map(([name, stream]) => formatOf(name, stream));
  const found = chooseFormat(formats.filter(isHls), quality);
  if (found) return { ...found, quality };
  return { url: page, headers: {}, protocol: 'http', quality, engine: 'streamlink' };
}

const isHls = ({ protocol }: Format) => protocol === 'm3u8';

function formatOf(name: string, { type, url, master, headers }: StreamlinkStream): Format {
  const height = Number(/^(\d+)p/.exec(name)?.[1]);
  const address = master ?? url ?? '';
  const sent = sentHeaders(headers);
  return {
    url: address,
    protocol: type === 'hls' && address ? 'm3u8' : type,
    ...(height ? { height } : {}),
    // "best" and "worst" are other names of the same.
    ...(name.startsWith('audio') ? { vcodec: 'none' } : {}),
    // They were made for the variant, and a master elsewhere is not to get its cookies.
    http_headers: master && url ? headersAt(address, { url, headers: sent }) : sent,
  };
}

/** What makes the site answer; the rest is between streamlink and its server. */
function sentHeaders(headers: Record<string, string>): Record<string, string> {
  const wanted = ['user-agent', 'referer', 'origin', 'authorization', 'cookie'];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => wanted.includes(name.toLowerCase())));
}
