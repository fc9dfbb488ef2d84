import { fileURLToPath } from 'node:url';
import type { CookieReader } from '../core/cookies.ts';
import { findPython } from '../lib/find-python.ts';
import { writePrivateFile } from '../lib/private-file.ts';
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
/** `input` is written to its stdin; `close` once it has ended. */
export type StreamlinkCommand = {
  command: string;
  args: string[];
  env: Record<string, string>;
  input?: string;
  close(): Promise<void>;
};

/**
 * No process list shows the arguments: with the interpreter of its installation they come by stdin, to a single binary as a
 * file that only this user reads; that one is given no cookies.
 *
 * @param args options, then `--`, the address and the names of the streams
 */
export async function streamlinkCommand(
  args: string[],
  { program, url, allowPrivate, cookies }: StreamlinkOptions,
): Promise<StreamlinkCommand> {
  const { env } = await guardProxy(allowPrivate);
  const found = await findPython(program);
  if (!found) {
    const file = await writePrivateFile(argumentFile(args));
    return { command: program, args: [`@${file.path}`], env, close: file.remove };
  }
  const path: Record<string, string> = found.pythonPath ? { PYTHONPATH: found.pythonPath } : {};
  return {
    command: found.python,
    args: [script],
    env: { ...env, ...path },
    input: `${JSON.stringify({ args, cookies: await cookies?.(url) })}\n`,
    close: async () => undefined,
  };
}

/** An option per line, without its dashes. Source: https://streamlink.github.io/cli/config.html#syntax */
function argumentFile(args: string[]): string {
  const [options, [url, streams]] = [args.slice(0, args.indexOf('--')), args.slice(args.indexOf('--') + 1)];
  const lines: string[] = [];
  for (const each of options) {
    if (each.startsWith('--')) lines.push(each.slice(2));
    else lines.push(`${lines.pop()}=${each}`);
  }
  lines.push(`url=${url}`, ...(streams ? [`default-stream=${streams}`] : []));
  return lines.map((line) => `${line.replaceAll(/[\r\n]/g, '')}\n`).join('');
}
