import { answerPost, type answers } from '../advance.ts';
import { shown } from '../core/command.ts';
import { UserError } from '../core/errors.ts';
import { textOf } from '../core/text/text.ts';
import { findAsked } from '../db/troubles.ts';
import { type Command, pickDeliveries, postIdOf } from './context.ts';
import { asQuestion } from './question.ts';

/** `/confirm ID posted|missing`: says whether a post stands whose answer was lost. */
export const confirm: Command = async (app, ctx, args) => {
  const picked = await pickDeliveries(app, ctx, String(args.id), false);
  const postId = postIdOf(args);
  const all = await findAsked(
    app.db,
    picked.map(({ delivery }) => delivery.id),
  );
  const [asked, ...others] = all.filter(({ post }) => postId === undefined || post.id === postId);
  if (!asked) throw new UserError('nothing_to_confirm', { id: shown(String(args.id)) });
  if (others.length > 0) throw asQuestion(asked);
  const answer = String(args.answer) as (typeof answers)[number];
  const id = `p${asked.post.id}`;
  if (!(await answerPost(app, asked.post.id, answer))) throw new UserError('nothing_to_confirm', { id });
  return { text: textOf(ctx.language).replies.confirmed(id, answer) };
};
