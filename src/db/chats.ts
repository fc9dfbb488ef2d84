import { and, eq, inArray, isNull, like, or, type SQL, sql } from 'drizzle-orm';
import type { ChatKind } from '../core/model.ts';
import type { Database, Queryable } from './client.ts';
import { chatSettings, grants, inbox, targets, watches } from './schema.ts';

/** A chat that is now another one. */
type Move = { kind: ChatKind; from: string; to: string };

/**
 * A chat got another id (a group became a supergroup): every row that names the old one names the new one. Where the
 * new one has such a row already, that one stays. A second time is harmless.
 */
export async function moveChat(db: Database, kind: ChatKind, from: string, to: string): Promise<void> {
  if (from === to) return;
  const move = { kind, from, to };
  await db.transaction(async (tx) => {
    await keepPosts(tx, move);
    await moveTargets(tx, move);
    await moveWatches(tx, move);
    await moveGrants(tx, move);
    await moveSettings(tx, move);
    // An account is the kind itself or begins with it: `telegram:123`.
    const isOfKind = or(eq(inbox.account, kind), like(inbox.account, `${kind}:%`));
    await tx
      .update(inbox)
      .set({ chatId: to })
      .where(and(isOfKind, eq(inbox.chatId, from)));
  });
}

/** What was posted stays where it was: its ids say nothing of the new chat. */
async function keepPosts(tx: Queryable, { kind, from }: Move): Promise<void> {
  await tx.execute(sql`
    update posts p set posted = p.posted || jsonb_build_object('chatId', ${from}::text)
    from deliveries d, targets t, watches w
    where d.id = p.delivery_id and t.id = d.target_id and w.id = d.watch_id
      and p.posted is not null and p.posted->>'chatId' is null and case when p.kind = 'card'
        then w.chat_kind = ${kind} and w.chat_id = ${from}
        else t.kind = ${kind} and split_part(t.address, '/', 1) = ${from} end`);
}

/** Targets of the chat, and those of any chat that post into it. */
async function moveTargets(tx: Queryable, { kind, from, to }: Move): Promise<void> {
  const isOurs = and(eq(targets.chatKind, kind), eq(targets.chatId, from));
  const names = tx
    .select({ name: targets.name })
    .from(targets)
    .where(and(eq(targets.chatKind, kind), eq(targets.chatId, to), isNull(targets.removedAt)));
  // Orders and Deliveries hang on the row, so it stays and still posts; its name is the other one's.
  await tx
    .update(targets)
    .set({ removedAt: sql`now()` })
    .where(and(isOurs, isNull(targets.removedAt), inArray(targets.name, names)));
  await tx.update(targets).set({ chatId: to }).where(isOurs);
  await tx
    .update(targets)
    .set({
      address: moved(sql`${targets.address}`, from, to),
      discussion: moved(sql`${targets.discussion}`, from, to),
      vault: moved(sql`${targets.vault}`, from, to),
    })
    .where(
      and(
        eq(targets.kind, kind),
        or(
          eq(sql`split_part(${targets.address}, '/', 1)`, from),
          eq(targets.discussion, from),
          eq(targets.vault, from),
        ),
      ),
    );
}

/** `old` and `old/thread` with the new id; anything else as it is. */
function moved(column: SQL, from: string, to: string): SQL {
  return sql`case when split_part(${column}, '/', 1) = ${from}
    then ${to}::text || substr(${column}, ${from.length + 1}::int) else ${column} end`;
}

async function moveWatches(tx: Queryable, { kind, from, to }: Move): Promise<void> {
  // Standing orders that the new chat gave as well would record twice.
  await tx.execute(sql`
    update watches w set ended_at = now()
    where w.chat_kind = ${kind} and w.chat_id = ${from} and w.ended_at is null and not w.once and exists (
      select 1 from watches n where n.chat_kind = ${kind} and n.chat_id = ${to} and n.stream_id = w.stream_id
        and n.quality = w.quality and n.ended_at is null and not n.once)`);
  // So end those that were made for one of these.
  await tx.execute(sql`
    update watches w set ended_at = now() from watches p
    where p.id = w.parent_id and p.ended_at is not null and w.ended_at is null`);
  await tx
    .update(watches)
    .set({ chatId: to })
    .where(and(eq(watches.chatKind, kind), eq(watches.chatId, from)));
}

async function moveGrants(tx: Queryable, { kind, from, to }: Move): Promise<void> {
  const known = tx
    .select({ userId: grants.userId })
    .from(grants)
    .where(and(eq(grants.chatKind, kind), eq(grants.chatId, to)));
  const isOld = and(eq(grants.chatKind, kind), eq(grants.chatId, from));
  await tx.delete(grants).where(and(isOld, inArray(grants.userId, known)));
  await tx.update(grants).set({ chatId: to }).where(isOld);
}

async function moveSettings(tx: Queryable, { kind, from, to }: Move): Promise<void> {
  const isOf = (chatId: string) => and(eq(chatSettings.chatKind, kind), eq(chatSettings.chatId, chatId));
  const [known] = await tx.select({ chatId: chatSettings.chatId }).from(chatSettings).where(isOf(to));
  if (known) await tx.delete(chatSettings).where(isOf(from));
  else await tx.update(chatSettings).set({ chatId: to }).where(isOf(from));
}
