import { guardedFetch } from '../../../lib/net.ts';
import { parseJson } from '../../../media/probe.ts';
import { type Player, playerSchema } from './player.ts';

/** What a page turned out to be; `channel`: it leads to no broadcast. `platformId`: id of the channel. */
export type Page =
  | { kind: 'player'; player: Player }
  | { kind: 'channel'; platformId?: string }
  | { kind: 'consent' | 'captcha' | 'unknown' };

/**
 * As a browser that has answered the question of consent. Source: yt-dlp's `youtube/_base.py` sets the same cookie; other
 * programs than browsers are shown other pages.
 */
const headers = {
  cookie: 'SOCS=CAI',
  'accept-language': 'en-US,en;q=0.9',
  'user-agent':
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
};
const timeoutMs = 15_000;
/** Longer than any page we know of; what is longer is another page. */
const mostChars = 2_000_000;

export type ReadOptions = { signal: AbortSignal; allowPrivate: boolean };

/**
 * Reads a page of YouTube until it is known what it is, and leaves the rest: half of a page is of no use here.
 *
 * @throws HttpStatusError, TemporaryError as `guardedFetch`
 */
export async function readPage(url: string, options: ReadOptions): Promise<Page> {
  const { body } = await guardedFetch(url, { ...options, headers, timeoutMs });
  const decoder = new TextDecoder();
  const look = pageReader();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const page = look(text);
    if (page) return page;
    if (text.length > mostChars) return { kind: 'unknown' };
  }
  // Of a whole page only: what others say about consent stands in any page.
  if (/action="https:\/\/consent\.(youtube|google)\.com\//.test(text)) return { kind: 'consent' };
  if (/id="captcha-form"|class="g-recaptcha"/.test(text)) return { kind: 'captcha' };
  return { kind: 'unknown' };
}

const playerMark = /ytInitialPlayerResponse\s*=\s*\{/g;
const canonicalMark = /<link rel="canonical" href="([^"]{1,500})"/g;
/** Longest a mark can be that is cut by the end of what has come so far. */
const markChars = 600;

/** A reader that is given the text so far, which only grows. */
export function pageReader(): (text: string) => Page | undefined {
  let searchedTo = 0;
  let findEnd: ((text: string) => number | undefined) | undefined;
  let playerFrom = 0;
  return (text) => {
    if (!findEnd) {
      const channel = channelOf(match(canonicalMark, text, searchedTo)?.[1]);
      if (channel) return channel;
      const player = match(playerMark, text, searchedTo);
      searchedTo = Math.max(0, text.length - markChars);
      if (!player) return undefined;
      playerFrom = player.index + player[0].length - 1;
      findEnd = objectEnd(playerFrom);
    }
    const to = findEnd(text);
    return to === undefined ? undefined : playerOf(text.slice(playerFrom, to));
  };
}

function match(pattern: RegExp, text: string, from: number): RegExpExecArray | null {
  pattern.lastIndex = from;
  return pattern.exec(text);
}

/** The page of a channel is what `/live` shows while nothing is live or announced. */
function channelOf(canonical: string | undefined): Page | undefined {
  const found = canonical && URL.canParse(canonical) ? /^\/(?:channel\/(UC[\w-]{22})|@|c\/|user\/)/ : undefined;
  const [isChannel, platformId] = (canonical && found?.exec(new URL(canonical).pathname)) || [];
  if (!isChannel) return undefined;
  return { kind: 'channel', ...(platformId ? { platformId } : {}) };
}

function playerOf(json: string): Page {
  const parsed = playerSchema.safeParse(parseJson(json));
  return parsed.success ? { kind: 'player', player: parsed.data } : { kind: 'unknown' };
}

/** Finds where the JSON object that begins at `from` ends (exclusive), going on where the text ended the last time. */
function objectEnd(from: number): (text: string) => number | undefined {
  let [at, depth, isQuoted] = [from, 0, false];
  return (text) => {
    for (; at < text.length; at++) {
      const letter = text[at];
      if (letter === '"') isQuoted = !isQuoted;
      // What follows a backslash is no mark, and may not have come yet.
      else if (letter === '\\') at++;
      else if (!isQuoted && letter === '{') depth++;
      else if (!isQuoted && letter === '}' && --depth === 0) return at + 1;
    }
    return undefined;
  };
}
