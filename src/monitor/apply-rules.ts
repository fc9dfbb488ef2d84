import { closeWindows } from '../advance.ts';
import type { App } from '../app.ts';
import { streamName } from '../core/card.ts';
import { closesFor, timesAround } from '../core/rules.ts';
import { formatStretch } from '../core/schedule-text.ts';
import { textOf } from '../core/text/text.ts';
import type { Stretch } from '../core/week-window.ts';
import { findTimeZone } from '../db/chat-settings.ts';
import { addNotice } from '../db/notices.ts';
import { findRuledWindows, findTimedWatches, hadWindowIn } from '../db/ruled-watches.ts';
import { events } from '../db/schema.ts';
import { endWatch } from '../db/watches.ts';

/** A window that begins is looked at in the first sweeps after that. */
const beginMs = 3_000;
/** Nobody is told of a window that passed longer ago: the monitor stood still. */
const missedMs = 24 * 3_600_000;

type Timed = Awaited<ReturnType<typeof findTimedWatches>>[number];

/**
 * What the rules of orders and the clock decide: windows that do not match any more are closed, Streams whose windows
 * begin are looked at, and chats are told of a window that passed without a broadcast.
 */
export async function applyRules(app: App, now = new Date()): Promise<void> {
  await closeByRules(app, now);
  for (const timed of await findTimedWatches(app.db)) {
    const { current, last } = timesAround(timed.watch.rules, now) ?? {};
    if (current && now.getTime() - current.from.getTime() < beginMs) await app.bus.tell('streams', timed.stream.id);
    if (last && !current) await passWindow(app, timed, { last, now });
  }
}

/** One by one: a Rendition that ends with its last window is told why that one closed. */
async function closeByRules(app: App, now: Date): Promise<void> {
  const byReason = new Map<string, number[]>();
  for (const { id, rules, ...called } of await findRuledWindows(app.db)) {
    const reason = closesFor(rules, called, now);
    if (reason) byReason.set(reason, [...(byReason.get(reason) ?? []), id]);
  }
  for (const [reason, ids] of byReason) await closeWindows(app, ids, reason);
}

/** `at=`, `every=`: what is over without a broadcast is told once, and an order for that time alone ends. */
async function passWindow(app: App, { watch, stream }: Timed, { last, now }: { last: Stretch; now: Date }) {
  if (!watch.rules.tellsMissed || watch.createdAt > last.to) return;
  if (now.getTime() - last.to.getTime() > missedMs) return watch.once ? endWatch(app.db, watch.id) : undefined;
  if (await hadWindowIn(app.db, watch.id, last)) return;
  const { chatKind: kind, chatId, threadId, language: ofChat, rules } = watch;
  const chat = { kind, chatId, ...(threadId ? { threadId } : {}) };
  const language = ofChat === 'ru' ? 'ru' : 'en';
  const zone = rules.timeZone ?? (await findTimeZone(app.db, chat));
  const times = formatStretch(last, zone, language, now);
  const text = textOf(language).replies.missedWindow(`w${watch.id}`, streamName(stream), times);
  const key = `missed w${watch.id} ${last.from.toISOString()}`;
  const isNew = await app.db.transaction(async (tx) => {
    if (watch.once) await endWatch(tx, watch.id);
    if (!(await addNotice(tx, { chat, key, text }))) return false;
    await tx.insert(events).values({ kind: 'watch.missed', subject: 'watch', subjectId: watch.id, data: last });
    return true;
  });
  if (isNew) await app.bus.tell('notices', 0);
}
