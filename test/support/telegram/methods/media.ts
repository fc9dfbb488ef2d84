import type { Message } from 'grammy/types';
import type { Sendable } from '../access.ts';
import { type Destination, destinationOf } from '../destination.ts';
import { countSend } from '../flood.ts';
import { type Input, resolveInput } from '../inputs.ts';
import { type Draft, isKeptBack, post } from '../messages.ts';
import { botByToken, type FileKind, type StoredFile } from '../state.ts';
import type { Call } from '../types.ts';
import { mimeTypeOf } from '../uploads.ts';
import { viewOf } from '../views.ts';
import type { World } from '../world.ts';
import { captionOf } from './text.ts';

/** Kinds of media and the words for them. */
export const mediaKinds = {
  photo: { what: 'photos', article: 'a photo' },
  video: { what: 'videos', article: 'a video' },
  document: { what: 'documents', article: 'a document' },
  audio: { what: 'audios', article: 'an audio' },
  animation: { what: 'animations', article: 'an animation' },
} as const satisfies Record<string, { what: Sendable; article: string }>;
export type MediaKind = keyof typeof mediaKinds;

/** Source: telegram-bot-api Client.h, MAX_LENGTH and MAX_DURATION. */
const maxPixels = 10_000;
const maxDurationSeconds = 86_400;

const clamp = (value: unknown, max: number) => Math.min(Math.max(Number(value ?? 0), 0), max);

/** What a new file says of itself for ever, from the parameters of its first upload. */
export function attributesOf(kind: FileKind, params: Call['params']): Record<string, unknown> {
  const duration = clamp(params.duration, maxDurationSeconds);
  const size = { width: clamp(params.width, maxPixels), height: clamp(params.height, maxPixels), duration };
  if (kind === 'video') return { ...size, ...(params.supports_streaming ? { supports_streaming: true } : {}) };
  if (kind === 'animation') return size;
  if (kind !== 'audio') return {};
  const { performer, title } = params;
  return { duration, ...(performer ? { performer } : {}), ...(title ? { title } : {}) };
}

/** The file of one message. @throws ApiError */
export async function fileOfParams(
  world: World,
  call: Call,
  { kind, params, missing }: { kind: MediaKind; params: Call['params']; missing?: string },
): Promise<StoredFile> {
  const value = params[kind] ?? params.media;
  const sent = call.shownAs ?? kindSent(kind, { params, call, value });
  const input: Input = {
    kind: sent,
    value,
    part: kind,
    thumbnail: params.thumbnail,
    attributes: attributesOf(sent, params),
    missing: missing ?? `there is no ${kind} in the request`,
  };
  return resolveInput(world, botByToken(world, call.token), call, input);
}

/** What a video shows before it is played; unlike a thumbnail it may be a file id. @throws ApiError */
export async function coverOfParams(
  world: World,
  call: Call,
  params: Call['params'],
): Promise<Pick<Draft, 'cover' | 'startTimestamp'>> {
  const { cover: value, start_timestamp: startTimestamp } = params;
  const start = startTimestamp ? { startTimestamp: Number(startTimestamp) } : {};
  if (value === undefined && !(call.method === 'sendVideo' && call.files.has('cover'))) return start;
  const input: Input = {
    kind: 'photo',
    value,
    part: 'cover',
    attributes: {},
    missing: 'there is no cover in the request',
  };
  return { ...start, cover: await resolveInput(world, botByToken(world, call.token), call, input) };
}

/** A new .mp4 sent as a document becomes a video, unless that is switched off. Source: Bot API, sendDocument. */
function kindSent(kind: MediaKind, { params, call, value }: { params: Call['params']; call: Call; value: unknown }) {
  if (kind !== 'document' || call.method !== 'sendDocument' || params.disable_content_type_detection) return kind;
  const name =
    typeof value === 'string' && value.startsWith('attach://') ? value.slice('attach://'.length) : 'document';
  const fileName = call.files.get(name)?.fileName ?? (String(value).startsWith('file:/') ? String(value) : '');
  return mimeTypeOf(fileName) === 'video/mp4' ? 'video' : kind;
}

/** Posts one message with a file, or keeps it back where the channel is big. */
export function postOne(
  world: World,
  call: Call,
  { bot, chat, common }: Destination,
  content: Partial<Draft>,
): Message {
  countSend(world, bot, chat);
  const draft: Draft = { ...common, ...content };
  const isScheduled = call.isAutoScheduled === true || isKeptBack(world, chat, draft);
  const [message] = post(world, chat, { drafts: [draft], isScheduled });
  if (!message) throw new Error('nothing posted');
  return viewOf(world, message, bot.user.id);
}

/** A handler that sends one file of a kind. */
export function sendMedia(kind: MediaKind) {
  return async (world: World, call: Call): Promise<Message> => {
    const caption = captionOf(call.params);
    const destination = destinationOf(world, call, mediaKinds[kind].what);
    const file = await fileOfParams(world, call, { kind, params: call.params });
    const cover = kind === 'video' ? await coverOfParams(world, call, call.params) : {};
    // The chat may have changed while the file was read.
    destinationOf(world, call, mediaKinds[kind].what);
    const spoiler = call.params.has_spoiler ? { hasSpoiler: true } : {};
    return postOne(world, call, destination, { ...caption, ...spoiler, ...cover, file });
  };
}
