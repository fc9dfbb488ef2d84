import type { App } from '../app.ts';
import { streamName } from '../core/card.ts';
import { checkLines } from '../core/check-lines.ts';
import { describeRules } from '../core/rules-text.ts';
import { serverLines } from '../core/server-lines.ts';
import { textOf } from '../core/text/text.ts';
import { whyNotRecording, whySentence } from '../core/why-not.ts';
import { findTimeZone } from '../db/chat-settings.ts';
import { findChecks } from '../db/checks.ts';
import { findChildren } from '../db/children.ts';
import { findLastWindows } from '../db/ruled-watches.ts';
import type { findWatches } from '../db/watches.ts';
import type { CommandContext } from './context.ts';

export type OrderRow = Awaited<ReturnType<typeof findWatches>>[number];

/** An order in one line: `w3 name (720p) · title speedrun · paused`. */
export function orderLine({ watch, stream, cross }: OrderRow, { language }: CommandContext, timeZone: string): string {
  const t = textOf(language).ruleFacts;
  const crossName = cross ? streamName(cross) : undefined;
  const facts = describeRules({ rules: watch.rules, mode: watch.mode, timeZone, crossName }, language);
  const name = `w${watch.id} ${streamName(stream)} (${watch.quality})${watch.once ? ' /record' : ''}`;
  return [name, ...facts, ...(watch.pausedAt ? [t.isPaused] : [])].join(' · ');
}

/** A paragraph for each order: what it is, why it records nothing now, and what the last looks showed. */
export async function describeOrders(app: App, ctx: CommandContext, rows: OrderRow[]): Promise<string[]> {
  const facts = await readFacts(app, ctx, rows);
  return rows.map((row) => {
    const { rules } = row.watch;
    const sentence = whyOf(row, ctx, facts);
    const looks = facts.looks.get(row.stream.id) ?? [];
    const lines =
      rules.auto === undefined
        ? checkLines(ctx.language, looks, facts.now)
        : describeServer(row, ctx, { ...facts, auto: rules.auto });
    return [orderLine(row, ctx, facts.timeZone), ...(sentence ? [sentence] : []), ...lines].join('\n');
  });
}

type OneOrder = Pick<OrderRow, 'watch' | 'stream'>;
type Facts = {
  now: Date;
  timeZone: string;
  children: OneOrder[];
  looks: Awaited<ReturnType<typeof findChecks>>;
  windows: Awaited<ReturnType<typeof findLastWindows>>;
};

async function readFacts({ db }: App, ctx: CommandContext, rows: OrderRow[]): Promise<Facts> {
  const idsOf = (orders: OneOrder[]) => orders.map(({ watch }) => watch.id);
  const children = await findChildren(db, idsOf(rows));
  const all = [...rows, ...children];
  return {
    ...{ now: new Date(), timeZone: await findTimeZone(db, ctx.chat), children },
    looks: await findChecks(
      db,
      all.map(({ stream }) => stream.id),
    ),
    windows: await findLastWindows(db, idsOf(all)),
  };
}

/** Why an order does not record now, as far as its looks do not say it. */
function whyOf({ watch, stream }: OneOrder, { language }: CommandContext, facts: Facts): string | undefined {
  const [lastWindow, ...others] = facts.windows.get(watch.id) ?? [];
  const isRecording = [lastWindow, ...others].some((window) => window?.closedAt === null);
  const looks = facts.looks.get(stream.id) ?? [];
  const why = whyNotRecording({ watch, isRecording, lastWindow, looks, called: stream }, facts.now);
  return whySentence({ id: `w${watch.parentId ?? watch.id}`, timeZone: facts.timeZone, language }, why, facts.now);
}

/** More lines would be no message. */
const mostTold = 20;

/** Of an order on the streams of a server: those that are watched for it, each with what becomes of it. */
function describeServer(row: OrderRow, ctx: CommandContext, facts: Facts & { auto: string }): string[] {
  const { language } = ctx;
  const t = textOf(language).server;
  const children = facts.children.filter(({ watch }) => watch.parentId === row.watch.id);
  const looks = facts.looks.get(row.stream.id) ?? [];
  const lines = children.slice(0, mostTold).map((child) => {
    const open = facts.windows.get(child.watch.id)?.find(({ closedAt }) => closedAt === null);
    const recorded = open && child.watch.mode === 'record' ? t.recordedAs(`s${open.sessionId}`) : undefined;
    const [looked] = checkLines(language, facts.looks.get(child.stream.id) ?? [], facts.now);
    return `${child.stream.platformId}: ${recorded ?? whyOf(child, ctx, facts) ?? looked}`;
  });
  return [
    ...serverLines(language, { auto: facts.auto, childCount: children.length, looks }, facts.now),
    ...lines,
    ...(children.length > mostTold ? [t.more(children.length - mostTold)] : []),
  ];
}
