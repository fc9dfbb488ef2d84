import { formatSize } from '../duration.ts';
import type { Language } from '../model.ts';

type Values = Record<string, string | number>;

const en = {
  disk_low: ({ freeBytes }: Values) =>
    `The disk is nearly full (${formatSize(Number(freeBytes))} left). Recording goes on, but no new parts are made until there is room: remove files, or set RETENTION_DAYS.`,
  disk_full: () =>
    'The disk is full. Recording goes on: what is captured waits in the spool of its worker and is kept as soon as there is room. Remove files, or set RETENTION_DAYS.',
  monitor_failed: ({ platform }: Values) =>
    `${platform} cannot be looked at: its channels count as unknown, not as offline, and are asked again. The log has the reason.`,
  monitor_recovered: ({ platform }: Values) => `${platform} answers again.`,
  look_failed: ({ stream }: Values) =>
    `A look at ${stream} could not be used because of a fault in Aircheck. All others go on. The log has the reason.`,
  cookies_expire: ({ domain, date }: Values) =>
    `The cookies of ${domain} expire on ${date}. Export them anew and send the file with /cookies in a private chat.`,
  cookies_refused: ({ domain }: Values) =>
    `${domain} asks whether we are a robot although it has cookies. Export them anew from a browser that is logged in, and send the file with /cookies in a private chat.`,
  cookies_wanted: ({ domain }: Values) =>
    `${domain} asks whether we are a robot. Send cookies of a browser that is logged in there with /cookies in a private chat.`,
};
const ru: typeof en = {
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

/** What operators are told by itself: one sentence or two, with what to do. */
export const alerts: Record<Language, typeof en> = { en, ru };
export type AlertCode = keyof typeof en;
