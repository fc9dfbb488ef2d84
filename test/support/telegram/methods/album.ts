import type { Message } from 'grammy/types';
import { badRequest } from '../api-error.ts';
import { destinationOf } from '../destination.ts';
import { countSend } from '../flood.ts';
import { type Draft, isKeptBack, post } from '../messages.ts';
import { nextId, type StoredFile } from '../state.ts';
import type { Call } from '../types.ts';
import { viewOf } from '../views.ts';
import type { World } from '../world.ts';
import { coverOfParams, fileOfParams, type MediaKind, mediaKinds } from './media.ts';
import { captionOf } from './text.ts';

/** Source: TDLib, MAX_GROUPED_MESSAGES. The documentation says 2-10; one item is taken and is no album. */
const maxItems = 10;

type Item = Call['params'];

function checkItems(items: Item[]): void {
  if (items.length === 0) throw badRequest('there are no messages to send');
  if (items.length > maxItems) throw badRequest('too many messages to send as an album');
  for (const { type } of items) {
    if (type === 'animation') {
      throw badRequest(`can't parse InputMedia: type "animation" can't be used in sendMediaGroup`);
    }
    if (!(type in mediaKinds)) throw badRequest("can't parse InputMedia: invalid InputMedia type specified");
  }
  const above = items.map((item) => Boolean(item.show_caption_above_media));
  if (new Set(above).size > 1) throw badRequest('parameter show_caption_above_media must be the same for all messages');
}

/** Photos and videos mix; documents and audios stay with their own. Source: TDLib, check_message_group_message_contents. */
function checkMix(kinds: string[]): void {
  for (const kind of ['document', 'audio']) {
    if (kinds.includes(kind) && kinds.some((other) => other !== kind)) {
      throw badRequest(`${kind} can't be mixed with other media types`);
    }
  }
}

type ItemFile = Pick<Draft, 'cover' | 'startTimestamp'> & { file: StoredFile };

async function filesOf(world: World, call: Call, items: Item[]): Promise<ItemFile[]> {
  const files: ItemFile[] = [];
  for (const item of items) {
    const missing = "can't parse InputMedia: media not found";
    const file = await fileOfParams(world, call, { kind: item.type as MediaKind, params: item, missing });
    files.push({ ...(item.type === 'video' ? await coverOfParams(world, call, item) : {}), file });
  }
  return files;
}

/** sendMediaGroup: all or nothing here; only faults break albums apart. */
export async function sendMediaGroup(world: World, call: Call): Promise<Message[]> {
  const items: Item[] = call.params.media ?? [];
  checkItems(items);
  checkMix(items.map(({ type }) => type));
  const captions = items.map(captionOf);
  const { bot, chat, common } = destinationsOf(world, call, items);
  const files = await filesOf(world, call, items);
  checkMix(files.map(({ file }) => file.kind));
  destinationsOf(world, call, items);
  countSend(world, bot, chat, items.length);
  const albumId = items.length > 1 ? { albumId: String(nextId(world) * 1_000_003) } : {};
  const drafts = files.map((content, index): Draft => {
    const spoiler = items[index]?.has_spoiler ? { hasSpoiler: true } : {};
    return { ...common, ...captions[index], ...spoiler, ...albumId, ...content };
  });
  const isScheduled = call.isAutoScheduled === true || drafts.some((draft) => isKeptBack(world, chat, draft));
  return post(world, chat, { drafts, isScheduled }).map((message) => viewOf(world, message, bot.user.id));
}

/** The destination, with the right to send each of the items there. */
function destinationsOf(world: World, call: Call, items: Item[]) {
  const [first, ...rest] = items.map(({ type }) => destinationOf(world, call, mediaKinds[type as MediaKind].what));
  if (!first) throw badRequest('there are no messages to send');
  void rest;
  return first;
}
