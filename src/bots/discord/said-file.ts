import {
  type APIAttachment,
  type APIChatInputApplicationCommandInteractionData,
  type APIInteraction,
  InteractionType,
  ApplicationCommandOptionType as OptionType,
} from 'discord.js';
import { TemporaryError, UserError } from '../../core/errors.ts';
import type { SaidFile } from '../../core/ports.ts';

/**
 * The file that came with a command. Discord shows it to nobody else where the answer is ephemeral, and removes it by itself.
 * Source: https://discord.com/developers/docs/resources/message#attachment-object (`ephemeral`)
 */
export function fileOf(interaction: APIInteraction): SaidFile | undefined {
  if (interaction.type !== InteractionType.ApplicationCommand) return undefined;
  const { options = [], resolved } = interaction.data as APIChatInputApplicationCommandInteractionData;
  const given = options.find(({ type }) => type === OptionType.Attachment);
  const attachment = given && 'value' in given ? resolved?.attachments?.[String(given.value)] : undefined;
  if (!attachment) return undefined;
  return { name: attachment.filename, read: (maxBytes, signal) => read(attachment, { maxBytes, signal }) };
}

type Reading = { maxBytes: number; signal: AbortSignal };

async function read({ url, size }: APIAttachment, { maxBytes, signal }: Reading): Promise<Buffer> {
  if (size > maxBytes) throw new UserError('file_too_big', { maxBytes });
  const bytes = await fetchBytes(url, { maxBytes, signal }).catch((cause: unknown) => {
    // Whoever has the address that failed has the file: what is thrown does not name it.
    throw new TemporaryError('discord_unreachable', { detail: cause instanceof Error ? cause.name : '' });
  });
  if (bytes.length > maxBytes) throw new UserError('file_too_big', { maxBytes });
  return bytes;
}

/** Stops behind `maxBytes`, whatever size was told. */
async function fetchBytes(url: string, { maxBytes, signal }: Reading): Promise<Buffer> {
  const answer = await fetch(url, { signal, redirect: 'error' });
  if (!answer.ok || !answer.body) throw new Error(`status ${answer.status}`);
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) break;
  }
  return Buffer.concat(chunks);
}
