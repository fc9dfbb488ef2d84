import type { Codecs } from '../../core/model.ts';
import type { MediaFacts } from '../../media/facts.ts';
import type { Init } from '../../media/fmp4-init.ts';

/** The codec parameters a Media Segment shows; what it does not show (no SPS inside) is taken from the one before. */
export function codecsOf(
  { video, audio, width, height, sampleRate }: MediaFacts,
  init: Init | undefined,
  before: Codecs | undefined,
): Codecs {
  return {
    container: init ? 'fmp4' : 'ts',
    ...(video ? { video, width: width ?? before?.width, height: height ?? before?.height } : {}),
    ...(audio ? { audio, sampleRate: sampleRate ?? before?.sampleRate } : {}),
    ...(init ? { init: init.identity } : {}),
  };
}

/** Whether Media Segments of both can stand in one Take; what is not known of one does not differ. */
export function isSameCodecs(a: Codecs, b: Codecs): boolean {
  const isSame = (x: number | undefined, y: number | undefined) => x === undefined || y === undefined || x === y;
  return (
    a.container === b.container &&
    a.init === b.init &&
    a.video === b.video &&
    a.audio === b.audio &&
    isSame(a.width, b.width) &&
    isSame(a.height, b.height) &&
    isSame(a.sampleRate, b.sampleRate)
  );
}
