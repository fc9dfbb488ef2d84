import { releaseWithheld, retryDelivery, type retryKinds } from '../advance.ts';
import type { App } from '../app.ts';
import { formatDuration } from '../core/duration.ts';
import { UserError } from '../core/errors.ts';
import type { ChatReply } from '../core/ports.ts';
import { textOf } from '../core/text/text.ts';
import { findAsked } from '../db/troubles.ts';
import { type ChatDelivery, type Command, type CommandContext, pickDeliveries, postIdOf } from './context.ts';
import { asQuestion } from './question.ts';

/** `/retry ID [upload|post|comment]`: tries again what failed for good; `withheld`: posts what was taken for a repetition. */
export const retry: Command = async (app, ctx, args) => {
  const picked = await pickDeliveries(app, ctx, String(args.id), false);
  if (args.only === 'withheld') return postWithheld(app, ctx, picked);
  const choice = { only: args.only as (typeof retryKinds)[number] | undefined, postId: postIdOf(args) };
  const ids = picked.map(({ delivery }) => delivery.id);
  const done = await Promise.all(ids.map((id) => retryDelivery(app, id, choice)));
  const id = `s${picked[0]?.session.id}`;
  if (done.some(Boolean)) return { text: textOf(ctx.language).replies.retrying(id) };
  const [asked] = await findAsked(app.db, ids);
  throw asked ? asQuestion(asked) : new UserError('nothing_to_retry', { id });
};

async function postWithheld(app: App, ctx: CommandContext, picked: ChatDelivery[]): Promise<ChatReply> {
  const id = `s${picked[0]?.session.id}`;
  const renditionIds = [...new Set(picked.map(({ delivery }) => delivery.renditionId))];
  const deliveryIds = picked.map(({ delivery }) => delivery.id);
  let lengthMs = 0;
  for (const renditionId of renditionIds) lengthMs += await releaseWithheld(app, { renditionId, deliveryIds });
  if (lengthMs === 0) throw new UserError('nothing_withheld', { id });
  return { text: textOf(ctx.language).replies.postingWithheld(id, formatDuration(lengthMs)) };
}
