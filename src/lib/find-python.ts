import { open, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** What runs a Python program: the interpreter, and for a program in one zip file the path to import from. `path`: of the program. */
export type PythonOf = { path: string; python: string; pythonPath?: string };

const headBytes = 1_024;
/** A line of `sh` that starts an interpreter whose path is too long for `#!`. Source: pip's script wrapper. */
const wrapped = /^'''exec' "?([^"\n]*python[\d.]*)"? "\$0"/m;
const direct = /^#!\s*(?:\/usr\/bin\/env\s+)?(\S*python[\d.]*)\s*$/m;

/** The interpreter of an installed Python program; undefined where it is no script (a single binary, a shim). */
export async function findPython(program: string): Promise<PythonOf | undefined> {
  const path = await findProgram(program);
  const head = path && (await readHead(path));
  if (!path || !head) return undefined;
  const [, python] = wrapped.exec(head) ?? direct.exec(head) ?? [];
  if (!python) return undefined;
  const isZip = head.includes('\nPK');
  return { path, python, ...(isZip ? { pythonPath: path } : {}) };
}

async function findProgram(program: string): Promise<string | undefined> {
  if (program.includes('/')) return program;
  for (const dir of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(dir, program);
    const found = dir && (await stat(path).catch(() => undefined));
    if (found && found.isFile()) return path;
  }
  return undefined;
}

async function readHead(path: string): Promise<string | undefined> {
  const file = await open(path).catch(() => undefined);
  if (!file) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}
