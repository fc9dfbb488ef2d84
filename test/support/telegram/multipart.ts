import { type ByteReader, byteReader } from '../byte-reader.ts';
import { addArg, addUrlEncoded } from './args.ts';
import type { FileStore } from './file-store.ts';
import { ParserFailure, parserLimits, tooLarge } from './parser-failure.ts';
import { type PartHead, partHeadOf, unquote } from './part-head.ts';
import type { UploadedFile } from './types.ts';

/** What a body holds: texts by name (the first of a name counts) and files by part name. */
export type Form = { args: Map<string, string>; files: Map<string, UploadedFile> };

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
  const part = partHeadOf(await readHeaders(reader, state));
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

async function readValue(reader: ByteReader, delimiter: Buffer, part: PartHead, state: State): Promise<void> {
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

function endedEarly(): ParserFailure {
  return new ParserFailure(400, 'Bad Request: the body ends within a part');
}
