/** Wakes a loop: by hand, by time, and at the end. */
export type Bell = {
  ring(): void;
  /** Returns at the next ring, at once where it rang since the last time. */
  heard(): Promise<void>;
  close(): void;
};

/** A bell that rings every so often by itself, and when the signal comes. */
export function createBell(everyMs: number, signal: AbortSignal): Bell {
  let isRung = false;
  let wake = () => {};
  const ring = () => {
    isRung = true;
    wake();
  };
  const timer = setInterval(ring, everyMs);
  signal.addEventListener('abort', ring, { once: true });
  return {
    ring,
    async heard() {
      if (!isRung) await new Promise<void>((resolve) => void (wake = resolve));
      isRung = false;
    },
    close() {
      clearInterval(timer);
      signal.removeEventListener('abort', ring);
    },
  };
}
