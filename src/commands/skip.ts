import { leaveOut, type skipKinds } from '../advance.ts';
import { UserError } from '../core/errors.ts';
import { textOf } from '../core/text/text.ts';
import { type Command, pickDeliveries, postIdOf } from './context.ts';

/** `/skip ID [post|comment]`: goes on without what failed, or what may or may not stand. */
export const skip: Command = async (app, ctx, args) => {
  const picked = await pickDeliveries(app, ctx, String(args.id), false);
  const choice = { only: args.only as (typeof skipKinds)[number] | undefined, postId: postIdOf(args) };
  const done = await Promise.all(picked.map(({ delivery }) => leaveOut(app, delivery.id, choice)));
  const id = `s${picked[0]?.session.id}`;
  if (!done.some(Boolean)) throw new UserError('nothing_to_skip', { id });
  return { text: textOf(ctx.language).replies.leftOut(id) };
};
