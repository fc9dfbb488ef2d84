import { formatSize } from '../../duration.ts';
import type { alerts as en } from '../en/alerts.ts';

/** What operators are told by itself: one sentence or two, with what to do. */
export const alerts: typeof en = {
  disk_low: ({ freeBytes }) =>
    `Диск почти полон (осталось ${formatSize(Number(freeBytes))}). Запись идёт, но новые части не готовятся, пока нет места: удалите файлы или задайте RETENTION_DAYS.`,
  disk_full: () =>
    'Диск полон. Запись идёт: записанное ждёт в буфере своего воркера и сохранится, как только появится место. Удалите файлы или задайте RETENTION_DAYS.',
  monitor_failed: ({ platform }) =>
    `${platform} не отвечает: его каналы считаются неизвестными, а не офлайн, и опрашиваются снова. Причина в журнале.`,
  monitor_recovered: ({ platform }) => `${platform} снова отвечает.`,
  look_failed: ({ stream }) =>
    `Проверку ${stream} не удалось использовать из-за ошибки в Aircheck. Остальные продолжаются. Причина в журнале.`,
  cookies_expire: ({ domain, date }) =>
    `Cookies сайта ${domain} истекают ${date}. Выгрузите их заново и пришлите файл командой /cookies в личном чате.`,
  cookies_refused: ({ domain }) =>
    `${domain} спрашивает, не робот ли мы, хотя cookies есть. Выгрузите их заново из браузера, где выполнен вход, и пришлите файл командой /cookies в личном чате.`,
  cookies_wanted: ({ domain }) =>
    `${domain} спрашивает, не робот ли мы. Пришлите cookies браузера, где выполнен вход, командой /cookies в личном чате.`,
};
