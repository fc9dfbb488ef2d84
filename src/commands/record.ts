import { openSession } from '../advance.ts';
import { streamName } from '../core/card.ts';
import { UserError } from '../core/errors.ts';
import type { StreamStatus } from '../core/ports.ts';
import { textOf } from '../core/text/text.ts';
import { endWatch, findChatDeliveries } from '../db/watches.ts';
import type { Command } from './context.ts';
import { findStream, placeOrder } from './order.ts';

/** A site may take this long to say whether it is live. */
const checkLimitMs = 30_000;

/** `/record URL`: looks whether it is live, then records it once for this chat. */
export const record: Command = async (app, ctx, args) => {
  const { platform, stream } = await findStream(app, String(args.url));
  const quality = args.quality ?? 'best';
  const open = await findChatDeliveries(app.db, ctx.chat, { isOpen: true });
  const running = open.find((row) => row.session.streamId === stream.id && row.rendition.name === quality);
  if (running) throw new UserError('already_recording', { session: running.session.id });
  const [status] = await platform.check([stream], AbortSignal.timeout(checkLimitMs));
  if (status?.state !== 'live') throw whyNot(status);
  const { watch } = await placeOrder(app, ctx, args, true);
  const facts = {
    broadcastId: status.broadcastId,
    title: status.title,
    category: status.category,
    startedAt: status.startedAt,
  };
  const sessionId =
    (await openSession(app, stream.id, facts)) ?? (await openSession(app, stream.id, { title: status.title }));
  if (sessionId === undefined) {
    await endWatch(app.db, watch.id);
    throw new UserError('stream_unknown');
  }
  return { text: textOf(ctx.language).replies.recording(`s${sessionId}`, status.title ?? streamName(stream)) };
};

/** Why a look did not find it live, and what to do. */
function whyNot(status: StreamStatus | undefined): UserError {
  const startsAt = status?.scheduledFor?.toISOString();
  if (status?.state === 'offline' || status?.state === 'scheduled')
    return new UserError('stream_offline', startsAt ? { startsAt } : {});
  if (status?.state === 'ended') return new UserError('stream_ended');
  const reason = status?.reason;
  return new UserError(reason && /^[a-z_0-9]+$/.test(reason) ? reason : 'stream_unknown');
}
