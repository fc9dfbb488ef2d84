import { findLatestSession, openSession } from '../advance.ts';
import type { App } from '../app.ts';
import { streamName } from '../core/card.ts';
import { UserError } from '../core/errors.ts';
import type { Language } from '../core/model.ts';
import type { ChatReply, StreamRef, StreamStatus } from '../core/ports.ts';
import { formatInstant, formatTimes } from '../core/schedule-text.ts';
import { codeSentence, textOf } from '../core/text/text.ts';
import { findTimeZone } from '../db/chat-settings.ts';
import { findChatDeliveries, findWatches } from '../db/watches.ts';
import type { Args, Command, CommandContext } from './context.ts';
import { findStream, placeOrder } from './order.ts';

/** A site may take this long to say whether it is live. */
const checkLimitMs = 30_000;

/** `/record URL`: looks whether it is live, then records it once for this chat; `at=`: then, without a look now. */
export const record: Command = async (app, ctx, args) => {
  if (args.at !== undefined || args.every !== undefined) return recordLater(app, ctx, args);
  const { platform, stream } = await findStream(app, String(args.url));
  const quality = args.quality ?? 'best';
  const open = await findChatDeliveries(app.db, ctx.chat, { isOpen: true, stream });
  const running = open.find((row) => row.rendition.name === quality);
  if (running) throw new UserError('already_recording', { session: running.session.id });
  const [status] = await platform.check([stream], AbortSignal.timeout(checkLimitMs));
  if (status?.state !== 'live')
    throw whyNot(status, stream, { zone: await findTimeZone(app.db, ctx.chat), language: ctx.language });
  const { isNew } = await placeOrder(app, ctx, args, true);
  const session = await openLive(app, stream.id, status);
  // The same order was said twice at once: it is recorded once.
  if (!isNew) throw new UserError('already_recording', { session });
  return { text: textOf(ctx.language).replies.recording(`s${session}`, status.title ?? streamName(stream)) };
};

/** The Session of a live Stream; the broadcast goes on as the next one where it was recorded and stopped before. */
async function openLive(app: App, streamId: number, status: StreamStatus): Promise<number> {
  const { broadcastId, title, category, startedAt } = status;
  const facts = { broadcastId, title, category, startedAt };
  const opened = await openSession(app, streamId, facts);
  if (opened !== undefined) return opened;
  const last = await findLatestSession(app.db, streamId);
  const again = await openSession(app, streamId, { title, category, continuesId: last?.id });
  if (again === undefined) throw new Error(`no session for live stream ${streamId}`);
  return again;
}

/** `at=20:00`: recorded once, then; with `every=mon,thu` each week. */
async function recordLater(app: App, ctx: CommandContext, args: Args): Promise<ChatReply> {
  const isWeekly = args.every !== undefined;
  if (isWeekly) await refuseWatched(app, ctx, args);
  const { stream, watch } = await placeOrder(app, ctx, args, !isWeekly);
  await app.bus.tell('streams', stream.id);
  const zone = await findTimeZone(app.db, ctx.chat);
  const times = formatTimes(watch.rules, zone, ctx.language, new Date()) ?? '';
  return { text: textOf(ctx.language).replies.recordingAt(`w${watch.id}`, streamName(stream), times) };
}

/** An order for every hour, or with hours of its own, is not silently made one for some. */
async function refuseWatched(app: App, ctx: CommandContext, args: Args): Promise<void> {
  const { stream } = await findStream(app, String(args.url));
  const quality = args.quality ?? 'best';
  const standing = (await findWatches(app.db, ctx.chat)).find(
    ({ watch }) => watch.streamId === stream.id && watch.quality === quality && !watch.once,
  );
  if (standing && !standing.watch.rules.tellsMissed)
    throw new UserError('watched_already', { id: `w${standing.watch.id}` });
}

/** What may pass by itself: the person is told that the site did not say. */
const passing = new Set([
  'program_failed',
  'http_error',
  'timeout',
  'connection_lost',
  'source_lost',
  'source_stalled',
  'bad_playlist',
]);

type Local = { zone: string; language: Language };

/** Why a look did not find it live, and what to do. */
function whyNot(status: StreamStatus | undefined, stream: StreamRef, { zone, language }: Local): UserError {
  const startsAt = status?.scheduledFor && `${formatInstant(status.scheduledFor, zone, language)} ${zone}`;
  const { state, reason } = status ?? {};
  if (reason === 'stream_removed') return new UserError(reason);
  if (state === 'offline' || state === 'scheduled')
    return new UserError('stream_offline', startsAt ? { startsAt } : {});
  if (state === 'ended') return new UserError('stream_ended');
  const { protocol, hostname } = new URL(stream.url);
  const values = { protocol: protocol.slice(0, -1), host: hostname };
  const isTold = reason !== undefined && !passing.has(reason) && codeSentence('en', reason) !== undefined;
  return new UserError(isTold ? reason : 'stream_unknown', values);
}
