import { type ByteReader, byteReader } from '../byte-reader.ts';
import { badField } from './api-error.ts';
import { type OpenFile, openFile, type StoredFile } from './file-store.ts';

/** What a multipart body holds: its JSON as text, and the files by the n of `files[n]`. */
export type Form = { json: string; files: Map<number, StoredFile>; strangers: string[] };

/** `maxFileBytes`: what goes over it is counted but not kept. */
export type FormOptions = { dir: string; maxFileBytes: number };

const headBytes = 1 << 14;
const jsonBytes = 1 << 22;

/**
 * Reads `payload_json` and `files[n]`; files go to disk as they come.
 *
 * @throws DiscordError 50035 for a body that is no multipart/form-data
 * Source: https://docs.discord.com/developers/reference#uploading-files
 */
export async function readMultipart(
  body: AsyncIterable<Buffer>,
  contentType: string,
  options: FormOptions,
): Promise<Form> {
  const [, quoted, plain] = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) throw malformed();
  const reader = byteReader(body);
  const form: Form = { json: '', files: new Map(), strangers: [] };
  try {
    if (!(await reader.until(Buffer.from(`--${boundary}`), () => {}))) throw malformed();
    const delimiter = Buffer.from(`\r\n--${boundary}`);
    while ((await reader.take(2)).toString('latin1') !== '--') await readPart(reader, delimiter, { form, options });
    await reader.drain();
  } finally {
    await reader.close();
  }
  return form;
}

function malformed() {
  return badField('', 'CONTENT_TYPE_INVALID', 'The multipart body cannot be read.');
}

type Reading = { form: Form; options: FormOptions };

async function readPart(reader: ByteReader, delimiter: Buffer, { form, options }: Reading): Promise<void> {
  const head = await textUntil(reader, Buffer.from('\r\n\r\n'), headBytes);
  const name = /;\s*name="([^"]*)"/i.exec(head)?.[1] ?? '';
  const fileName = /;\s*filename="((?:[^"\\]|\\.)*)"/i.exec(head)?.[1];
  const n = /^files\[(\d{1,3})\]$/.exec(name)?.[1];
  if (n !== undefined && fileName !== undefined) {
    const mimeType = /content-type:\s*([^\r\n]+)/i.exec(head)?.[1] ?? 'application/octet-stream';
    const file = await openFile(options.dir, nameOf(fileName), { mimeType, maxBytes: options.maxFileBytes });
    form.files.set(Number(n), await readFile(reader, delimiter, file));
    return;
  }
  const text = await textUntil(reader, delimiter, jsonBytes);
  if (name === 'payload_json') form.json = text;
  else form.strangers.push(name);
}

/** The file is closed, whether its part comes to an end or breaks off. */
async function readFile(reader: ByteReader, delimiter: Buffer, file: OpenFile): Promise<StoredFile> {
  let isWhole = false;
  try {
    isWhole = await reader.until(delimiter, (bytes) => file.write(bytes));
  } catch (error) {
    await file.close();
    throw error;
  }
  const stored = await file.close();
  if (!isWhole) throw malformed();
  return stored;
}

/** Clients write quotes and line breaks in names as the WHATWG says. */
function nameOf(fileName: string): string {
  return fileName.replaceAll('%22', '"').replaceAll(/%0[DA]/gi, ' ');
}

async function textUntil(reader: ByteReader, delimiter: Buffer, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const isWhole = await reader.until(delimiter, (bytes) => {
    sizeBytes += bytes.length;
    if (sizeBytes > maxBytes) throw malformed();
    chunks.push(bytes);
  });
  if (!isWhole) throw malformed();
  return Buffer.concat(chunks).toString('utf8');
}
