import { type APIMessage, ComponentType, Routes } from 'discord.js';
import { intentHere } from '../../core/chat.ts';
import { FatalError } from '../../core/errors.ts';
import type { OutgoingPost, Reconciled, TargetRef } from '../../core/ports.ts';
import { readMark } from './album.ts';
import { ask } from './call.ts';
import type { Discord } from './client.ts';
import { commentPieces, commentPlace } from './comment.ts';
import { addressOf, destination, idAt } from './destination.ts';
import { type Piece, takeBack } from './message.ts';
import { canReadHistory } from './permissions.ts';
import { botOf, channelOf, permissionsIn } from './places.ts';
import { cardPiece, idsOf, linkPiece, publish } from './post.ts';

/** So long a call may still come to pass; after that its nonce keeps it from standing twice for some minutes more. */
const settleMs = 15_000;
/** Clocks of two machines differ by less. */
const clockSlackMs = 120_000;
const pageSize = 100;
/** More messages of others than this since the intent: somebody has to look. */
const mostPages = 20;

/**
 * Looks whether a post whose answer was lost stands, in the channel's history since its intent: by the marks in its
 * files' names, else by its text and buttons. A post that stands in part is taken away, so that it can be sent whole.
 */
export async function reconcilePost(discord: Discord, target: TargetRef, post: OutgoingPost): Promise<Reconciled> {
  try {
    return await lookFor(discord, target, post);
  } catch (error) {
    // What stood in a channel that is gone is gone.
    if (error instanceof FatalError && error.code === 'discord_channel_gone') return { verdict: 'missing' };
    throw error;
  }
}

async function lookFor(discord: Discord, target: TargetRef, post: OutgoingPost): Promise<Reconciled> {
  const { channelId: homeId } = destination(addressOf(post.chat));
  const place = post.kind === 'comment' ? await commentPlace(discord, homeId, post.parent) : { channelId: homeId };
  const intentAt = post.intentAt ?? new Date();
  const since = new Date(intentAt.getTime() - clockSlackMs);
  const mine = await ownMessages(discord, place.channelId, since);
  if (!mine) return { verdict: 'unknown', isUnprovable: true };
  const found = isAlbum(post) ? findFiles(mine, post) : findPieces(mine, piecesOf(post, place));
  if (found.isWhole) {
    const ids = idsOf(place.channelId, found.messages);
    if (post.kind !== 'comment' && post.kind !== 'card') await publish(discord, target, ids);
    return { verdict: 'posted', ids };
  }
  const isFresh = Date.now() - (intentHere(post, 'latest') ?? intentAt).getTime() < (discord.settleMs ?? settleMs);
  if (post.intentAt && isFresh) return { verdict: 'unknown' };
  if (!(await canLook(discord, place.channelId))) return { verdict: 'unknown', isUnprovable: true };
  await takeBack(discord, place.channelId, found.messages);
  return { verdict: 'missing' };
}

const isAlbum = ({ kind }: OutgoingPost): boolean => kind === 'album' || kind === 'video';

function piecesOf(post: OutgoingPost, place: { channelId: string }): Piece[] {
  if (post.kind === 'comment') return commentPieces(post, place);
  return [post.kind === 'card' ? cardPiece(post) : linkPiece(post)];
}

/** Without the right to read the history Discord shows an empty one, which proves nothing. */
async function canLook(discord: Discord, channelId: string): Promise<boolean> {
  const permissions = await permissionsIn(discord, await channelOf(discord, channelId));
  return permissions === undefined || canReadHistory(permissions);
}

/** The bot's own messages in a channel since then, oldest first; undefined where too much was said since. */
async function ownMessages(discord: Discord, channelId: string, since: Date): Promise<APIMessage[] | undefined> {
  const bot = await botOf(discord);
  const mine: APIMessage[] = [];
  let after = idAt(since);
  for (let page = 0; page < mostPages; page++) {
    const query = new URLSearchParams({ after, limit: String(pageSize) });
    const route = Routes.channelMessages(channelId);
    const found = (await ask(() => discord.api.get(route, { query }))) as APIMessage[];
    const inOrder = found.toSorted((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
    mine.push(...inOrder.filter(({ author }) => author.id === bot.id));
    if (found.length < pageSize) return mine;
    after = inOrder.at(-1)?.id ?? after;
  }
  return undefined;
}

type Found = { messages: APIMessage[]; isWhole: boolean };

/** Messages with files of this Post; whole where every file is there. */
function findFiles(mine: APIMessage[], { id }: OutgoingPost): Found {
  const indexes = new Set<number>();
  let count = Number.POSITIVE_INFINITY;
  const messages = mine.filter(({ attachments }) => {
    const marks = attachments.flatMap(({ filename }) => readMark(filename) ?? []).filter(({ postId }) => postId === id);
    for (const mark of marks) indexes.add(mark.index);
    count = marks[0]?.count ?? count;
    return marks.length > 0;
  });
  return { messages, isWhole: indexes.size === count };
}

/** Messages that say what the pieces say, in their order. */
function findPieces(mine: APIMessage[], pieces: Piece[]): Found {
  const messages: APIMessage[] = [];
  for (const piece of pieces) {
    const from = messages.at(-1)?.id ?? '0';
    const next = mine.find((message) => BigInt(message.id) > BigInt(from) && says(message, piece));
    if (next) messages.push(next);
  }
  return { messages, isWhole: messages.length === pieces.length };
}

const says = ({ content, components }: APIMessage, piece: Piece): boolean =>
  content.trim() === piece.content.trim() && commandsOf(components) === commandsOf(piece.components);

/** What its buttons do: it holds the id of a recording, where two cards may have the same text. */
function commandsOf(components: APIMessage['components']): string {
  const rows = (components ?? []).flatMap((row) => (row.type === ComponentType.ActionRow ? row.components : []));
  return rows.flatMap((button) => ('custom_id' in button ? [button.custom_id] : [])).join(' ');
}
