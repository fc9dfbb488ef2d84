/** A text in pieces of at most `maxChars`, cut at line ends where there are any, else at words, never in a letter. */
export function splitText(text: string, maxChars: number): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > maxChars) {
    const at = cutPoint(rest, maxChars);
    pieces.push(rest.slice(0, at).trimEnd());
    rest = rest.slice(at).trimStart();
  }
  return [...pieces, rest].filter((piece) => piece !== '');
}

function cutPoint(text: string, maxChars: number): number {
  const head = text.slice(0, maxChars);
  for (const mark of ['\n', ' ']) {
    const at = head.lastIndexOf(mark);
    if (at > maxChars / 2) return at;
  }
  // Half a surrogate pair is no letter.
  return /[\uD800-\uDBFF]$/.test(head) ? maxChars - 1 : maxChars;
}
