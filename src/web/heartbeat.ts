/**
 * Proxies end a connection that is silent for a minute. Source: nginx, proxy_read_timeout; HTML Standard, "Server-sent
 * events", authoring notes: a comment every 15 s.
 */
const heartbeatMs = 15_000;

/**
 * Writes a comment line, which browsers pass over, into a stream of events again and again.
 *
 * @returns what ends it
 */
export function startHeartbeat(
  stream: { write(text: string): Promise<unknown> },
  everyMs: number = heartbeatMs,
): () => void {
  const timer = setInterval(() => {
    // Whoever went away is heard of by the stream itself.
    stream.write(':\n\n').catch(() => undefined);
  }, everyMs);
  return () => clearInterval(timer);
}
