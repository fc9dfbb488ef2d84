import { eq, sql } from 'drizzle-orm';
import { advance } from '../advance.ts';
import type { App } from '../app.ts';
import { AmbiguousError, errorText, FatalError, TemporaryError } from '../core/errors.ts';
import type { PartFile, PostedIds, PostItem, Remote } from '../core/ports.ts';
import { inMs } from '../db/clock.ts';
import { findUploads } from '../db/deliveries.ts';
import { deliveries, parts, posts, uploads } from '../db/schema.ts';
import { cutSmaller } from './cut-again.ts';
import { parentOf, type Sending } from './outgoing.ts';
import { settleTry } from './own-try.ts';
import { isFinal, maxAttempts, nextTry } from './retry.ts';

/** How long after its post a comment may still wait. Source: Telegram forwards a post to its group within seconds. */
const commentWaitMs = 15 * 60_000;
/** While this lasts nobody else takes an Upload that is written down as staged. */
const writingMs = 60_000;

/** The Post stands. Files that were sent with it are kept as staged: another Target may send them by their ids. */
export async function confirmPost(
  app: App,
  { chat, post }: Pick<Sending, 'chat' | 'post'>,
  { remotes = [], ...posted }: PostedIds,
): Promise<true> {
  const now = sql`now()`;
  await advance(app, 'posts', post.id, 'confirmed', { posted, postedAt: now, editedAt: now, error: null });
  for (const [index, partId] of post.partIds.entries()) {
    const remote = remotes[index];
    if (remote) await keepRemote(app, { partId, account: chat.account, remote });
  }
  return true;
}

async function keepRemote(app: App, { partId, account, remote }: { partId: number; account: string; remote: Remote }) {
  const [part] = await app.db.select({ sizeBytes: parts.sizeBytes }).from(parts).where(eq(parts.id, partId));
  if (!part) return;
  const [upload] = await app.db
    .insert(uploads)
    .values({ partId, account, nextAttemptAt: inMs(writingMs) })
    .onConflictDoNothing()
    .returning();
  if (!upload) return;
  await advance(app, 'uploads', upload.id, 'sendStarted');
  await advance(app, 'uploads', upload.id, 'staged', { remote, sentBytes: part.sizeBytes });
}

/**
 * A call to the chat failed. What may have been sent is looked for, what was not sent is tried again, and a clear no
 * pauses the Delivery; a comment never holds its post.
 *
 * @returns whether the next Post may go
 */
export async function settlePost(app: App, sending: Sending, error: unknown, items: PostItem[]): Promise<boolean> {
  const { post } = sending;
  if (error instanceof FatalError) {
    // Tries that an outage cost say nothing of the files: they were not refused before.
    const isAgain = post.error?.startsWith('remote_refused') && post.attempts + 1 >= maxAttempts;
    if (error.code === 'remote_refused' && !isAgain) return stageAnew(app, sending, error);
    const file = error.code === 'part_over_limit' ? items.find((item) => item.file)?.file : undefined;
    return file ? sendSmaller(app, sending, file) : refusePost(app, sending, error);
  }
  const isNotSent = error instanceof TemporaryError && !(error instanceof AmbiguousError);
  if (isNotSent && error.code === 'forward_not_seen' && isOverdue(sending))
    return skipComment(app, sending, error.code);
  const wait = { ...nextTry(error, post.attempts), error: errorText(error) };
  await settleTry(app, post, isNotSent ? 'notSent' : 'answerLost', wait);
  return false;
}

/** The post of this comment stands for so long that the comment is given up. */
export function isOverdue({ post, rows, clock }: Sending): boolean {
  const since = parentOf(rows)?.postedAt;
  return post.kind === 'comment' && !!since && clock.now.getTime() - since.getTime() > commentWaitMs;
}

/** The chat no longer knows the staged files of a Post: they are staged once more, then it goes. */
async function stageAnew(app: App, { chat, post }: Sending, error: FatalError): Promise<false> {
  const again = { remote: null, attempts: 0, sentBytes: 0, nextAttemptAt: sql`now()`, error: errorText(error) };
  for (const { id, partId } of await findUploads(app.db, post.partIds, chat.account))
    await advance(app, 'uploads', id, 'lost', again, [{ name: 'part', data: { partId } }]);
  await advance(app, 'posts', post.id, 'notSent', { ...nextTry(error, post.attempts), error: errorText(error) });
  return false;
}

/** The chat refused the file for its size: this Part and what follows is planned anew. */
async function sendSmaller(app: App, sending: Sending, { partId, sizeBytes }: PartFile): Promise<boolean> {
  const { chat, context, post } = sending;
  await advance(app, 'posts', post.id, 'notSent');
  const [part] = await app.db.select().from(parts).where(eq(parts.id, partId));
  try {
    if (part) await cutSmaller(app, { part, chat, target: context.target, sizeBytes });
    return false;
  } catch (error) {
    if (error instanceof FatalError) return refusePost(app, sending, error);
    throw error;
  }
}

/** The files of a Post could not be had: tried again after a pause, refused where that will not mend it. */
export async function settleUnsent(app: App, sending: Sending, error: unknown): Promise<void> {
  const { post } = sending;
  app.log.warn({ err: error, post: post.id }, 'the files of a post cannot be had');
  if (isFinal(error, post.attempts + 1)) return void (await refusePost(app, sending, error));
  const wait = { attempts: post.attempts + 1, ...nextTry(error, post.attempts), error: errorText(error) };
  await app.db.update(posts).set(wait).where(eq(posts.id, post.id));
}

/** A clear no: the Delivery pauses until `/retry`; a comment is left out. @returns whether the next Post may go */
export async function refusePost(app: App, sending: Sending, error: unknown): Promise<boolean> {
  const { context, post } = sending;
  const code = error instanceof FatalError ? error.code : errorText(error);
  if (post.kind === 'comment') return skipComment(app, sending, errorText(error));
  await advance(app, 'posts', post.id, 'refused', { error: errorText(error) });
  const deliveryId = context.delivery.id;
  await advance(app, 'deliveries', deliveryId, 'postFailed', { error: code }, [{ name: 'card', data: { deliveryId } }]);
  return false;
}

/** The post goes without its comment; a Target without comments is no fault and is not told. `error` begins with a code. */
export async function skipComment(app: App, { context, post }: Sending, error: string): Promise<true> {
  const [code = error] = error.split(':');
  await advance(app, 'posts', post.id, 'skipped', { error });
  if (code !== 'no_discussion')
    await app.db.update(deliveries).set({ error: code }).where(eq(deliveries.id, context.delivery.id));
  return true;
}
