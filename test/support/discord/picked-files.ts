import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ephemeralFolder } from './cdn.ts';
import type { CommandUse } from './command-use.ts';
import { type Fields, newId, type WorldState } from './state.ts';
import { attachmentView } from './views.ts';

/** Ids by the names of the options, and `resolved.attachments` by the ids. */
export type Picked = { ids: Record<string, string>; resolved: Record<string, Fields> };

/**
 * Files that come with a command: they stand in no message, and go by themselves.
 * Source: https://docs.discord.com/developers/resources/message#attachment-object (`ephemeral`)
 */
export function pickFiles(world: WorldState, files: CommandUse['files'] = {}): Picked {
  const picked: Picked = { ids: {}, resolved: {} };
  for (const [name, { fileName, bytes }] of Object.entries(files)) {
    const id = newId(world);
    const path = join(world.options.filesDir, `picked-${id}`);
    writeFileSync(path, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file = { path, sizeBytes: bytes.length, sha256, fileName, mimeType: 'text/plain; charset=utf-8' };
    const attachment = { id, file, fileName, channelId: ephemeralFolder };
    world.attachments.set(id, attachment);
    picked.ids[name] = id;
    picked.resolved[id] = { ...attachmentView(world, ephemeralFolder, attachment), ephemeral: true };
  }
  return picked;
}
