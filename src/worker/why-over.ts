import { UserError } from '../core/errors.ts';

/** How a capture ended. `hasBegun`: something of the Rendition is kept; without `cause` the source said that it is over. */
export type Loss = {
  cause?: unknown;
  hasBegun: boolean;
  /** The Platform's word for an end is final. */
  isEndFinal: boolean;
  /** The other one of a pair may take over at any time. */
  isPaired: boolean;
};

/** Code of why nothing more is waited for; undefined where grace runs. */
export function whyOver({ cause, hasBegun, isEndFinal, isPaired }: Loss): string | undefined {
  if (cause instanceof UserError && isHopeless(cause.code, hasBegun)) return cause.code;
  // "Offline" and "not there" (a 404) may be a hiccup: an encoder that drops looks like it.
  const isEnded = cause === undefined || (cause instanceof UserError && cause.code === 'stream_ended');
  return isEnded && isEndFinal && !isPaired ? 'source_ended' : undefined;
}

/** What waiting will not mend: the Session ends at once and says why. */
const hopeless = new Set([
  'hls_drm',
  'hls_format_unsupported',
  'playlist_too_long',
  'protocol_unsupported',
  'codec_unsupported',
]);
/** What worked once may work again: one wrong answer of a name server, a program that is just being upgraded. */
const hopelessAtFirst = new Set(['address_refused', 'program_missing']);

const isHopeless = (code: string, hasBegun: boolean) => hopeless.has(code) || (!hasBegun && hopelessAtFirst.has(code));

/** The Platform says that it is live, and the servers of its media do not know yet. */
export function isNotThereYet(cause: unknown): boolean {
  if (cause instanceof UserError) return ['stream_offline', 'stream_removed'].includes(cause.code);
  return cause instanceof Error && 'status' in cause && cause.status === 404;
}
