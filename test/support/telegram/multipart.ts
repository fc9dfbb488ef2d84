import { addArg, addUrlEncoded } from './args.ts';
import { type ByteReader, byteReader } from './byte-reader.ts';
import type { FileStore } from './file-store.ts';
import { ParserFailure, parserLimits, tooLarge } from './parser-failure.ts';
import type { UploadedFile } from './types.ts';

/** What a body holds: texts by name (the first of a name counts) and files by part name. */
export type Form = { args: Map<string, string>; files: Map<string, UploadedFile> };

type Part = { name: string; fileName?: string; mimeType: string };
type State = { form: Form; store: FileStore; fileCount: number; paramsBytes: number; headersBytes: number };

/**
 * Reads multipart/form-data as TDLib does: a part is a file as soon as it has a `filename`, quoted or not; a value ends
 * at the next `;`; names of files are percent-decoded; the first boundary may stand anywhere.
 *
 * @throws ParserFailure 400, 413 or 431
 * Source: HttpReader::parse_multipart_form_data in https://github.com/tdlib/td
 */
export async function parseMultipart(
  body: AsyncIterable<Buffer>,
  contentType: string,
  store: FileStore,
): Promise<Form> {
  const boundary = boundaryOf(contentType);
  const reader = byteReader(body);
  const form: Form = { args: new Map(), files: new Map() };
  try {
    await readParts(reader, boundary, { form, store, fileCount: 0, paramsBytes: 0, headersBytes: 0 });
  } finally {
    await reader.close();
  }
  return form;
}

async function readParts(reader: ByteReader, boundary: string, state: State): Promise<void> {
  if (!(await reader.until(Buffer.from(`--${boundary}`), () => {}))) throw endedEarly();
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  while ((await reader.take(2)).toString('latin1') !== '--') await readPart(reader, delimiter, state);
  await reader.drain();
}

/** @throws ParserFailure 400 where there is none, or one longer than 70 */
function boundaryOf(contentType: string): string {
  const [, value = ''] = /boundary\s*=([^;]*)/i.exec(contentType) ?? [];
  const boundary = unquote(value);
  if (boundary === '' || boundary.length > parserLimits.boundaryBytes) {
    throw new ParserFailure(400, 'Bad Request: boundary too big or empty');
  }
  return boundary;
}

async function readPart(reader: ByteReader, delimiter: Buffer, state: State): Promise<void> {
  const part = partOf(await readHeaders(reader, state));
  if (part.fileName === undefined) return readValue(reader, delimiter, part, state);
  if (++state.fileCount > parserLimits.fileCount) throw tooLarge('too much files attached');
  const file = await state.store.open(part.fileName, part.mimeType);
  let isWhole = false;
  try {
    isWhole = await reader.until(delimiter, (bytes) => file.write(bytes));
  } finally {
    const uploaded = await file.close();
    // The first file of a name counts, as with texts.
    if (!state.form.files.has(part.name)) state.form.files.set(part.name, uploaded);
  }
  if (!isWhole) throw endedEarly();
}

async function readHeaders(reader: ByteReader, state: State): Promise<string> {
  const chunks: Buffer[] = [];
  const isWhole = await reader.until(Buffer.from('\r\n\r\n'), (bytes) => {
    state.headersBytes += bytes.length;
    if (state.headersBytes > parserLimits.headersBytes) {
      throw new ParserFailure(431, 'Request Header Fields Too Large: total headers size exceeded');
    }
    chunks.push(bytes);
  });
  if (!isWhole) throw endedEarly();
  return Buffer.concat(chunks).toString('utf8');
}

async function readValue(reader: ByteReader, delimiter: Buffer, part: Part, state: State): Promise<void> {
  const chunks: Buffer[] = [];
  const isWhole = await reader.until(delimiter, (bytes) => {
    state.paramsBytes += bytes.length;
    if (state.paramsBytes > parserLimits.paramsBytes) throw tooLarge('too much parameters in form data');
    chunks.push(bytes);
  });
  if (!isWhole) throw endedEarly();
  const value = Buffer.concat(chunks).toString('utf8');
  if (part.mimeType.startsWith('application/x-www-form-urlencoded')) addUrlEncoded(state.form.args, value);
  else addArg(state.form.args, part.name, value);
}

function partOf(headers: string): Part {
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

function unquote(text: string): string {
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

function endedEarly(): ParserFailure {
  return new ParserFailure(400, 'Bad Request: the body ends within a part');
}
