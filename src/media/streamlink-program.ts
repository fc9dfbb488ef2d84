import { fileURLToPath } from 'node:url';
import type { CookieReader } from '../core/cookies.ts';
import { findPython } from '../lib/find-python.ts';
import { guardProxy } from '../lib/proxy.ts';

const script = fileURLToPath(new URL('./guarded-streamlink.py', import.meta.url));

export type StreamlinkOptions = {
  /** By name or path. */
  program: string;
  /** The address its cookies are for; it stands in `args`. */
  url: string;
  allowPrivate: boolean;
  cookies?: CookieReader | undefined;
};
/** `input` is written to its stdin. */
export type StreamlinkCommand = { command: string; args: string[]; env: Record<string, string>; input?: string };

/** With the interpreter of its installation the arguments come by stdin; a single binary takes them as a file does. */
export async function streamlinkCommand(
  args: string[],
  { program, url, allowPrivate, cookies }: StreamlinkOptions,
): Promise<StreamlinkCommand> {
  const { env } = await guardProxy(allowPrivate);
  const found = await findPython(program);
  if (!found) return { command: program, args, env };
  const path: Record<string, string> = found.pythonPath ? { PYTHONPATH: found.pythonPath } : {};
  return {
    command: found.python,
    args: [script],
    env: { ...env, ...path },
    input: `${JSON.stringify({ args, cookies: await cookies?.(url) })}\n`,
  };
}
