/** Reads a stream of bytes up to delimiters, holding no more than a chunk and a delimiter. */
export type ByteReader = {
  /**
   * Hands everything before the next `delimiter` to `sink` and skips the delimiter.
   * @returns false when the stream ended before a delimiter came
   */
  until(delimiter: Buffer, sink: (bytes: Buffer) => Promise<void> | void): Promise<boolean>;
  /** The next `count` bytes, fewer at the end of the stream. */
  take(count: number): Promise<Buffer>;
  /** Reads on to the end and drops it. */
  drain(): Promise<void>;
  /** Lets go of the stream without reading on. */
  close(): Promise<void>;
};

/** A reader of `body`; chunks are taken one at a time, so a slow sink slows the sender. */
export function byteReader(body: AsyncIterable<Buffer>): ByteReader {
  const chunks = body[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);

  async function more(): Promise<boolean> {
    const next = await chunks.next();
    if (next.done) return false;
    rest = rest.length === 0 ? next.value : Buffer.concat([rest, next.value]);
    return true;
  }

  /** Gives away what can no longer hold the beginning of a delimiter. */
  async function release(delimiter: Buffer, sink: (bytes: Buffer) => Promise<void> | void): Promise<void> {
    const count = rest.length - (delimiter.length - 1);
    if (count <= 0) return;
    const ready = rest.subarray(0, count);
    rest = rest.subarray(count);
    await sink(ready);
  }

  return {
    async until(delimiter, sink) {
      for (;;) {
        const at = rest.indexOf(delimiter);
        if (at >= 0) {
          const ready = rest.subarray(0, at);
          rest = rest.subarray(at + delimiter.length);
          if (ready.length > 0) await sink(ready);
          return true;
        }
        await release(delimiter, sink);
        if (!(await more())) return false;
      }
    },
    async take(count) {
      while (rest.length < count && (await more()));
      const taken = rest.subarray(0, count);
      rest = rest.subarray(count);
      return taken;
    },
    async drain() {
      do rest = Buffer.alloc(0);
      while (await more());
    },
    async close() {
      await chunks.return?.();
    },
  };
}
