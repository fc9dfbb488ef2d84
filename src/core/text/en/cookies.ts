/** Cookies of one site; `until` is a date. */
export type Kept = { site: string; count: number; until: string | undefined };

/** What `/cookies` answers. */
export const cookies = {
  kept: ({ site, count, until }: Kept) =>
    `${site}: ${count} ${count === 1 ? 'cookie' : 'cookies'}${until ? `, until ${until}` : ', without an end'}.`,
  isKept: 'Kept, encrypted; used for these sites from now on:',
  badLines: (lines: string) => `Not understood and left out: line ${lines}.`,
  hidden: 'I removed your message, for it holds secrets.',
  notHidden: 'Remove your message yourself: it holds secrets, and I may not remove it.',
  none: 'No cookies are kept. Where a site wants a login, export them from a browser that is logged in (a "cookies.txt" extension, Netscape format) and send the file here.',
  list: 'Cookies are kept for these sites. Send a newer file to renew them, /cookies remove SITE to forget them.',
  removed: (site: string) => `The cookies of ${site} are forgotten.`,
};
