import { badForm, refusal } from './api-error.ts';
import { componentFaults, listOf } from './component-rules.ts';
import { embedFaults } from './embed-rules.ts';
import { mentionFaults } from './mentions.ts';
import { checkShape, type Fault, type SchemaName } from './schema.ts';
import type { Fields, WorldState } from './state.ts';
import { charsOf } from './value-faults.ts';

/**
 * Where the documentation is stricter than the OpenAPI file.
 * Source: https://docs.discord.com/developers/resources/message#create-message (content)
 */
export const messageLimits = { contentChars: 2000, attachments: 10 } as const;

/** What discord.js always adds where it means nothing: the type of a thread that its channel decides, and `false`. */
function isHarmless(schema: SchemaName, path: string, body: unknown): boolean {
  if (schema === 'CreateTextThreadWithMessageRequest' && path === 'type') return true;
  const value = path.split('.').reduce((at: unknown, name) => (at as Fields | undefined)?.[name], body);
  return value === false;
}

/**
 * Checks a body against its shape; a field that Discord would ignore is noted, because it does not do what it says.
 *
 * @throws DiscordError 50035
 */
export function checkBody(world: WorldState, schema: SchemaName, body: unknown): void {
  const { faults, unknown } = checkShape(schema, body);
  if (faults.length > 0) throw badForm(faults);
  for (const path of unknown) {
    if (!isHarmless(schema, path, body)) world.options.violate(`${schema} has no field ${path}`);
  }
}

/**
 * What a message must hold to besides its shape.
 *
 * @param standingFlags of the message that is edited
 * @throws DiscordError 50035
 */
export function checkMessage(body: Fields, standingFlags = 0): void {
  const faults: Fault[] = [];
  const content = typeof body['content'] === 'string' ? body['content'] : '';
  if (charsOf(content) > messageLimits.contentChars) {
    faults.push({
      path: 'content',
      code: 'BASE_TYPE_MAX_LENGTH',
      message: `Must be ${messageLimits.contentChars} or fewer in length.`,
    });
  }
  faults.push(...embedFaults(listOf(body['embeds'])), ...componentFaults(body, standingFlags), ...mentionFaults(body));
  if (faults.length > 0) throw badForm(faults);
}

/** Whether a message has anything to show. @throws DiscordError 50006 */
export function demandContent(message: {
  content: string;
  embeds: unknown[];
  components: unknown[];
  attachments: unknown[];
}): void {
  const { content, embeds, components, attachments } = message;
  if (content.trim() === '' && embeds.length + components.length + attachments.length === 0) {
    throw refusal('emptyMessage');
  }
}
