import type { SegmentRow, TakeRow } from '../db/segments.ts';
import type { Material } from '../media/remux.ts';
import type { OpenFile, Run } from '../media/restamp.ts';

type Row = { segment: SegmentRow; take: TakeRow };
type Opener = (key: string) => ReturnType<OpenFile>;
/** Sequences of the pictures of a Run, both ends included. */
type Stretch = { takeId: number; from: number; to: number; run: Run };

/** Sound that lies apart may stand so many Segments away from its pictures: it is not cut where they are. */
export const soundReach = 2;

/**
 * Segments, in order, as what becomes one file. Only what decodes like the first of them can stand in one file, and
 * what is withheld stands in none.
 *
 * @param rows with `soundReach` Segments more at both ends, whose sound may be heard inside
 * @param open opens a file of Storage by its key
 */
export function toMaterial(rows: Row[], range: { from: number; to?: number }, open: Opener): Material {
  const { from, to = Number.POSITIVE_INFINITY } = range;
  const usable = rows.filter(({ take }) => take.withheldReason === null);
  const pictures = usable.filter(
    ({ segment }) => segment.track === 0 && segment.mediaSequence >= from && segment.mediaSequence <= to,
  );
  const [first] = pictures;
  if (!first) return { runs: [] };
  const stretches = stretchesOf(
    pictures.filter(({ take }) => isAlike(take, first.take)),
    open,
  );
  const runs = stretches.map(({ run }) => run);
  const { initKey, codecs } = first.take;
  if (codecs.container === 'aac') return { runs, isPacked: true };
  const sound = soundOf(usable, { stretches, take: first.take, open });
  return { runs, ...(initKey ? { openInit: () => open(initKey) } : {}), ...(sound ? { sound } : {}) };
}

function isAlike({ codecs }: TakeRow, { codecs: other }: TakeRow): boolean {
  return (
    codecs.container === other.container &&
    codecs.init === other.init &&
    codecs.audioInit === other.audioInit &&
    codecs.audioContainer === other.audioContainer
  );
}

function stretchesOf(pictures: Row[], open: Opener): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { segment, take } of pictures) {
    const before = stretches.at(-1);
    const { mediaSequence } = segment;
    if (!before || segment.startsRun || take.id !== before.takeId)
      stretches.push({ takeId: take.id, from: mediaSequence, to: mediaSequence, run: { files: [] } });
    const stretch = stretches.at(-1);
    stretch?.run.files.push(() => open(segment.key));
    if (stretch) stretch.to = mediaSequence;
  }
  return stretches;
}

function soundOf(
  rows: Row[],
  { stretches, take, open }: { stretches: Stretch[]; take: TakeRow; open: Opener },
): Material['sound'] {
  const { audioContainer, audio } = take.codecs;
  const sounds = rows.filter(({ segment }) => segment.track === 1).map(({ segment }) => segment);
  if (!audioContainer || sounds.length === 0) return undefined;
  // What is not cut into frames must not be heard twice.
  const isUncut = audioContainer === 'ts' && audio !== 'aac';
  const runs = stretches.map((stretch) => {
    const heard = soundBeside(stretch, sounds, isUncut ? 0 : soundReach);
    return {
      files: heard.map(
        ({ key }) =>
          () =>
            open(key),
      ),
    };
  });
  const { audioInitKey } = take;
  return { runs, isUncut, ...(audioInitKey ? { openInit: () => open(audioInitKey) } : {}) };
}

/** The sound of a stretch, and what is next to it as far as its timestamps go on. */
function soundBeside({ takeId, from, to }: Stretch, sounds: SegmentRow[], reach: number): SegmentRow[] {
  const mine = sounds.filter((sound) => sound.takeId === takeId);
  const at = (sequence: number) => mine.find(({ mediaSequence }) => mediaSequence === sequence);
  let [begin, end] = [from, to];
  while (from - begin < reach && at(begin)?.startsRun !== true) begin--;
  while (end - to < reach && at(end + 1)?.startsRun !== true) end++;
  return mine.filter(({ mediaSequence }) => mediaSequence >= begin && mediaSequence <= end);
}
