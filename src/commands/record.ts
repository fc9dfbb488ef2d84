import { findLatestSession, openSession } from '../advance.ts';
import type { App } from '../app.ts';
import { streamName } from '../core/card.ts';
import { UserError } from '../core/errors.ts';
import type { StreamRef, StreamStatus } from '../core/ports.ts';
import { codeSentence, textOf } from '../core/text/text.ts';
import { findChatDeliveries } from '../db/watches.ts';
import type { Command } from './context.ts';
import { findStream, placeOrder } from './order.ts';

/** A site may take this long to say whether it is live. */
const checkLimitMs = 30_000;

/** `/record URL`: looks whether it is live, then records it once for this chat. */
export const record: Command = async (app, ctx, args) => {
  const { platform, stream } = await findStream(app, String(args.url));
  const quality = args.quality ?? 'best';
  const open = await findChatDeliveries(app.db, ctx.chat, { isOpen: true, stream });
  const running = open.find((row) => row.rendition.name === quality);
  if (running) throw new UserError('already_recording', { session: running.session.id });
  const [status] = await platform.check([stream], AbortSignal.timeout(checkLimitMs));
  if (status?.state !== 'live') throw whyNot(status, stream);
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

/** What may pass by itself: the person is told that the site did not say. */
const passing = new Set(['http_error', 'timeout', 'connection_lost', 'source_lost', 'source_stalled', 'bad_playlist']);

/** Why a look did not find it live, and what to do. */
function whyNot(status: StreamStatus | undefined, stream: StreamRef): UserError {
  const startsAt = status?.scheduledFor
    ?.toISOString()
    .replace(/:\d\d\.\d+Z$/, ' UTC')
    .replace('T', ' ');
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
