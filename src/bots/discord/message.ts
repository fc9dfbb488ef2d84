import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import {
  type APIActionRowComponent,
  type APIButtonComponent,
  type APIMessage,
  MessageFlags,
  MessageReferenceType,
  Routes,
} from 'discord.js';
import { AmbiguousError } from '../../core/errors.ts';
import { readPieces } from '../read-pieces.ts';
import { send } from './call.ts';
import type { Discord } from './client.ts';
import { isApiCode } from './errors.ts';
import { multipartBody } from './streamed-body.ts';

/** A file of a message: what Discord shall call it, and where it lies. */
export type MessageFile = { fileName: string; path: string; contentType: string };

/** One message of a post. */
export type Piece = {
  /** What it is among all messages the bot ever makes: its nonce is made of it. */
  key: string;
  content: string;
  files?: MessageFile[];
  components?: APIActionRowComponent<APIButtonComponent>[];
  /** Id of the message in the same channel that it answers. */
  answers?: string;
  /** No sound and no previews of links. */
  isQuiet?: boolean;
};

/** An earlier message with the same nonce was deleted: that many other nonces are tried. */
const mostNonces = 3;

/** What a key is to Discord: at most 25 letters. */
const nonceOf = (key: string, generation: number): string =>
  createHash('sha256').update(`${key}/${generation}`).digest('base64url').slice(0, 25);

/**
 * Makes a message, once: for some minutes Discord answers the same nonce with the message that stands already.
 * Source: https://discord.com/developers/docs/resources/message#create-message (`enforce_nonce`).
 *
 * @throws as `call.ts` says
 */
export async function sendPiece(
  discord: Discord,
  channelId: string,
  piece: Piece,
  signal: AbortSignal,
): Promise<APIMessage> {
  for (let generation = 0; ; generation++) {
    try {
      return await createMessage(discord, { channelId, piece, nonce: nonceOf(piece.key, generation), signal });
    } catch (error) {
      // "Unknown Message": it stood and was deleted, so this is a new one.
      if (!isApiCode(error, 10008) || generation >= mostNonces) throw error;
    }
  }
}

type Creation = { channelId: string; piece: Piece; nonce: string; signal: AbortSignal };

async function createMessage(discord: Discord, { channelId, piece, nonce, signal }: Creation): Promise<APIMessage> {
  const payload = { ...payloadOf(piece), nonce, enforce_nonce: true };
  const route = Routes.channelMessages(channelId);
  const files = await Promise.all((piece.files ?? []).map((file) => openFile(discord, file, signal)));
  return send(discord, { channelId, deed: 'post', signal }, () => {
    if (files.length === 0) return discord.api.post(route, { body: payload, signal }) as Promise<APIMessage>;
    const body = multipartBody(payload, files);
    return discord.uploads.post(route, { body, passThroughBody: true, signal }) as Promise<APIMessage>;
  });
}

/** What is said of a message, but for its nonce. Nobody is ever called by it. */
export function payloadOf({ content, files = [], components, answers, isQuiet }: Piece) {
  const reference = { type: MessageReferenceType.Default, message_id: answers, fail_if_not_exists: true };
  return {
    content,
    allowed_mentions: { parse: [], replied_user: false },
    ...(components ? { components } : {}),
    ...(files.length > 0 ? { attachments: files.map(({ fileName }, id) => ({ id, filename: fileName })) } : {}),
    ...(answers === undefined ? {} : { message_reference: reference }),
    ...(isQuiet ? { flags: MessageFlags.SuppressEmbeds | MessageFlags.SuppressNotifications } : {}),
  };
}

async function openFile(
  { db, uploadMbps }: Discord,
  { fileName, path, contentType }: MessageFile,
  signal: AbortSignal,
) {
  const { size: sizeBytes } = await stat(path);
  return { fileName, contentType, sizeBytes, read: () => readPieces(path, { db, uploadMbps, signal }) };
}

/**
 * Makes the messages of a post, all or none: where a later one is refused, the earlier ones are taken back.
 *
 * @throws AmbiguousError where some stand and cannot be taken back; else as `call.ts`
 */
export async function sendPieces(
  discord: Discord,
  channelId: string,
  messages: AsyncIterable<APIMessage>,
): Promise<APIMessage[]> {
  const sent: APIMessage[] = [];
  try {
    for await (const message of messages) sent.push(message);
    return sent;
  } catch (error) {
    if (!(error instanceof AmbiguousError)) await takeBack(discord, channelId, sent);
    throw error;
  }
}

/** Removes messages of ours; one that is gone already is no fault. @throws AmbiguousError where that may not have worked */
export async function takeBack(discord: Discord, channelId: string, messages: { id: string }[]): Promise<void> {
  for (const { id } of messages) {
    try {
      await discord.api.delete(Routes.channelMessage(channelId, id));
    } catch (error) {
      if (!isApiCode(error, 10008, 10003)) throw new AmbiguousError('answer_lost', { cause: error });
    }
  }
}
