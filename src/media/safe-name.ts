/** Russian letters as Latin ones, so that a title stays readable. */
const cyrillic: Record<string, string> = Object.fromEntries(
  'а=a б=b в=v г=g д=d е=e ё=e ж=zh з=z и=i й=y к=k л=l м=m н=n о=o п=p р=r с=s т=t у=u ф=f х=kh ц=ts ч=ch ш=sh щ=shch ы=y э=e ю=yu я=ya'
    .split(' ')
    .map((pair) => pair.split('=') as [string, string]),
);

/** A name from outside as part of a key: `[a-z0-9-]`, at most `max` characters; `stream` where nothing is left. */
export function slug(text: string, max = 60): string {
  const ascii = text
    .toLowerCase()
    .replace(/[а-яё]/g, (letter) => cyrillic[letter] ?? '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-');
  return ascii.slice(0, max).replace(/^-+|-+$/g, '') || 'stream';
}

/** Name of a Part's file: `title-2026-11-21-p007.mp4`, `[A-Za-z0-9._-]` only (Telegram's multipart reader cuts at others). */
export function fileName(title: string, date: Date, index: number): string {
  return `${slug(title, 48)}-${date.toISOString().slice(0, 10)}-p${String(index).padStart(3, '0')}.mp4`;
}
