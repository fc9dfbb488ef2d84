import { retryDelivery } from '../advance.ts';
import type { App } from '../app.ts';
import { UserError } from '../core/errors.ts';
import type { ChatReply } from '../core/ports.ts';
import { textOf } from '../core/text/text.ts';
import { findChatDeliveries, resumeWatches } from '../db/watches.ts';
import type { Command, CommandContext } from './context.ts';
import { pickWatches } from './pick-watches.ts';

/**
 * `/resume [ID|URL]`: goes on with everything in this chat that is paused: what failed is tried again, orders stand
 * again; with a name only with that order.
 */
export const resume: Command = async (app, ctx, args) => {
  if (args.id !== undefined) return resumeOrder(app, ctx, String(args.id));
  const rows = await findChatDeliveries(app.db, ctx.chat, { isUnfinished: true });
  const paused = rows.filter(({ delivery }) => delivery.state === 'paused');
  for (const { delivery } of paused) await retryDelivery(app, delivery.id);
  const watches = await resumeWatches(app.db, ctx.chat);
  return tell(app, ctx, [...new Set(paused.map(({ session }) => `s${session.id}`)), ...watches.map((id) => `w${id}`)]);
};

async function resumeOrder(app: App, ctx: CommandContext, ref: string): Promise<ChatReply> {
  const found = await pickWatches(app, ctx, ref);
  const watches = await resumeWatches(
    app.db,
    ctx.chat,
    found.map(({ watch }) => watch.id),
  );
  return tell(
    app,
    ctx,
    watches.map((id) => `w${id}`),
  );
}

async function tell(app: App, { language }: CommandContext, ids: string[]): Promise<ChatReply> {
  if (ids.length === 0) throw new UserError('nothing_to_resume');
  // The monitor looks at once.
  if (ids.some((id) => id.startsWith('w'))) await app.bus.tell('streams', 0);
  return { text: textOf(language).replies.resumed(ids.join(', ')) };
}
