/** What happened when, in one run. */
export type TimeLine = {
  note(text: string, at?: number): void;
  /** In order of time, in seconds since the run began. */
  lines(): string[];
};

/** An empty one that begins now. */
export function createTimeLine(): TimeLine {
  const startedAt = Date.now();
  const notes: { at: number; text: string }[] = [];
  return {
    note: (text, at = Date.now()) => void notes.push({ at, text }),
    lines: () =>
      notes
        .sort((a, b) => a.at - b.at)
        .map(({ at, text }) => `${((at - startedAt) / 1000).toFixed(3).padStart(8)}  ${text}`),
  };
}
