import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asc, eq, ne } from 'drizzle-orm';
import type { Database } from '../../src/db/client.ts';
import { findPartsOfDelivery } from '../../src/db/deliveries.ts';
import * as rows from '../../src/db/schema.ts';
import { probe } from '../../src/media/probe.ts';
import type { LiveStream } from '../support/live.ts';
import type { Place, ShownFile } from './chat.ts';
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
  lookAtChat(stage, findings);
  await lookAtReplies(db, stage, findings);
  await lookAtNotices(db, stage, findings);
  findings.faults.push(...stage.chat.complaints());
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
  const place = target.name === 'archive' ? 'archive' : 'home';
  const parts = await findPartsOfDelivery(db, delivery);
  const files = stage.chat.files(place);
  lookAtParts(stage, { parts, files, name: `d${delivery.id}` }, findings);
  await lookAtFrames(db, { delivery, origin, files }, findings);
  await lookAtBytes(db, { delivery, origin }, findings);
  await lookAtPosts(db, stage, { delivery, files, place }, findings);
}

type Shown = { parts: { hash: string | null }[]; files: ShownFile[]; name: string };

/** Each Part once, in order, as the bytes that were staged. */
function lookAtParts(stage: Stage, { parts, files, name }: Shown, findings: Findings): void {
  const wanted = parts.map(({ hash }) => hash);
  const shown = files.map(({ sha256 }) => sha256);
  const twice = shown.length - new Set(shown).size;
  findings.duplicates += twice;
  if (twice > 0) findings.faults.push(`${name}: ${twice} parts stand twice`);
  if (wanted.join() !== shown.join()) findings.faults.push(`${name}: parts ${short(wanted)} but shown ${short(shown)}`);
  const staged = stage.chat.stagedHashes();
  const foreign = shown.filter((hash) => staged && !staged.has(hash));
  if (foreign.length > 0) findings.faults.push(`${name}: ${short(foreign)} not in the vault`);
}

const short = (hashes: (string | null | undefined)[]) => `[${hashes.map((hash) => hash?.slice(0, 6)).join(' ')}]`;
const fps = 25;

type Recorded = { delivery: Delivery; origin: LiveStream; files: ShownFile[] };

/** Every frame of the origin is in the files that stand, or in a Gap that was told. */
async function lookAtFrames(db: Database, { delivery, origin, files }: Recorded, findings: Findings): Promise<void> {
  const gaps = await db.select().from(rows.gaps).where(eq(rows.gaps.renditionId, delivery.renditionId));
  const probed = await Promise.all(files.map(({ path }) => probe(path, { ffprobe: 'ffprobe', countPackets: true })));
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

type Posted = { delivery: Delivery; files: ShownFile[]; place: Place };

/** Rows name the messages that stand; one comment hangs where it belongs. */
async function lookAtPosts(
  db: Database,
  { chat }: Stage,
  { delivery, files, place }: Posted,
  findings: Findings,
): Promise<void> {
  const posts = await db
    .select()
    .from(rows.posts)
    .where(eq(rows.posts.deliveryId, delivery.id))
    .orderBy(asc(rows.posts.ordinal));
  const told = posts.filter(({ partIds }) => partIds.length > 0).flatMap(({ posted }) => posted?.messageIds ?? []);
  const ids = [...new Set(files.map(({ messageId }) => messageId))];
  if (told.join() !== ids.join())
    findings.faults.push(`d${delivery.id}: rows tell ${told.join()} but ${ids.join()} stand`);
  const texts = posts.filter(({ kind }) => kind === 'comment').map(({ content }) => content.text);
  const comments = chat.comments(place).filter(({ text }) => texts.some((each) => each.startsWith(text || '-')));
  findings.duplicates += Math.max(0, comments.length - 1);
  if (comments.length !== 1 || comments[0]?.isInPlace !== true)
    findings.faults.push(`d${delivery.id}: not one comment under its post: ${JSON.stringify(comments)}`);
}

/** One card for each order; nothing in a public chat that is no post, comment or card. */
function lookAtChat({ chat }: Stage, findings: Findings): void {
  const cards = chat.cardCount();
  if (cards > 2) findings.duplicates += cards - 2;
  if (cards > 2) findings.faults.push(`${cards} cards of 2 orders`);
  findings.faults.push(...chat.leftOver().map((what) => `left over: ${what}`));
}

/** Everything said was handled; nothing was answered twice. */
async function lookAtReplies(db: Database, { chat }: Stage, findings: Findings): Promise<void> {
  const inbox = await db.select().from(rows.inbox);
  for (const row of inbox.filter(({ handledAt }) => handledAt === null))
    findings.faults.push(`not handled: ${JSON.stringify(row.body).slice(0, 200)}`);
  const texts = inbox.flatMap(({ reply }) => (reply === null ? [] : [reply.text]));
  const isTwice = (text: string) => chat.answerCount(text) > texts.filter((other) => other === text).length;
  const twice = [...new Set(texts.filter(isTwice)), ...chat.answeredTwice()];
  findings.duplicates += twice.length;
  findings.faults.push(...twice.map((text) => `answered twice: ${text.slice(0, 200)}`));
}

/** A disk that refused something was told to those who run it, and nothing is told twice. */
async function lookAtNotices(db: Database, { chat, dir }: Stage, findings: Findings): Promise<void> {
  const notices = await db.select().from(rows.notices);
  const twice = [...new Set(notices.map(({ text }) => text))].filter((text) => chat.answerCount(text) > 1);
  findings.duplicates += twice.length;
  findings.faults.push(...twice.map((text) => `told twice: ${text}`));
  const logs = await Promise.all(
    ['worker1', 'worker2'].map((name) => readFile(join(dir, 'logs', name), 'utf8').catch(() => '')),
  );
  if (!logs.some((log) => log.includes('disk_full')) || notices.some(({ key }) => key.startsWith('disk_'))) return;
  findings.faults.push('a full disk was not told');
}
