import type { Codecs } from '../../core/model.ts';
import type { MediaFacts } from '../../media/facts.ts';
import type { Init } from '../../media/fmp4-init.ts';

/** The codec parameters a Media Segment shows; what it does not show (no SPS inside) is taken from the one before. */
export function codecsOf(
  { video, audio, width, height, sampleRate, isPacked }: MediaFacts,
  init: Init | undefined,
  before: Codecs | undefined,
): Codecs {
  return {
    container: init ? 'fmp4' : isPacked ? 'aac' : 'ts',
    ...(video ? { video, width: width ?? before?.width, height: height ?? before?.height } : {}),
    ...(audio ? { audio, sampleRate: sampleRate ?? before?.sampleRate } : {}),
    ...(init ? { init: init.identity } : {}),
  };
}

/** Pictures and the sound that lies apart from them as one set. */
export function withSound(pictures: Codecs, sound: Codecs | undefined): Codecs {
  if (pictures.audio || !sound?.audio) return pictures;
  const { audio, sampleRate, container, init } = sound;
  return { ...pictures, audio, sampleRate, audioContainer: container, ...(init ? { audioInit: init } : {}) };
}

/** Whether Media Segments of both can stand in one Take; what is not known of one does not differ. */
export function isSameCodecs(a: Codecs, b: Codecs): boolean {
  const isSame = (x: number | undefined, y: number | undefined) => x === undefined || y === undefined || x === y;
  return (
    a.container === b.container &&
    a.init === b.init &&
    a.audioContainer === b.audioContainer &&
    a.audioInit === b.audioInit &&
    a.video === b.video &&
    a.audio === b.audio &&
    isSame(a.width, b.width) &&
    isSame(a.height, b.height) &&
    isSame(a.sampleRate, b.sampleRate)
  );
}
