import { retryDelivery, type retryKinds } from '../advance.ts';
import { UserError } from '../core/errors.ts';
import { textOf } from '../core/text/text.ts';
import { findAsked } from '../db/troubles.ts';
import { type Command, pickDeliveries, postIdOf } from './context.ts';
import { asQuestion } from './question.ts';

/** `/retry ID [upload|post|comment]`: tries again what failed for good. */
export const retry: Command = async (app, ctx, args) => {
  const picked = await pickDeliveries(app, ctx, String(args.id), false);
  const choice = { only: args.only as (typeof retryKinds)[number] | undefined, postId: postIdOf(args) };
  const ids = picked.map(({ delivery }) => delivery.id);
  const done = await Promise.all(ids.map((id) => retryDelivery(app, id, choice)));
  const id = `s${picked[0]?.session.id}`;
  if (done.some(Boolean)) return { text: textOf(ctx.language).replies.retrying(id) };
  const [asked] = await findAsked(app.db, ids);
  throw asked ? asQuestion(asked) : new UserError('nothing_to_retry', { id });
};
