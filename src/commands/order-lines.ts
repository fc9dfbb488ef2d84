import type { App } from '../app.ts';
import { streamName } from '../core/card.ts';
import { checkLines } from '../core/check-lines.ts';
import { describeRules } from '../core/rules-text.ts';
import { textOf } from '../core/text/text.ts';
import { whyNotRecording, whySentence } from '../core/why-not.ts';
import { findTimeZone } from '../db/chat-settings.ts';
import { findChecks } from '../db/checks.ts';
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
  const timeZone = await findTimeZone(app.db, ctx.chat);
  const now = new Date();
  const looked = await findChecks(
    app.db,
    rows.map(({ stream }) => stream.id),
  );
  const windows = await findLastWindows(
    app.db,
    rows.map(({ watch }) => watch.id),
  );
  return rows.map((row) => {
    const { watch, stream } = row;
    const [lastWindow, ...others] = windows.get(watch.id) ?? [];
    const isRecording = [lastWindow, ...others].some((window) => window?.closedAt === null);
    const looks = looked.get(stream.id) ?? [];
    const why = whyNotRecording({ watch, isRecording, lastWindow, looks, called: stream }, now);
    const asked = { id: `w${watch.id}`, timeZone, language: ctx.language };
    const sentence = whySentence(asked, why, now);
    return [
      orderLine(row, ctx, timeZone),
      ...(sentence ? [sentence] : []),
      ...checkLines(ctx.language, looks, now),
    ].join('\n');
  });
}
