import { createHash } from 'node:crypto';
import { asc, eq, ne } from 'drizzle-orm';
import type { Chat } from 'grammy/types';
import type { Database } from '../../src/db/client.ts';
import { findPartsOfDelivery } from '../../src/db/deliveries.ts';
import * as rows from '../../src/db/schema.ts';
import { probe } from '../../src/media/probe.ts';
import type { LiveStream } from '../support/live.ts';
import type { SeenMessage } from '../support/telegram/world.ts';
import type { Stage } from './stage.ts';

/** What a run came to. `faults`: each sentence is a broken promise. */
export type Findings = { lostSeconds: number; duplicates: number; stuck: number; asked: number; faults: string[] };

/** Looks at everything that stands when a run is over: chats, files, rows. */
export async function look(db: Database, stage: Stage): Promise<Findings> {
  const findings: Findings = { lostSeconds: 0, duplicates: 0, stuck: 0, asked: 0, faults: [] };
  await lookAtRows(db, findings);
  const deliveries = await db.select().from(rows.deliveries).orderBy(asc(rows.deliveries.id));
  const sessions = await db.select().from(rows.sessions).orderBy(asc(rows.sessions.id));
  if (deliveries.length !== 2 || sessions.length !== 2)
    findings.faults.push(`${sessions.length} sessions and ${deliveries.length} deliveries of 2 orders`);
  for (const delivery of deliveries) await lookAtDelivery(db, stage, delivery, findings);
  lookAtChats(stage, findings);
  await lookAtReplies(db, stage, findings);
  lookAtRates(stage, findings);
  findings.faults.push(...stage.telegram.violations.map((text) => `violation: ${text}`));
  return findings;
}

async function lookAtRows(db: Database, findings: Findings): Promise<void> {
  const posts = await db.select().from(rows.posts);
  const uploads = await db.select().from(rows.uploads).where(ne(rows.uploads.state, 'staged'));
  const sessions = await db.select().from(rows.sessions).where(ne(rows.sessions.state, 'ended'));
  findings.asked = posts.filter(({ state }) => state === 'ambiguous').length;
  const open = posts.filter(({ state }) => state !== 'posted');
  for (const { kind, state, error } of open) findings.faults.push(`a ${kind} is ${state}: ${error}`);
  for (const { id, state, error } of uploads) findings.faults.push(`upload ${id} is ${state}: ${error}`);
  for (const { id, state } of sessions) findings.faults.push(`session ${id} is ${state}`);
  findings.stuck = open.length + uploads.length + sessions.length;
}

type Delivery = typeof rows.deliveries.$inferSelect;

async function lookAtDelivery(db: Database, stage: Stage, delivery: Delivery, findings: Findings): Promise<void> {
  const [target] = await db.select().from(rows.targets).where(eq(rows.targets.id, delivery.targetId));
  const [stream] = await db
    .select({ url: rows.streams.url })
    .from(rows.streams)
    .innerJoin(rows.sessions, eq(rows.sessions.streamId, rows.streams.id))
    .where(eq(rows.sessions.id, delivery.sessionId));
  const origin = stage.streams.find(({ url }) => url === stream?.url);
  if (!target || !origin) return void findings.faults.push(`delivery ${delivery.id}: no target or stream`);
  const isPrivate = target.address === String(stage.home.id);
  const parts = await findPartsOfDelivery(db, delivery);
  const messages = stage.telegram.world.messages(isPrivate ? stage.home : stage.channel).filter(({ video }) => video);
  lookAtParts(stage, { parts, messages, name: `d${delivery.id}` }, findings);
  await lookAtFrames(db, stage, { delivery, origin, messages }, findings);
  await lookAtBytes(db, { delivery, origin }, findings);
  await lookAtPosts(db, stage, { delivery, messages, isPrivate }, findings);
}

type Shown = { parts: { hash: string | null }[]; messages: SeenMessage[]; name: string };

/** Each Part once, in order, as the bytes that lie in the vault. */
function lookAtParts(stage: Stage, { parts, messages, name }: Shown, { faults, ...counts }: Findings): Findings {
  const wanted = parts.map(({ hash }) => hash);
  const shown = messages.map(({ fileSha256 }) => fileSha256);
  const twice = shown.length - new Set(shown).size;
  counts.duplicates += twice;
  if (twice > 0) faults.push(`${name}: ${twice} parts stand twice`);
  if (wanted.join() !== shown.join()) faults.push(`${name}: parts ${short(wanted)} but shown ${short(shown)}`);
  const vault = new Set(stage.telegram.world.messages(stage.vault).map(({ fileSha256 }) => fileSha256));
  const foreign = shown.filter((hash) => !vault.has(hash));
  if (foreign.length > 0) faults.push(`${name}: ${short(foreign)} not in the vault`);
  return { faults, ...counts };
}

const short = (hashes: (string | null | undefined)[]) => `[${hashes.map((hash) => hash?.slice(0, 6)).join(' ')}]`;
const fps = 25;

type Recorded = { delivery: Delivery; origin: LiveStream; messages: SeenMessage[] };

/** Every frame of the origin is in the files that stand, or in a Gap that was told. */
async function lookAtFrames(
  db: Database,
  stage: Stage,
  { delivery, origin, messages }: Recorded,
  findings: Findings,
): Promise<void> {
  const gaps = await db.select().from(rows.gaps).where(eq(rows.gaps.renditionId, delivery.renditionId));
  const paths = messages.flatMap(({ video }) => (video ? [stage.telegram.world.fileOf(video.file_id).path] : []));
  const probed = await Promise.all(paths.map((path) => probe(path, { ffprobe: 'ffprobe', countPackets: true })));
  const shown = probed.reduce((sum, { frameCount }) => sum + frameCount, 0);
  const there = await origin.frames();
  const missing = gaps.reduce((sum, { lengthMs }) => sum + lengthMs, 0);
  for (const { cause, lengthMs } of gaps) findings.faults.push(`d${delivery.id}: a gap of ${lengthMs} ms: ${cause}`);
  if (shown === there) return;
  findings.lostSeconds += Math.max(0, (there - shown) / fps - missing / 1000);
  findings.faults.push(`d${delivery.id}: ${shown} frames stand of ${there}, gaps of ${missing} ms told`);
}

/** Media Segments are kept once each, in the origin's order. */
async function lookAtBytes(
  db: Database,
  { delivery, origin }: Pick<Recorded, 'delivery' | 'origin'>,
  findings: Findings,
): Promise<void> {
  const kept = await db
    .select({ hashes: rows.segments.hashes })
    .from(rows.segments)
    .where(eq(rows.segments.renditionId, delivery.renditionId))
    .orderBy(asc(rows.segments.mediaSequence));
  const sequences = Array.from({ length: origin.last() + 1 }, (_, sequence) => sequence);
  const wanted = await Promise.all(
    sequences.map(async (sequence) =>
      createHash('sha256')
        .update(await origin.bytes(sequence))
        .digest('hex'),
    ),
  );
  const found = kept.flatMap(({ hashes }) => hashes);
  if (found.join() === wanted.join()) return;
  const order = found.map((hash) => wanted.indexOf(hash));
  findings.faults.push(`r${delivery.renditionId}: media segments kept as ${order.join(' ')} of ${wanted.length}`);
}

type Posted = { delivery: Delivery; messages: SeenMessage[]; isPrivate: boolean };

/** Rows name the messages that stand; one comment hangs under the first. */
async function lookAtPosts(
  db: Database,
  stage: Stage,
  { delivery, messages, isPrivate }: Posted,
  findings: Findings,
): Promise<void> {
  const posts = await db
    .select()
    .from(rows.posts)
    .where(eq(rows.posts.deliveryId, delivery.id))
    .orderBy(asc(rows.posts.ordinal));
  const told = posts.filter(({ partIds }) => partIds.length > 0).flatMap(({ posted }) => posted?.messageIds ?? []);
  const ids = messages.map(({ message_id: id }) => String(id));
  if (told.join() !== ids.join())
    findings.faults.push(`d${delivery.id}: rows tell ${told.join()} but ${ids.join()} stand`);
  const where = isPrivate ? stage.home : stage.group;
  const root = isPrivate ? messages[0]?.message_id : forwardOf(stage, messages[0]?.message_id);
  const texts = posts.filter(({ kind }) => kind === 'comment').map(({ content }) => content.text);
  const comments = byBot(stage, where).filter(({ text }) => texts.some((each) => each.startsWith(text ?? '-')));
  findings.duplicates += Math.max(0, comments.length - 1);
  const isRight = comments.length === 1 && comments[0]?.reply_to_message?.message_id === root;
  const under = comments.map(({ reply_to_message: parent }) => parent?.message_id);
  if (!isRight)
    findings.faults.push(`d${delivery.id}: ${comments.length} comments under ${under.join()}, not one under ${root}`);
}

function forwardOf(stage: Stage, messageId: number | undefined): number | undefined {
  const messages = stage.telegram.world.messages(stage.group);
  return messages.find(({ forward_origin: from }) => from?.type === 'channel' && from.message_id === messageId)
    ?.message_id;
}

const byBot = ({ telegram }: Stage, chat: Chat) =>
  telegram.world.messages(chat).filter(({ from, forward_origin: origin }) => from?.id === telegram.bot.id && !origin);

/** One card for each order; nothing in a public chat that is no post, comment or card. */
function lookAtChats(stage: Stage, findings: Findings): void {
  const { world } = stage.telegram;
  const home = byBot(stage, stage.home);
  const cards = home.filter(({ reply_markup: markup }) => markup !== undefined);
  const isPosted = ({ video, text }: SeenMessage) => video !== undefined || (text !== undefined && text !== '…');
  if (cards.length > 2) findings.duplicates += cards.length - 2;
  if (cards.length > 2) findings.faults.push(`${cards.length} cards of 2 orders`);
  const left = [
    ...world.messages(stage.channel).filter(({ video }) => !video),
    ...byBot(stage, stage.group),
    ...home,
  ].filter((message) => !isPosted(message));
  for (const { chat, text, message_id: id } of left)
    findings.faults.push(`left over in ${chat.type} ${chat.id}: ${id} ${text ?? ''}`);
  for (const { text, message_id: id } of byBot(stage, stage.group).filter((each) => !each.reply_to_message))
    findings.faults.push(`a loose message in the group: ${id} ${text}`);
}

/** With rates that are counted as the real ones are, nobody was ever told to wait. */
function lookAtRates({ telegram, hasRates }: Stage, { faults }: Findings): void {
  const refused = telegram.calls.filter(({ status }) => hasRates && status === 429);
  for (const { method, params } of refused) faults.push(`too fast: ${method} ${String(params.chat_id)}`);
}

/** Everything said was handled; nothing was answered twice. */
async function lookAtReplies(db: Database, stage: Stage, findings: Findings): Promise<void> {
  const inbox = await db.select().from(rows.inbox);
  for (const row of inbox.filter(({ handledAt }) => handledAt === null))
    findings.faults.push(`not handled: ${JSON.stringify(row.body).slice(0, 200)}`);
  const shown = byBot(stage, stage.home).map(({ text }) => text);
  for (const { reply, body } of inbox.filter(({ reply }) => reply !== null)) {
    const count = shown.filter((text) => text === reply?.text).length;
    const same = inbox.filter((other) => other.reply?.text === reply?.text).length;
    if (count <= same) continue;
    findings.duplicates += 1;
    findings.faults.push(`answered ${count} times: ${JSON.stringify(body).slice(0, 200)}`);
  }
}
