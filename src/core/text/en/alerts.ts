import { formatSize } from '../../duration.ts';
import type { ErrorValues as Values } from '../../errors.ts';

/** What operators are told by itself: one sentence or two, with what to do. */
export const alerts = {
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
