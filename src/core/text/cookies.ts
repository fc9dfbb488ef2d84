import type { Language } from '../model.ts';

type Kept = { site: string; count: number; until: string | undefined };

const en = {
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
const ru: typeof en = {
  kept: ({ site, count, until }) => `${site}: cookies — ${count}${until ? `, до ${until}` : ', без срока'}.`,
  isKept: 'Сохранено в зашифрованном виде; с этого момента действует для сайтов:',
  badLines: (lines) => `Не разобраны и пропущены строки: ${lines}.`,
  hidden: 'Ваше сообщение удалено: в нём секреты.',
  notHidden: 'Удалите своё сообщение сами: в нём секреты, а мне это не разрешено.',
  none: 'Cookies не сохранены. Если сайт требует входа, выгрузите их из браузера, где вход выполнен (расширение «cookies.txt», формат Netscape), и пришлите файл сюда.',
  list: 'Cookies сохранены для этих сайтов. Пришлите новый файл, чтобы обновить их; /cookies remove САЙТ — чтобы забыть.',
  removed: (site) => `Cookies сайта ${site} забыты.`,
};

/** What `/cookies` answers. */
export const cookieTexts: Record<Language, typeof en> = { en, ru };
