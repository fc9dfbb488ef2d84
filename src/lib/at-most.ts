/** Runs what it is given, at most so many at once; the others wait in line, and leave it on abort. */
export type AtMost = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** @param count runs at once, 1 or more */
export function atMost(count: number): AtMost {
  let running = 0;
  const line: (() => void)[] = [];
  const next = () => {
    if (running < count) line.shift()?.();
  };
  return async (work, signal) => {
    signal.throwIfAborted();
    while (running >= count) {
      await turn(line, signal);
      // Its turn may have come at the same moment: it goes to the next.
      if (signal.aborted) next();
      signal.throwIfAborted();
    }
    running++;
    try {
      return await work();
    } finally {
      running--;
      next();
    }
  };
}

function turn(line: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      signal.removeEventListener('abort', quit);
      resolve();
    };
    // Aborted: the caller sees it by the signal, and its place in line is free.
    const quit = () => {
      const at = line.indexOf(go);
      if (at >= 0) line.splice(at, 1);
      resolve();
    };
    line.push(go);
    signal.addEventListener('abort', quit, { once: true });
  });
}
