import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A program that speaks as yt-dlp does with `-J` and a batch file on stdin. */
export type AnsweringYtdlp = {
  path: string;
  /** What it prints from now on. */
  answer(page: unknown): Promise<void>;
  /** What it complains from now on, with exit code 1. */
  complain(text: string): Promise<void>;
  /** Addresses it was asked for, oldest first. */
  asked(): Promise<string[]>;
  close(): Promise<void>;
};

/** Until told otherwise it knows no site. */
export async function startAnsweringYtdlp(): Promise<AnsweringYtdlp> {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-ytdlp-'));
  const path = join(dir, 'yt-dlp');
  const script = `#!/bin/sh
cat >> '${dir}/asked'
if [ -s '${dir}/complaint' ]; then cat '${dir}/complaint' >&2; exit 1; fi
cat '${dir}/answer'
`;
  await writeFile(path, script, { mode: 0o755 });
  await appendFile(join(dir, 'asked'), '');
  const complain = (text: string) => writeFile(join(dir, 'complaint'), text);
  await complain('ERROR: Unsupported URL: https://example.com/');
  return {
    path,
    complain,
    answer: async (page) => {
      await writeFile(join(dir, 'answer'), JSON.stringify(page));
      await complain('');
    },
    asked: async () => (await readFile(join(dir, 'asked'), 'utf8')).split('\n').filter(Boolean),
    close: () => rm(dir, { recursive: true, force: true }),
  };
}
