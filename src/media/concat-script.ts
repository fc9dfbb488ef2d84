/**
 * An ffconcat script that opens one address: ffmpeg reads it from stdin, so that no process list shows the address.
 *
 * Source: https://ffmpeg.org/ffmpeg-formats.html#concat-1
 */
export function concatScript(url: string, options: Record<string, string> = {}): string {
  const lines = Object.entries(options).map(([name, value]) => `option ${name} ${quote(value)}`);
  return ['ffconcat version 1.0', `file ${quote(url)}`, ...lines, ''].join('\n');
}

/** Source: https://ffmpeg.org/ffmpeg-utils.html#Quoting-and-escaping */
function quote(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line break would begin another directive
  const line = text.replace(/[\u0000-\u001f]/g, '');
  return `'${line.replaceAll("'", "'\\''")}'`;
}
