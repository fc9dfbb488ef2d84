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
