import { ParserFailure } from './parser-failure.ts';

/** The head of a part of multipart/form-data; it is a file where `fileName` is there, be it empty. */
export type PartHead = { name: string; fileName?: string; mimeType: string };

/** Reads the headers of a part. @throws ParserFailure 400 without a name or for another disposition */
export function partHeadOf(headers: string): PartHead {
  let name = '';
  let fileName: string | undefined;
  let mimeType = 'application/octet-stream';
  for (const line of headers.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const [key, value] = splitAt(line, ':');
    if (key.toLowerCase() === 'content-type') mimeType = value;
    if (key.toLowerCase() !== 'content-disposition') continue;
    const fields = dispositionOf(value);
    name = fields.get('name') ?? name;
    fileName = fields.get('filename') ?? fileName;
  }
  if (name === '') throw new ParserFailure(400, 'Bad Request: field name in multipart/form-data not found');
  return { name, fileName: fileName === undefined ? undefined : percentDecode(fileName), mimeType };
}

/** Everything between two `;` is one field: quotes do not protect a `;`, a later field of a name wins. */
function dispositionOf(value: string): Map<string, string> {
  if (!value.startsWith('form-data;')) {
    throw new ParserFailure(400, 'Bad Request: expected form-data content disposition');
  }
  const fields = new Map<string, string>();
  for (const field of value.slice('form-data;'.length).split(';')) {
    if (!field.includes('=')) continue;
    const [key, text] = splitAt(field, '=');
    fields.set(key, unquote(text));
  }
  return fields;
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text.trim(), ''] : [text.slice(0, at).trim(), text.slice(at + mark.length).trim()];
}

/** Takes off blanks and one pair of quotes. */
export function unquote(text: string): string {
  const trimmed = text.trim();
  return trimmed.length > 1 && trimmed.startsWith('"') && trimmed.endsWith('"') ? trimmed.slice(1, -1) : trimmed;
}

/** What is no valid escape stays as it is. */
function percentDecode(text: string): string {
  const escaped = /%([0-9A-Fa-f]{2})/g;
  const toByte = (_: string, hex: string) => String.fromCharCode(Number.parseInt(hex, 16));
  const bytes = Buffer.from(text, 'utf8').toString('latin1').replaceAll(escaped, toByte);
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
