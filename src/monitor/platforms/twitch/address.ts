const hosts = new Set(['twitch.tv', 'www.twitch.tv', 'm.twitch.tv', 'go.twitch.tv']);

/**
 * First words of paths that are pages of the site, not channels. Source: what www.twitch.tv links to, 2025; a page that is
 * missing here is an unknown channel to the API, and said so.
 */
const pages = new Set(
  'activate clip clips collections creatorcamp directory downloads drops embed event inventory jobs legal login moderator p popout prime products search settings signup store subscriptions team turbo u videos wallet'.split(
    ' ',
  ),
);

/** Second words of paths that name something recorded, which is no live stream. */
const recordings = new Set(['b', 'c', 'clip', 'v', 'video']);

/** Source: https://help.twitch.tv/s/article/creating-an-account-with-twitch (4 to 25); old accounts are shorter. */
const login = /^[a-z0-9_]{1,25}$/;

/** The channel a Twitch URL names, by its login in lower case; undefined for every other page. */
export function matchTwitch(url: URL): { channel: string; url: string } | undefined {
  if (!['http:', 'https:'].includes(url.protocol) || !hosts.has(url.hostname)) return undefined;
  const [first = '', second = ''] = url.pathname.toLowerCase().split('/').slice(1);
  if (!login.test(first) || pages.has(first) || recordings.has(second)) return undefined;
  return { channel: first, url: `https://www.twitch.tv/${first}` };
}
