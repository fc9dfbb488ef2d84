import { TemporaryError } from '../../core/errors.ts';
import type { SourceInput } from '../../core/ports.ts';
import type { CookieHeaders } from '../../lib/cookie-headers.ts';
import { fetchText, HttpStatusError, headersAt, type InputHeaders } from '../../lib/net.ts';
import { mergeSkipped } from './delta.ts';
import { type MediaPlaylist, parsePlaylist, pickVariant, playlistIdentity, type Variant } from './playlist.ts';

export type AskOptions = {
  signal: AbortSignal;
  allowPrivate: boolean;
  cookies?: CookieHeaders | undefined;
  /** Of a master the pictures (or all in one) are followed, or the sound that lies apart from them. */
  track?: 'pictures' | 'sound';
  /** Hears of the variant that is followed. */
  onChosen?: (variant: Variant) => void;
};

/** One answer of a media playlist. `input`: its Media Segments are asked for with these headers. */
export type Asked = { text: string; playlist: MediaPlaylist; identity: string; input: InputHeaders };

/** Asks for one rendition, wherever it lies by now. */
export type Asking = {
  /** Asks once. @throws TemporaryError to ask again, UserError where that is in vain */
  ask(): Promise<Asked>;
  /** Has the input resolved anew, at most every 8 s. @returns whether it was */
  renew(): Promise<boolean>;
};

const requestTimeoutMs = 8_000;
const renewPauseMs = 8_000;
/** A variant that fails for this long is looked for in its master again: it may have moved or be gone. */
const lostVariantMs = 6_000;

/**
 * A master is resolved to the media playlist of its variant, which is asked from then on; a signed address that is
 * refused is resolved anew.
 */
export function createAsking(first: SourceInput, options: AskOptions): Asking {
  let input = first;
  let url = input.url;
  let last: Asked | undefined;
  let renewedAt = Number.NEGATIVE_INFINITY;
  let failingSince: number | undefined;
  /** The variant that failed, while another may be had. */
  let lost: string | undefined;

  const fetch = (address: string) =>
    fetchText(address, { ...options, headers: headersAt(address, input), timeoutMs: requestTimeoutMs });

  const pick = async (variants: Variant[]): Promise<Asked> => {
    const others = variants.filter((variant) => variant.url !== lost);
    const chosen = pickVariant(others.length > 0 ? others : variants, input.quality);
    const address = options.track === 'sound' ? chosen.audioUrl : chosen.url;
    if (!address) throw new TemporaryError('bad_playlist', { detail: 'no separate sound any more' });
    const { text, finalUrl } = await fetch(address);
    const found = parsePlaylist(text, finalUrl);
    if (found.kind === 'master') throw new TemporaryError('bad_playlist', { detail: 'a master inside a master' });
    options.onChosen?.(chosen);
    url = address;
    lost = undefined;
    return { text, playlist: found.playlist, identity: playlistIdentity(url), input };
  };

  const askOnce = async (): Promise<Asked> => {
    const { text, finalUrl } = await fetch(url);
    if (last && text === last.text) return last;
    const parsed = parsePlaylist(text, finalUrl);
    if (parsed.kind === 'master') return pick(parsed.variants);
    const playlist = mergeSkipped(text, parsed.playlist, last?.playlist);
    return { text, playlist, identity: playlistIdentity(url), input };
  };

  const renew = async (): Promise<boolean> => {
    if (!first.renew || performance.now() - renewedAt < renewPauseMs) return false;
    renewedAt = performance.now();
    const fresh = await first.renew(options.signal);
    if (fresh.protocol !== 'hls') throw new TemporaryError('source_lost', { detail: `it became ${fresh.protocol}` });
    input = fresh;
    ({ url } = fresh);
    last = undefined;
    return true;
  };

  const noteFailure = (error: unknown): void => {
    failingSince ??= performance.now();
    if (url === input.url || performance.now() - failingSince < lostVariantMs) return;
    // A server in trouble says 5xx: then the variant is still the right one.
    lost = isGone(error) ? url : undefined;
    ({ url } = input);
    failingSince = undefined;
  };

  return {
    async ask() {
      try {
        last = await askOnce().catch(async (error) => {
          if (!isRefused(error) || !(await renew())) throw error;
          return askOnce();
        });
        failingSince = undefined;
        return last;
      } catch (error) {
        noteFailure(error);
        throw error;
      }
    },
    renew,
  };
}

/** How servers answer to a signature that ran out. Source: RFC 9110 §15.5; Google, Akamai and CloudFront say 403. */
export function isRefused(error: unknown): boolean {
  return error instanceof HttpStatusError && [401, 403, 410].includes(error.status);
}

const isGone = (error: unknown) => isRefused(error) || (error instanceof HttpStatusError && error.status === 404);
