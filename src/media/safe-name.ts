/** A name from outside as part of a key: `[a-z0-9-]`, at most `max` characters; `stream` where nothing is left. */
export function slug(text: string, max = 60): string {
  const ascii = text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-');
  return ascii.slice(0, max).replace(/^-+|-+$/g, '') || 'stream';
}

/** Name of a Part's file: `title-2026-11-21-p007.mp4`, `[A-Za-z0-9._-]` only (Telegram's multipart reader cuts at others). */
export function fileName(title: string, date: Date, index: number): string {
  return `${slug(title, 48)}-${date.toISOString().slice(0, 10)}-p${String(index).padStart(3, '0')}.mp4`;
}
