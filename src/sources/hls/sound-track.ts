import type { Codecs } from '../../core/model.ts';
import type { ClosedSegment } from '../../core/ports.ts';
import { unwrap } from '../../media/ts.ts';
import { codecsOf } from './codecs.ts';
import { createGrouper, endTicks, goesOn, startTicks } from './grouper.ts';
import type { Prefetched } from './prefetch.ts';
import type { GoodSegment } from './segments.ts';
import type { Missing } from './window.ts';
import { writeInit } from './write-init.ts';

/** Collects the sound that lies apart into Segments of track 1, each closed together with one of the pictures. */
export function createSoundTrack(dir: string) {
  const grouper = createGrouper(dir, Number.POSITIVE_INFINITY, 1);
  let codecs: Codecs | undefined;
  let before: GoodSegment | undefined;
  let waiting: { fetched: GoodSegment; playlist: string }[] = [];

  return {
    /** Takes what came; gives what is missing of it. */
    hear(heard: Prefetched[]): Missing[] {
      const missing: Missing[] = [];
      for (const { found, fetched } of heard) {
        if (found.missing) missing.push(found.missing);
        if (fetched.isOk) {
          codecs = codecsOf(fetched.facts, fetched.init, codecs);
          waiting.push({ fetched, playlist: found.playlist });
        } else {
          missing.push({ lengthMs: found.segment.durationMs, cause: fetched.cause, detail: fetched.detail });
        }
      }
      // A break that is left out is told with the pictures; and what is not known to be missing is no news.
      const told = missing.filter(({ cause, lengthMs }) => cause !== 'ad_break' && lengthMs > 0);
      return told.map((each) => ({ ...each, detail: `sound: ${each.detail ?? each.cause}` }));
    },
    /** Undefined before the first sound. */
    codecs: () => codecs,
    async writeInit(): Promise<{ audioInitPath?: string }> {
      const init = (waiting.at(-1)?.fetched ?? before)?.init;
      return init ? { audioInitPath: await writeInit(dir, init) } : {};
    },
    /** Writes what was heard into the Segment that is open, or a new one. */
    async append(pictures: GoodSegment, startsRun: boolean): Promise<void> {
      // What was heard before the pictures began (again) belongs to none of them.
      if (startsRun) waiting = waiting.filter(({ fetched }) => !isOver(fetched, pictures));
      for (const { fetched, playlist } of waiting) {
        await grouper.append(fetched, { playlist, startsRun: startsRun || !before || !goesOn(before, fetched) });
        before = fetched;
      }
      waiting = [];
    },
    close: (): Promise<ClosedSegment | undefined> => grouper.close(),
  };
}

/** More than this before the pictures is another clock. */
const sameClockTicks = 300 * 90_000;

function isOver(sound: GoodSegment, pictures: GoodSegment): boolean {
  const [end, start] = [endTicks(sound), startTicks(pictures)];
  if (end === undefined || start === undefined) return false;
  const behind = start - unwrap(end, start);
  return behind >= 0 && behind < sameClockTicks;
}
