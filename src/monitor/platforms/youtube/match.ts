/** What a YouTube address names: its canonical URL, and the video where it is one video and not a channel. */
export type YoutubeMatch = { channel: string; url: string; videoId?: string };

const hosts = new Set(['youtube.com', 'www.youtube.com', 'm.youtube.com']);
/** Source: https://support.google.com/youtube/answer/6180214 and yt-dlp's patterns of video and channel ids. */
const videoPattern = /^[\w-]{11}$/;
const channelPattern = /^UC[\w-]{22}$/;
/** First words of addresses that are no channel's old custom name (youtube.com/name). */
const ownPages = new Set(
  'about account ads clip creators c channel e feed gaming hashtag howyoutubeworks kids live logout movies music oembed playlist post premium redirect results s shorts signin sports t trending tv upload user v watch'.split(
    ' ',
  ),
);

/**
 * The Stream of a channel (`/@handle`, `/channel/UC…`, `/c/name`, `/user/name`, `/name`) or of one video. Handles and
 * names do not mind case, nor whether other letters than ASCII are percent-encoded; ids do.
 *
 * @param root address of YouTube without a slash at its end, which canonical URLs begin with
 */
export function matchYoutube(url: URL, root: string): YoutubeMatch | undefined {
  const parts = url.pathname.split('/').filter(Boolean).map(decoded);
  const [first = '', second = ''] = parts;
  if (url.hostname === 'youtu.be') return videoOf(first, root);
  if (!hosts.has(url.hostname) && url.host !== new URL(root).host) return undefined;
  if (first === 'watch') return videoOf(url.searchParams.get('v') ?? '', root);
  if (first === 'embed' && second === 'live_stream') return idOf(url.searchParams.get('channel') ?? '', root);
  if (['live', 'embed', 'v'].includes(first)) return videoOf(second, root);
  if (first === 'channel') return idOf(second, root);
  if (first === 'c' || first === 'user') return named(`${first}/`, second, root);
  if (first.startsWith('@')) return named('@', first.slice(1), root);
  return ownPages.has(first.toLowerCase()) || first.includes('.') ? undefined : named('c/', first, root);
}

function videoOf(videoId: string, root: string): YoutubeMatch | undefined {
  if (!videoPattern.test(videoId)) return undefined;
  return { channel: `video/${videoId}`, url: `${root}/watch?v=${videoId}`, videoId };
}

function idOf(channelId: string, root: string): YoutubeMatch | undefined {
  return channelPattern.test(channelId) ? { channel: channelId, url: `${root}/channel/${channelId}/live` } : undefined;
}

function named(prefix: string, name: string, root: string): YoutubeMatch | undefined {
  const plain = name.normalize('NFC').toLowerCase();
  if (plain === '') return undefined;
  return { channel: `${prefix}${plain}`, url: `${root}/${prefix}${encodeURIComponent(plain)}/live` };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
