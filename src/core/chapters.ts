/** What a broadcast was called from a point of its media time on. */
export type Chapter = { atMs: number; title?: string | null; category?: string | null };

/** A chapter as it is shown: `Title · Category`; empty where neither is known. */
export function chapterName({ title, category }: Chapter): string {
  return [title, category].filter(Boolean).join(' · ');
}

/**
 * The chapters of a recording of this length, from what it was called when, in order. The first begins at 0; what was
 * called so for less than a second, or only after the end, is none.
 */
export function listChapters(called: Chapter[], lengthMs: number): Chapter[] {
  const chapters: Chapter[] = [];
  for (const chapter of called) {
    const last = chapters.at(-1);
    if (chapterName(chapter) === '' || (last && chapter.atMs >= lengthMs)) continue;
    const at = { ...chapter, atMs: last ? chapter.atMs : 0 };
    if (last && Math.floor(last.atMs / 1000) === Math.floor(at.atMs / 1000)) {
      chapters[chapters.length - 1] = { ...at, atMs: last.atMs };
    } else chapters.push(at);
  }
  return chapters.filter((chapter, index) => chapterName(chapter) !== chapterName(chapters[index - 1] ?? { atMs: 0 }));
}

/** When a broadcast was given another title, in order: from what it was called when. A first title is no change. */
export function listRenames(called: { at: Date; title: string | null }[]): Date[] {
  let title: string | null = null;
  return called.flatMap((chapter) => {
    if (chapter.title === null || chapter.title === title) return [];
    const isFirst = title === null;
    title = chapter.title;
    return isFirst ? [] : [chapter.at];
  });
}

/**
 * For each Segment, in order, how many titles a recording had had when it was kept; one that no Part may begin with has
 * that of the one before.
 */
export function countTitles(segments: { keptAt: Date; isIndependent: boolean }[], renamedAt: Date[]): number[] {
  const counts: number[] = [];
  for (const { keptAt, isIndependent } of segments) {
    const before = counts.at(-1);
    const count = renamedAt.filter((at) => at <= keptAt).length;
    counts.push(before === undefined || isIndependent ? count : before);
  }
  return counts;
}
