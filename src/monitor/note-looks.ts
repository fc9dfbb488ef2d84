import type { StreamStatus } from '../core/ports.ts';
import { addLooks, findChecks, type UnsavedLooks, writeChecks } from '../db/checks.ts';
import type { Database } from '../db/client.ts';
import type { Run, Watched } from './watched.ts';

/** Looks that changed nothing are written down at least this often … */
const saveEveryMs = 600_000;
/** … and while it is live, when others ask whether it still is. */
const saveLiveEveryMs = 60_000;
/** More rows in one UPDATE would hold up others. */
const rowsAtOnce = 1000;

/** The last row of each Stream, so that a new monitor counts on where the one before ended. */
export async function findLastRuns(db: Database, streamIds: number[]): Promise<Map<number, Run>> {
  const now = performance.now();
  const found = await findChecks(db, streamIds, 1);
  return new Map(
    [...found].flatMap(([streamId, [row]]) =>
      row ? [[streamId, { ...row, unsavedCount: 0, lastAt: now, savedAt: now }]] : [],
    ),
  );
}

/**
 * Notes one answer for each Stream: an equal one is only counted, a new one gets its row before anything is made of it,
 * and the row before it its true end.
 */
export async function noteLooks(db: Database, list: { watched: Watched; status: StreamStatus }[]): Promise<void> {
  const now = performance.now();
  const answers = list.map(({ watched, status: { state, reason = null } }) => ({ watched, state, reason }));
  const isSame = ({ run }: Watched, { state, reason }: Pick<Run, 'state' | 'reason'>) =>
    run !== undefined && run.state === state && run.reason === reason;
  const changed = answers.filter((answer) => !isSame(answer.watched, answer));
  const ids = await writeChecks(
    db,
    changed.map(({ watched, state, reason }) => ({ streamId: watched.stream.id, state, reason })),
    changed.flatMap(({ watched }) => unsaved(watched, now)),
  );
  for (const { watched, state, reason } of answers) {
    const id = ids.get(watched.stream.id);
    if (id !== undefined) watched.run = { id, state, reason, unsavedCount: 0, lastAt: now, savedAt: now };
    else if (watched.run) Object.assign(watched.run, { unsavedCount: watched.run.unsavedCount + 1, lastAt: now });
  }
}

function unsaved({ run }: Watched, now: number): UnsavedLooks[] {
  if (!run || run.unsavedCount === 0) return [];
  return [{ id: run.id, count: run.unsavedCount, ageMs: now - run.lastAt }];
}

/** Writes down what was only counted, of Streams where that was not done for a while. */
export function saveDueLooks(db: Database, list: Watched[]): Promise<void> {
  const now = performance.now();
  const isDue = ({ run }: Watched) =>
    run !== undefined && now - run.savedAt >= (run.state === 'live' ? saveLiveEveryMs : saveEveryMs);
  return saveLooks(db, list.filter(isDue));
}

/** Writes down what was only counted. */
export async function saveLooks(db: Database, list: Watched[]): Promise<void> {
  for (let from = 0; from < list.length; from += rowsAtOnce) {
    const now = performance.now();
    const chunk = list.slice(from, from + rowsAtOnce);
    const looks = chunk.flatMap((watched) => unsaved(watched, now).map((look) => ({ look, run: watched.run })));
    await addLooks(
      db,
      looks.map(({ look }) => look),
    );
    // More may have been counted meanwhile.
    for (const { look, run } of looks)
      if (run) Object.assign(run, { unsavedCount: run.unsavedCount - look.count, savedAt: now });
  }
}
