import type { App } from '../app.ts';
import { askingOf, askingSentence, cardState, cutAtWord, streamName } from '../core/card.ts';
import { detectionLine } from '../core/check-lines.ts';
import { parseRef, shown } from '../core/command.ts';
import { finalDeliveryStates, worstDelivery } from '../core/delivery.ts';
import { formatDuration, formatSize } from '../core/duration.ts';
import { UserError } from '../core/errors.ts';
import type { ChatReply } from '../core/ports.ts';
import { textOf, troubleSentence } from '../core/text/text.ts';
import { findTimeZone } from '../db/chat-settings.ts';
import { findDetection } from '../db/detection.ts';
import { findGaps, keptInWindow } from '../db/sessions.ts';
import { findAsked, findWait } from '../db/troubles.ts';
import { findChatDeliveries, findWatches } from '../db/watches.ts';
import { type ChatDelivery, type Command, type CommandContext, pickDeliveries } from './context.ts';
import { describeOrders, orderLine } from './order-lines.ts';

const perPage = 20;

/** `/status [id]`: what is being recorded or posted for this chat; where nothing is, why its orders record nothing. */
export const status: Command = async (app, ctx, args) => {
  if (args.id !== undefined && parseRef(String(args.id))?.kind === 'w') return statusOfOrder(app, ctx, String(args.id));
  if (args.id !== undefined) {
    const picked = await pickDeliveries(app, ctx, String(args.id), false);
    const detected = await describeDetection(app, ctx, picked);
    return { text: [await describeAll(app, ctx, picked), ...detected].join('\n') };
  }
  const active = await findChatDeliveries(app.db, ctx.chat, { isUnfinished: true });
  if (active.length > 0) return { text: await describeAll(app, ctx, active) };
  const t = textOf(ctx.language).replies;
  const orders = await findWatches(app.db, ctx.chat);
  if (orders.length === 0) return { text: t.idle };
  const lines = await describeOrders(app, ctx, orders.slice(0, perPage));
  return { text: [t.idleOrders, ...lines, ...(orders.length > perPage ? [t.moreOrders] : [])].join('\n\n') };
};

/** Of one recording: how fast it was seen and begun. */
async function describeDetection(app: App, ctx: CommandContext, rows: ChatDelivery[]): Promise<string[]> {
  const [only, ...others] = new Set(rows.map(({ session }) => session.id));
  const detection = only === undefined || others.length > 0 ? undefined : await findDetection(app.db, only);
  return detection ? [detectionLine(ctx.language, detection)] : [];
}

/** `/status w3`: the order, and what is being recorded or posted for it. */
async function statusOfOrder(app: App, ctx: CommandContext, ref: string): Promise<ChatReply> {
  const watchId = parseRef(ref)?.id ?? 0;
  const orders = (await findWatches(app.db, ctx.chat)).filter(({ watch }) => watch.id === watchId);
  const rows = await findChatDeliveries(app.db, ctx.chat, { watchId });
  const active = rows.filter(({ delivery }) => !finalDeliveryStates.includes(delivery.state));
  if (orders.length === 0 && rows.length === 0) throw new UserError('nothing_found', { id: shown(ref) });
  const told = orders.length === 0 && active.length === 0 ? rows : active;
  const recorded = told.length > 0 ? [await describeAll(app, ctx, told)] : [];
  return { text: [...(await describeOrders(app, ctx, orders)), ...recorded].join('\n\n') };
}

/** One paragraph for each order and Session, whatever number of Targets: of the Delivery that is worst off. */
async function describeAll(app: App, ctx: CommandContext, rows: ChatDelivery[]): Promise<string> {
  const groups = new Map<string, [ChatDelivery, ...ChatDelivery[]]>();
  for (const row of rows) {
    const key = `${row.watch.id} ${row.session.id}`;
    groups.set(key, [row, ...(groups.get(key) ?? [])]);
  }
  const shown = [...groups.values()].slice(0, perPage);
  return (await Promise.all(shown.map((group) => describe(app, ctx, group)))).join('\n\n');
}

async function describe(app: App, ctx: CommandContext, group: [ChatDelivery, ...ChatDelivery[]]): Promise<string> {
  const t = textOf(ctx.language);
  const [first, ...others] = group.map((row) => row.delivery);
  const worst = worstDelivery([first ?? group[0].delivery, ...others]);
  const { delivery, session, stream, rendition } = group.find((row) => row.delivery === worst) ?? group[0];
  const ids = group.map((row) => row.delivery.id);
  const questions = (await findAsked(app.db, ids)).map(({ post, target }) => askingOf(post, target.name));
  const kept = await keptInWindow(app.db, rendition.id, delivery);
  const gaps = (await findGaps(app.db, rendition.id)).filter(({ atMs }) => atMs >= kept.startMs && atMs <= kept.endMs);
  const missing = gaps.reduce((sum, gap) => sum + gap.lengthMs, 0);
  const state = cardState({
    sessionState: session.state,
    deliveryState: delivery.state,
    isClosed: delivery.closedAt !== null,
    recordedMs: kept.lengthMs,
    asked: questions[0],
  });
  const facts = [
    t.states[state] ?? state,
    formatDuration(kept.lengthMs),
    formatSize(kept.sizeBytes),
    gaps.length === 0 ? undefined : t.card.gapCount(gaps.length, formatDuration(missing)),
  ];
  const waits = await findWait(app.db, [delivery]);
  const trouble = delivery.error ?? waits ?? (session.state === 'reconnecting' ? rendition.trouble : undefined);
  const sentence = trouble ? troubleSentence(ctx.language, trouble) : undefined;
  const name = cutAtWord(session.title ?? streamName(stream), 80);
  const asked = questions.map((question) => askingSentence(ctx.language, question));
  return [`s${session.id} ${name} (${rendition.name})`, facts.filter(Boolean).join(' · '), sentence, ...asked]
    .filter(Boolean)
    .join('\n');
}

/** `/list [page=]`: standing orders of this chat. */
export const list: Command = async (app, ctx, args) => {
  const t = textOf(ctx.language).replies;
  const rows = await findWatches(app.db, ctx.chat);
  if (rows.length === 0) return { text: t.noWatches };
  const pages = Math.ceil(rows.length / perPage);
  const page = Math.min(Number(args.page ?? 1), pages);
  const timeZone = await findTimeZone(app.db, ctx.chat);
  const lines = rows.slice((page - 1) * perPage, page * perPage).map((row) => orderLine(row, ctx, timeZone));
  return { text: [...lines, ...(pages > 1 ? [t.page(page, pages)] : [])].join('\n') };
};
