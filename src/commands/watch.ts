import type { App } from '../app.ts';
import { streamName } from '../core/card.ts';
import { FatalError, TemporaryError } from '../core/errors.ts';
import type { ListedStream, Platform, StreamRef } from '../core/ports.ts';
import { describeRules } from '../core/rules-text.ts';
import { codeSentence, textOf, troubleSentence } from '../core/text/text.ts';
import { findTimeZone } from '../db/chat-settings.ts';
import { followListed } from '../db/children.ts';
import { endWatch, type WatchRow } from '../db/watches.ts';
import type { Command, CommandContext } from './context.ts';
import { findOrderedStream, placeOrder } from './order.ts';
import { pickWatches } from './pick-watches.ts';

/** `/watch URL`: a standing order; the monitor looks at once. */
export const watch: Command = async (app, ctx, args) => {
  const found = await findOrderedStream(app, args);
  // Whoever cannot list its streams is told so before anything is ordered.
  const listed = args.auto === undefined ? undefined : await askList(found);
  const { platform, stream, watch: row, cross } = await placeOrder(app, ctx, args, false);
  await app.bus.tell('streams', stream.id);
  const t = textOf(ctx.language).replies;
  const timeZone = await findTimeZone(app.db, ctx.chat);
  const { auto: _, ...rules } = row.rules;
  const facts = describeRules({ mode: 'record', rules, timeZone, crossName: cross && streamName(cross) }, ctx.language);
  const hint = platform.hint && codeSentence(ctx.language, platform.hint);
  const followed = listed && (await followNow(app, ctx, row.id, listed));
  const lines = [sayWatching(ctx, row, streamName(stream)), facts.length > 0 && t.rules(facts.join(' · '))];
  return { text: [...lines, followed, hint].filter(Boolean).join('\n') };
};

function sayWatching({ language }: CommandContext, { id, mode, rules }: WatchRow, name: string): string {
  const t = textOf(language).replies;
  const isTold = mode === 'notify';
  if (rules.auto === undefined) return (isTold ? t.notifying : t.watching)(`w${id}`, name);
  return (isTold ? t.notifyingServer : t.watchingServer)(`w${id}`, name, rules.auto);
}

/** A server may take this long to say what it has. */
const listLimitMs = 15_000;
/** What is live on a server, or why it does not say so now. */
type Listed = { streams: ListedStream[] } | { trouble: string };

/** @throws UserError where waiting would not mend it */
async function askList({ platform, stream }: { platform: Platform; stream: StreamRef }): Promise<Listed> {
  try {
    return { streams: (await platform.list?.(stream, AbortSignal.timeout(listLimitMs))) ?? [] };
  } catch (error) {
    if (error instanceof TemporaryError || error instanceof FatalError) return { trouble: error.code };
    if (error instanceof Error && error.name === 'TimeoutError') return { trouble: 'timeout' };
    throw error;
  }
}

/** What is live is begun at once; an order that was given anew is no longer followed as it was. @returns what to tell */
async function followNow(app: App, { language }: CommandContext, watchId: number, listed: Listed): Promise<string> {
  const t = textOf(language).server;
  const streams = 'streams' in listed ? listed.streams : undefined;
  const { streamIds, names } = await followListed(app.db, watchId, streams);
  for (const id of streamIds) await app.bus.tell('streams', id);
  if ('trouble' in listed) return t.silentNow(troubleSentence(language, listed.trouble));
  return names.length > 0 ? t.liveNow(names.slice(0, mostNamed).join(', '), names.length) : t.noneNow;
}

/** More names would be no answer that a person reads. */
const mostNamed = 10;

/** `/unwatch ID|URL`: ends the standing order; what is being recorded goes on. */
export const unwatch: Command = async (app, ctx, args) => {
  const found = await pickWatches(app, ctx, String(args.id));
  for (const { watch: row } of found) await endWatch(app.db, row.id);
  return { text: found.map(({ watch: row }) => textOf(ctx.language).replies.unwatched(`w${row.id}`)).join('\n') };
};
