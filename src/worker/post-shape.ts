import type { App } from '../app.ts';
import { wantsLink } from '../core/parts.ts';
import type { ChatLimits } from '../core/ports.ts';
import { findPosts, type Plannable, type PostRow } from '../db/deliveries.ts';
import { hasLinks } from './content.ts';

/** How a Delivery appears at its Target by what is wanted there now and what stands there already. */
export type PostShape = {
  /** So many Parts are posted as a link. What stands decides: never both. */
  isLinked(partCount: number): boolean;
  /** A link is wanted, and no address is known that would work. */
  lacksUrl(partCount: number): boolean;
  /** Posts that were planned for another shape and never sent. */
  misfits(partCount: number): PostRow[];
};

/** @param limits those of the Target as they are now: it may have lost its vault, or its mode may have changed */
export async function findPostShape(
  app: App,
  { delivery, target }: Plannable,
  { maxParts, albumItems }: ChatLimits,
): Promise<PostShape> {
  const rows = await findPosts(app.db, delivery.id);
  const standing = rows.filter(({ kind, state }) => kind !== 'comment' && !isUnsent(state) && state !== 'skipped');
  const isLong = (partCount: number) => wantsLink({ mode: target.postMode, partCount, maxParts });
  const isLinked = (partCount: number) => {
    if (standing.length > 0) return standing.some(({ kind }) => kind === 'link');
    return isLong(partCount) && hasLinks(app, target.kind);
  };
  return {
    isLinked,
    lacksUrl: (partCount) => isLong(partCount) && !hasLinks(app, target.kind),
    misfits(partCount) {
      const unsent = rows.filter(({ state }) => isUnsent(state));
      const fits = ({ kind, partIds }: PostRow) =>
        kind === 'comment' ||
        (isLinked(partCount) ? kind === 'link' : kind !== 'link' && partIds.length <= Math.max(1, albumItems));
      // Order is kept: where one is planned anew, all behind it are.
      return unsent.every(fits) ? [] : unsent;
    },
  };
}

/** Nothing of it stands: not sent yet, or a clear no. */
export const unsentStates = ['planned', 'failed'] as const;
const isUnsent = (state: PostRow['state']) => unsentStates.some((unsent) => unsent === state);
