import { cancelDelivery, closeWindows } from '../advance.ts';
import { UserError } from '../core/errors.ts';
import { textOf } from '../core/text/text.ts';
import { type ChatDelivery, type Command, pickDeliveries } from './context.ts';

const sessionsOf = (rows: ChatDelivery[]) => [...new Set(rows.map(({ session }) => `s${session.id}`))].join(', ');

const optional = (value: string | number | undefined) => (value === undefined ? undefined : String(value));

/** `/stop [id]`: closes this chat's windows; what is recorded is posted. Others' recordings go on. */
export const stop: Command = async (app, ctx, args) => {
  const picked = await pickDeliveries(app, ctx, optional(args.id), true);
  const ids = picked.map(({ delivery }) => delivery.id);
  await closeWindows(app, ids, 'stopped');
  return { text: textOf(ctx.language).replies.stopping(sessionsOf(picked)) };
};

/** `/cancel [id]`: ends it without posting; files stay. */
export const cancel: Command = async (app, ctx, args) => {
  const picked = await pickDeliveries(app, ctx, optional(args.id), args.id === undefined);
  const done = await Promise.all(picked.map(({ delivery }) => cancelDelivery(app, delivery.id)));
  const id = sessionsOf(picked);
  if (!done.some(Boolean)) throw new UserError('nothing_to_cancel', { id });
  return { text: textOf(ctx.language).replies.cancelled(id) };
};
