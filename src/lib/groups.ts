/** Process groups of our children: each child leads one, so that what it starts ends with it. */

/** From the first signal to the last: INT lets ffmpeg finish its file. */
const termAfterMs = 3_000;
const killAfterMs = 5_000;

const groups = new Set<number>();
process.on('exit', killAllChildren);

/** Kills every child's process group at once; runs at exit so that no child outlives its worker. */
export function killAllChildren(): void {
  for (const pid of groups) signalGroup(pid, 'SIGKILL');
}

/** Takes note of a group that must not outlive this process. */
export function rememberGroup(pid: number | undefined): void {
  if (pid !== undefined) groups.add(pid);
}

/** Whether the group's leader still runs. */
export const isGroup = (pid: number): boolean => groups.has(pid);

/** The leader is gone. `wasEnded`: a leader that obeyed may leave children that did not (yt-dlp and its ffmpeg). */
export function forgetGroup(pid: number | undefined, wasEnded: boolean): void {
  if (pid === undefined) return;
  if (wasEnded) signalGroup(pid, 'SIGKILL');
  groups.delete(pid);
}

/** INT, TERM after 3 s, KILL after 8 s, to the whole group, until `child` settles. */
export function endGroup(pid: number | undefined, child: PromiseLike<unknown>): void {
  if (pid === undefined) return;
  signalGroup(pid, 'SIGINT');
  const timers = [
    setTimeout(() => signalGroup(pid, 'SIGTERM'), termAfterMs),
    setTimeout(() => signalGroup(pid, 'SIGKILL'), termAfterMs + killAfterMs),
  ];
  const done = () => timers.forEach(clearTimeout);
  child.then(done, done);
}

/** INT to the whole group, and nothing after it. */
export const interruptGroup = (pid: number): void => signalGroup(pid, 'SIGINT');

/** KILL to the whole group at once. */
export const killGroup = (pid: number): void => signalGroup(pid, 'SIGKILL');

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}
