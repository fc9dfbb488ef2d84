import { listOf } from './component-rules.ts';
import type { Fault } from './schema.ts';
import type { Fields } from './state.ts';
import { charsOf } from './value-faults.ts';

/**
 * Of all embeds of a message together.
 * Source: https://docs.discord.com/developers/resources/message#embed-object-embed-limits
 */
const maxChars = 6000;

/** What is wrong with the embeds of a message besides their shape. */
export function embedFaults(embeds: Fields[]): Fault[] {
  const faults = embeds.flatMap((embed, index) => [
    ...fieldFaults(embed, `embeds.${index}.fields`),
    ...addressFaults(embed, `embeds.${index}`),
    ...timeFaults(embed, `embeds.${index}`),
  ]);
  if (embeds.reduce((sum, embed) => sum + embedChars(embed), 0) > maxChars) {
    const message = `Embed size exceeds maximum size of ${maxChars}`;
    faults.push({ path: 'embeds', code: 'MAX_EMBED_SIZE_EXCEEDED', message });
  }
  return faults;
}

/** Title, description, names and values of fields, footer and author count together. */
function embedChars(embed: Fields): number {
  const [footer, author] = [embed['footer'], embed['author']].map((part) => (part ?? {}) as Fields);
  const fields = listOf(embed['fields']).flatMap((field) => [field['name'], field['value']]);
  const texts = [embed['title'], embed['description'], footer?.['text'], author?.['name'], ...fields];
  return texts.reduce<number>((sum, text) => sum + (typeof text === 'string' ? charsOf(text) : 0), 0);
}

function fieldFaults(embed: Fields, path: string): Fault[] {
  return listOf(embed['fields']).flatMap((field, index) =>
    ['name', 'value']
      .filter((part) => String(field[part]).trim() === '')
      .map((part) => ({
        path: `${path}.${index}.${part}`,
        code: 'BASE_TYPE_REQUIRED',
        message: 'This field is required',
      })),
  );
}

function timeFaults({ timestamp }: Fields, path: string): Fault[] {
  if (timestamp === undefined || timestamp === null || !Number.isNaN(Date.parse(String(timestamp)))) return [];
  const message = `Could not parse ${String(timestamp)}. Should be ISO8601.`;
  return [{ path: `${path}.timestamp`, code: 'DATE_TIME_TYPE_PARSE', message }];
}

/** Where an embed leads, and where its pictures are; only pictures may be files of the message. */
function addressFaults(embed: Fields, path: string): Fault[] {
  const pictures = pictureAddresses(embed).map(([name, url]) => ({
    path: `${path}.${name}.url`,
    url,
    isPicture: true,
  }));
  const all = [...pictures, { path: `${path}.url`, url: embed['url'], isPicture: false }];
  return all.flatMap(({ path: place, url, isPicture }): Fault[] => {
    if (url === undefined || url === null) return [];
    const schemes = isPicture ? ['http', 'https', 'attachment'] : ['http', 'https'];
    if (typeof url !== 'string' || !URL.canParse(url)) {
      return [{ path: place, code: 'URL_TYPE_INVALID_URL', message: 'Not a well formed URL.' }];
    }
    if (schemes.includes(new URL(url).protocol.slice(0, -1))) return [];
    const message = `Scheme "${new URL(url).protocol.slice(0, -1)}" is not supported. Scheme must be one of ('${schemes.join("', '")}').`;
    return [{ path: place, code: 'URL_TYPE_INVALID_SCHEME', message }];
  });
}

function pictureAddresses(embed: Fields): [string, unknown][] {
  return ['image', 'thumbnail'].map((name) => [name, (embed[name] as Fields | undefined | null)?.['url']]);
}

/** Names of files that the embeds show and that the message does not have: Discord shows nothing there. */
export function missingPictures(embeds: Fields[], fileNames: string[]): string[] {
  return embeds.flatMap(pictureAddresses).flatMap(([, url]) => {
    const [, name] = /^attachment:\/\/(.+)$/.exec(String(url)) ?? [];
    return name === undefined || fileNames.includes(name) ? [] : [name];
  });
}
