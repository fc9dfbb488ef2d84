const unitMs: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };

/** `2h`, `1h30m`, `90m`, `45s`, `30d`, `1:30:00` in milliseconds; undefined where it is none of these or 0. */
export function parseDuration(text: string): number | undefined {
  const clock = /^(\d+):([0-5]?\d)(?::([0-5]?\d))?$/.exec(text);
  if (clock) {
    const [, a = '0', b = '0', c] = clock;
    const seconds = c === undefined ? Number(a) * 60 + Number(b) : Number(a) * 3600 + Number(b) * 60 + Number(c);
    return seconds * 1000 || undefined;
  }
  if (!/^(\d+[dhms])+$/i.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit = ''] of text.toLowerCase().matchAll(/(\d+)([dhms])/g))
    total += Number(amount) * (unitMs[unit] ?? 0);
  return total || undefined;
}

/** `1:02:03` or `2:03`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

const sizeUnits: Record<string, number> = { '': 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, mib: 2 ** 20, gib: 2 ** 30 };

/** `50MB`, `1.5 GB`, `20MiB` in bytes; undefined where it is none of these. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text) ?? [];
  const factor = sizeUnits[unit.toLowerCase()];
  return amount && factor ? Math.round(Number(amount) * factor) : undefined;
}

/** `48.2 MB`, in units of 1000. */
export function formatSize(bytes: number): string {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
