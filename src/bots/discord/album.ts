import type { APIMessage } from 'discord.js';
import { FatalError } from '../../core/errors.ts';
import type { OutgoingPost, PartFile, PostItem, TargetRef } from '../../core/ports.ts';
import type { Discord } from './client.ts';
import { learnRefused, type PlaceLimits, placeLimitsOf } from './limits.ts';
import { textPieces } from './markup.ts';
import { type MessageFile, type Piece, sendPiece } from './message.ts';

/** More files no message takes. Source: https://discord.com/developers/docs/resources/message#create-message */
const mostFiles = 10;

/** A file's name as Discord shows it: `title-p12-2of3.mp4` is the second of three files of Post 12. */
export function markedName(fileName: string, postId: number, place: { index: number; count: number }): string {
  const [, stem = fileName, ending = ''] = /^(.*?)(\.\w+)?$/.exec(fileName) ?? [];
  return `${stem}-p${postId}-${place.index + 1}of${place.count}${ending}`;
}

/** Which file of which Post a name says it is, counted from 0; undefined where it is none of ours. */
export function readMark(fileName: string): { postId: number; index: number; count: number } | undefined {
  const [, postId, index, count] = /-p(\d+)-(\d+)of(\d+)(?:\.\w+)?$/.exec(fileName) ?? [];
  return postId ? { postId: Number(postId), index: Number(index) - 1, count: Number(count) } : undefined;
}

type Numbered = { file: PartFile; index: number };
type Album = { channelId: string; post: OutgoingPost; count: number; limits: PlaceLimits; signal: AbortSignal };

/**
 * Sends files with their caption, in one message where the place takes that, else in several: what it refuses for its
 * size is halved, and remembered.
 *
 * @throws FatalError `part_over_limit` where it refuses a single file; else as `call.ts`
 */
export async function* sendAlbum(
  discord: Discord,
  target: TargetRef,
  { channelId, post, items, signal }: { channelId: string; post: OutgoingPost; items: PostItem[]; signal: AbortSignal },
): AsyncGenerator<APIMessage> {
  const files = items.map(({ file }, index): Numbered => {
    if (!file) throw new FatalError('part_not_staged');
    return { file, index };
  });
  const limits = await placeLimitsOf(discord, target.address);
  const album = { channelId, post, count: files.length, limits, signal };
  const groups = groupFiles(files, limits.messageBytes);
  for (let group = groups.shift(); group; group = groups.shift()) {
    const message = await sendGroup(discord, album, group);
    if (message === 'too_big') groups.unshift(...halved(group));
    else yield message;
  }
}

const halved = (group: Numbered[]): Numbered[][] => {
  const middle = Math.ceil(group.length / 2);
  return [group.slice(0, middle), group.slice(middle)];
};

const sizeOf = (group: Numbered[]): number => group.reduce((sum, { file }) => sum + file.sizeBytes, 0);

/** Files in order, as many in a message as it takes. */
function groupFiles(files: Numbered[], messageBytes = Number.POSITIVE_INFINITY): Numbered[][] {
  const groups: Numbered[][] = [];
  for (const file of files) {
    const last = groups.at(-1);
    const hasRoom = last && last.length < mostFiles && sizeOf([...last, file]) <= messageBytes;
    if (hasRoom) last.push(file);
    else groups.push([file]);
  }
  return groups;
}

async function sendGroup(
  discord: Discord,
  { channelId, post, count, limits, signal }: Album,
  group: Numbered[],
): Promise<APIMessage | 'too_big'> {
  const first = group[0]?.index ?? 0;
  const files = group.map(({ file, index }): MessageFile => {
    const fileName = markedName(file.fileName, post.id, { index, count });
    return { fileName, path: file.path, contentType: 'video/mp4' };
  });
  const content = first === 0 ? (textPieces(post.content)[0] ?? '') : '';
  const piece: Piece = { key: `post ${post.id} ${first}+${group.length}`, content, files };
  try {
    return await sendPiece(discord, channelId, piece, signal);
  } catch (error) {
    if (!(error instanceof FatalError) || error.code !== 'part_over_limit') throw error;
    const sizeBytes = sizeOf(group);
    await learnRefused(discord, limits, group.length > 1 ? { messageBytes: sizeBytes } : { fileBytes: sizeBytes });
    if (group.length === 1) throw error;
    return 'too_big';
  }
}
