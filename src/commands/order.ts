import type { App } from '../app.ts';
import { UserError } from '../core/errors.ts';
import type { Quality, WatchMode } from '../core/model.ts';
import type { Platform, StreamRef } from '../core/ports.ts';
import { findTimeZone } from '../db/chat-settings.ts';
import { addTargets, type TargetRow } from '../db/deliveries.ts';
import { ensureTarget, toStreamRef, upsertStream, upsertWatch, type WatchRow } from '../db/watches.ts';
import { type Args, type CommandContext, matchServer, matchStream } from './context.ts';
import { rulesOf } from './order-rules.ts';

export type Order = {
  platform: Platform;
  stream: StreamRef;
  watch: WatchRow;
  isNew: boolean;
  /** The Stream it is paired with. */
  cross: StreamRef | undefined;
};

/** The Platform of a link and its Stream row. @throws UserError `site_unknown` */
export const findStream = (app: App, href: string) => upsertMatch(app, matchStream(app, href));

async function upsertMatch(
  app: App,
  match: ReturnType<typeof matchStream>,
): Promise<{ platform: Platform; stream: StreamRef }> {
  const platform = app.platforms.find(({ name }) => name === match?.platform);
  if (!match || !platform) throw new UserError('site_unknown');
  return { platform, stream: toStreamRef(await upsertStream(app.db, match)) };
}

/**
 * The Targets that `to=archive,backup` names, in that order; the default one without it. Two names of one place are one
 * Target: it is posted to once.
 *
 * @throws UserError `target_unknown`
 */
async function findOrdered(
  app: App,
  ctx: CommandContext,
  to: string | number | undefined,
): Promise<[TargetRow, ...TargetRow[]]> {
  const names =
    to === undefined
      ? [undefined]
      : String(to)
          .split(',')
          .map((name) => name.trim())
          .filter(Boolean);
  const byPlace = new Map<string, TargetRow>();
  for (const name of names) {
    const target = await ensureTarget(app.db, ctx.chat, name);
    if (!target) throw new UserError('target_unknown', { name: name ?? 'here' });
    const place = `${target.kind}:${target.address}`;
    if (!byPlace.has(place)) byPlace.set(place, target);
  }
  const [first, ...others] = byPlace.values();
  if (!first) throw new UserError('target_unknown', { name: String(to) });
  return [first, ...others];
}

/** The server whose streams `auto=` watches. @throws UserError `no_list` where the link is of another kind */
async function findServer(app: App, href: string): Promise<{ platform: Platform; stream: StreamRef }> {
  const server = matchServer(app, href);
  if (!server) throw new UserError('no_list');
  return upsertMatch(app, server);
}

/**
 * What is ordered: the Stream of the link, or a server where `auto=` stands.
 *
 * @throws UserError `site_unknown`, `no_list`, `auto_with_cross`
 */
export function findOrderedStream(app: App, args: Args): Promise<{ platform: Platform; stream: StreamRef }> {
  if (args.auto === undefined) return findStream(app, String(args.url));
  if (args.cross !== undefined) throw new UserError('auto_with_cross');
  return findServer(app, String(args.url));
}

/** The Stream that `cross=` pairs with another one. @throws UserError `site_unknown`, `cross_with_itself` */
async function findPair(app: App, stream: StreamRef, href: string): Promise<StreamRef> {
  const { stream: pair } = await findStream(app, href);
  if (pair.id === stream.id) throw new UserError('cross_with_itself');
  return pair;
}

/**
 * Writes the Watch that `/record` or `/watch` orders.
 *
 * @throws UserError `site_unknown`, `no_list`, `auto_with_cross`, `target_unknown`, `cross_with_itself`; what `rulesOf`
 *   throws
 */
export async function placeOrder(app: App, ctx: CommandContext, args: Args, once: boolean): Promise<Order> {
  const { platform, stream } = await findOrderedStream(app, args);
  const [first, ...others] = await findOrdered(app, ctx, args.to);
  const rules = rulesOf(args, await findTimeZone(app.db, ctx.chat), new Date());
  const cross = args.cross === undefined ? undefined : await findPair(app, stream, String(args.cross));
  const order = {
    streamId: stream.id,
    chat: ctx.chat,
    language: ctx.language,
    createdBy: ctx.user.id,
    quality: (args.quality ?? 'best') as Quality,
    mode: (args.mode ?? 'record') as WatchMode,
    rules,
    crossId: cross?.id ?? null,
    once,
    targetId: first.id,
  };
  // Whoever looks for orders sees all Targets of one or none.
  const placed = await app.db.transaction(async (tx) => {
    const written = await upsertWatch(tx, order);
    if (written.isNew) await addTargets(tx, written.watch.id, others);
    return written;
  });
  return { platform, stream, cross, ...placed };
}
