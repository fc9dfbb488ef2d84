import type { App } from '../app.ts';
import { UserError } from '../core/errors.ts';
import type { Quality } from '../core/model.ts';
import type { Platform, StreamRef } from '../core/ports.ts';
import type { WatchRules } from '../db/schema.ts';
import { ensureTarget, upsertStream, upsertWatch, type WatchRow } from '../db/watches.ts';
import { type Args, type CommandContext, matchStream } from './context.ts';

export type Order = { platform: Platform; stream: StreamRef; watch: WatchRow; isNew: boolean };

/** The Platform of a link and its Stream row. @throws UserError `site_unknown` */
export async function findStream(app: App, href: string): Promise<{ platform: Platform; stream: StreamRef }> {
  const match = matchStream(app, href);
  const platform = app.platforms.find(({ name }) => name === match?.platform);
  if (!match || !platform) throw new UserError('site_unknown');
  return { platform, stream: await upsertStream(app.db, match) };
}

/** Writes the Watch that `/record` or `/watch` orders. @throws UserError `site_unknown`, `target_unknown` */
export async function placeOrder(app: App, ctx: CommandContext, args: Args, once: boolean): Promise<Order> {
  const { platform, stream } = await findStream(app, String(args.url));
  const name = args.to === undefined ? undefined : String(args.to);
  const target = await ensureTarget(app.db, ctx.chat, name);
  if (!target) throw new UserError('target_unknown', { name: name ?? 'here' });
  const rules: WatchRules = {};
  if (typeof args.for === 'number') rules.maxLengthMs = args.for;
  if (typeof args.split === 'number') rules.splitMs = args.split;
  const { watch, isNew } = await upsertWatch(app.db, {
    streamId: stream.id,
    chat: ctx.chat,
    language: ctx.language,
    createdBy: ctx.user.id,
    quality: (args.quality ?? 'best') as Quality,
    rules,
    once,
    targetId: target.id,
  });
  return { platform, stream, watch, isNew };
}
