import { badField, badForm } from './api-error.ts';
import { listOf } from './component-rules.ts';
import type { StoredFile } from './file-store.ts';
import { messageLimits } from './rules.ts';
import {
  type ChannelState,
  type Fields,
  newId,
  type StoredAttachment,
  type StoredMessage,
  type WorldState,
} from './state.ts';

/** What a request says of files: `attachments[]` and `files[n]`. */
export type Sent = { body: Fields; files: Map<number, StoredFile> };

/**
 * The attachments of a message to be: each `attachments[].id` is the n of a `files[n]` or, in an edit, the id of one that
 * stands and is kept.
 *
 * A file without its line in a list that is there is attached nevertheless, but it is noted: its name is then left to
 * the head of its part.
 *
 * @throws DiscordError 50035 for a line without a file, and for more than 10
 */
export function attachmentsOf(
  world: WorldState,
  channel: ChannelState,
  sent: Sent,
  edited?: StoredMessage,
): StoredAttachment[] {
  const standing = edited?.attachments ?? [];
  const lines = sent.body['attachments'];
  if (!Array.isArray(lines)) return bounded([...standing, ...withoutLines(world, channel, sent)]);
  const isListed = new Set(listOf(lines).map(({ id }) => String(id)));
  const attachments = listOf(lines).map((line, index) => {
    const kept = standing.find(({ id }) => id === String(line['id']));
    if (kept) return changed(kept, line);
    const file = sent.files.get(Number(line['id']));
    if (file) return attach(world, channel, file, line);
    const code = 'ATTACHMENT_NOT_FOUND';
    throw badField(`attachments.${index}.id`, code, `Attachment data for id ${String(line['id'])} not found`);
  });
  const left = [...sent.files].filter(([n]) => !isListed.has(String(n)));
  if (left.length > 0) world.options.violate(`files without a line in attachments: ${left.map(([n]) => n).join(', ')}`);
  return bounded([...attachments, ...left.map(([, file]) => attach(world, channel, file, {}))]);
}

function withoutLines(world: WorldState, channel: ChannelState, { files }: Sent): StoredAttachment[] {
  return [...files.values()].map((file) => attach(world, channel, file, {}));
}

function bounded(attachments: StoredAttachment[]): StoredAttachment[] {
  if (attachments.length <= messageLimits.attachments) return attachments;
  const message = `Must be ${messageLimits.attachments} or fewer in length.`;
  throw badForm([{ path: 'attachments', code: 'BASE_TYPE_MAX_LENGTH', message }]);
}

function attach(world: WorldState, channel: ChannelState, file: StoredFile, line: Fields): StoredAttachment {
  const named = typeof line['filename'] === 'string' ? line['filename'] : file.fileName;
  const attachment: StoredAttachment = { id: newId(world), file, fileName: cleanName(named), ...wordsOf(line) };
  world.attachments.set(attachment.id, { ...attachment, channelId: channel.id });
  return attachment;
}

function changed(kept: StoredAttachment, line: Fields): StoredAttachment {
  return { ...kept, ...wordsOf(line) };
}

function wordsOf(line: Fields): Pick<StoredAttachment, 'title' | 'description'> {
  const [title, description] = [line['title'], line['description']];
  return { ...(typeof title === 'string' && { title }), ...(typeof description === 'string' && { description }) };
}

/** Names become addresses: blanks are underscores, and what is not plain is left out. */
function cleanName(name: string): string {
  return name.replaceAll(' ', '_').replaceAll(/[^A-Za-z0-9._-]/g, '') || 'unknown';
}
