import { and, asc, eq, inArray, lt, ne, or, sql } from 'drizzle-orm';
import type { Message, Update } from 'grammy/types';
import type { Queryable } from '../../db/client.ts';
import { sightings, targets } from '../../db/schema.ts';
import type { Telegram } from './client.ts';
import { fileIn } from './upload.ts';

export type Sighting = typeof sightings.$inferSelect;
/** A message by the ids of the Bot API, as text. */
export type MessageAddress = { chatId: string; messageId: string };

/** Message ids are counted; as text `9` would come after `10`. */
const asNumber = (column: typeof sightings.messageId | typeof sightings.originMessageId) => sql`${column}::bigint`;
const keptDays = 30;

/**
 * What an update shows of a channel's posts: its automatic forward into the discussion group, or the post itself
 * (own posts come only where the server published them later). Undefined for every other update.
 */
export function toSighting(update: Update): Omit<typeof sightings.$inferInsert, 'account'> | undefined {
  const { message, channel_post: post } = update;
  if (post) return rowOf(post, { chatId: String(post.chat.id), messageId: String(post.message_id) });
  const origin = message?.forward_origin;
  if (!message?.is_automatic_forward || origin?.type !== 'channel') return undefined;
  return rowOf(message, { chatId: String(origin.chat.id), messageId: String(origin.message_id) });
}

function rowOf(message: Message, origin: MessageAddress) {
  const file = fileIn(message) ?? message.photo?.at(-1);
  return {
    chatId: String(message.chat.id),
    messageId: String(message.message_id),
    originChatId: origin.chatId,
    originMessageId: origin.messageId,
    fileUniqueId: file?.file_unique_id ?? null,
    text: message.text ?? message.caption ?? null,
  };
}

/**
 * Writes down what an update shows of the posts of a channel that we post to: a bot may be in many others.
 *
 * @returns the new row's id; undefined where there is none
 */
export async function noteSighting(
  { account, vault }: Pick<Telegram, 'account' | 'vault'>,
  db: Queryable,
  update: Update,
): Promise<number | undefined> {
  const row = toSighting(update);
  if (!row || !(await isOurs(db, namesOf(update, row.originChatId), vault))) return undefined;
  const [noted] = await db
    .insert(sightings)
    .values({ account, ...row })
    .onConflictDoNothing()
    .returning({ id: sightings.id });
  return noted?.id;
}

/** What a Target may call the channel of a post. */
function namesOf({ message, channel_post: post }: Update, originChatId: string): string[] {
  const origin = message?.forward_origin;
  const chat = post?.chat ?? (origin?.type === 'channel' ? origin.chat : undefined);
  return chat?.username ? [originChatId, `@${chat.username.toLowerCase()}`] : [originChatId];
}

/** Whether a channel is a Target of any chat, removed ones included, or a vault or discussion of one. */
async function isOurs(db: Queryable, names: string[], vault: string | undefined): Promise<boolean> {
  if (vault !== undefined && names.includes(vault.toLowerCase())) return true;
  const isNamed = (column: typeof targets.address | typeof targets.vault | typeof targets.discussion) =>
    inArray(sql`lower(split_part(${column}, '/', 1))`, names);
  const [row] = await db
    .select({ id: targets.id })
    .from(targets)
    .where(and(eq(targets.kind, 'telegram'), or(...[targets.address, targets.vault, targets.discussion].map(isNamed))))
    .limit(1);
  return row !== undefined;
}

/** Where a channel's post stands in its discussion group: the first forward of it, under which comments hang. */
export async function findForward(
  db: Queryable,
  account: string,
  { chatId, messageId }: MessageAddress,
): Promise<MessageAddress | undefined> {
  const [row] = await db
    .select({ chatId: sightings.chatId, messageId: sightings.messageId })
    .from(sightings)
    .where(
      and(
        eq(sightings.account, account),
        eq(sightings.originChatId, chatId),
        eq(sightings.originMessageId, messageId),
        ne(sightings.chatId, chatId),
      ),
    )
    .orderBy(asc(asNumber(sightings.messageId)))
    .limit(1);
  return row;
}

/** Sightings of a channel's posts, by the post's id; only of these files and after that post, where they are named. */
export async function findSightings(
  db: Queryable,
  account: string,
  wanted: { originChatId: string; fileUniqueIds?: string[]; afterMessageId?: string },
): Promise<Sighting[]> {
  const { originChatId, fileUniqueIds, afterMessageId } = wanted;
  return db
    .select()
    .from(sightings)
    .where(
      and(
        eq(sightings.account, account),
        eq(sightings.originChatId, originChatId),
        fileUniqueIds ? inArray(sightings.fileUniqueId, fileUniqueIds) : undefined,
        afterMessageId === undefined
          ? undefined
          : sql`${asNumber(sightings.originMessageId)} > ${afterMessageId}::bigint`,
      ),
    )
    .orderBy(asc(asNumber(sightings.originMessageId)), asc(asNumber(sightings.messageId)));
}

/** Removes what is older than any Delivery asks for. */
export async function pruneSightings(db: Queryable, account: string): Promise<void> {
  const oldest = sql`now() - make_interval(days => ${keptDays})`;
  await db.delete(sightings).where(and(eq(sightings.account, account), lt(sightings.at, oldest)));
}
