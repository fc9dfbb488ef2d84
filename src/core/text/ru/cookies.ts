import type { cookies as en } from '../en/cookies.ts';

/** What `/cookies` answers. */
export const cookies: typeof en = {
  kept: ({ site, count, until }) => `${site}: cookies — ${count}${until ? `, до ${until}` : ', без срока'}.`,
  isKept: 'Сохранено в зашифрованном виде; с этого момента действует для сайтов:',
  badLines: (lines) => `Не разобраны и пропущены строки: ${lines}.`,
  hidden: 'Ваше сообщение удалено: в нём секреты.',
  notHidden: 'Удалите своё сообщение сами: в нём секреты, а мне это не разрешено.',
  none: 'Cookies не сохранены. Если сайт требует входа, выгрузите их из браузера, где вход выполнен (расширение «cookies.txt», формат Netscape), и пришлите файл сюда.',
  list: 'Cookies сохранены для этих сайтов. Пришлите новый файл, чтобы обновить их; /cookies remove САЙТ — чтобы забыть.',
  removed: (site) => `Cookies сайта ${site} забыты.`,
};
