import { shown } from '../core/command.ts';
import { UserError } from '../core/errors.ts';
import { formatInstant } from '../core/schedule-text.ts';
import { textOf } from '../core/text/text.ts';
import { readTimeZone } from '../core/week-window.ts';
import { findTimeZone, setTimeZone } from '../db/chat-settings.ts';
import type { Command } from './context.ts';

/** `/timezone [ZONE]`: the time zone that times of this chat are meant in; without a name it is shown. */
export const timezone: Command = async (app, ctx, args) => {
  const t = textOf(ctx.language).replies;
  const now = (zone: string) => formatInstant(new Date(), zone, ctx.language);
  if (args.zone === undefined) {
    const zone = await findTimeZone(app.db, ctx.chat);
    return { text: t.timeZoneIs(zone, now(zone)) };
  }
  const zone = readTimeZone(String(args.zone));
  if (zone === undefined) throw new UserError('bad_time_zone', { zone: shown(String(args.zone)) });
  const followed = await setTimeZone(app.db, ctx.chat, zone);
  const orders = followed.map((id) => `w${id}`).join(', ');
  return { text: t.timeZoneSet(zone, now(zone), orders) };
};
