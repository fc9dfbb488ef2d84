import { askingOf } from '../core/card.ts';
import { UserError } from '../core/errors.ts';
import type { Asked } from '../db/troubles.ts';

/** What is to be answered first. */
export function asQuestion({ post, target }: Asked): UserError {
  const { what } = askingOf(post, target.name);
  return new UserError('post_unproven', { post: `p${post.id}`, what, target: target.name });
}
