/** Which calls a fault strikes: the first `times` (1) matching ones after `after` (0) have passed. */
type Match = {
  /** The documented spelling, or an expression for it. */
  method: string | RegExp;
  times?: number;
  after?: number;
  /** Not for faults in the body, which strike before the parameters are known. */
  chatId?: number | string;
};

/**
 * What goes wrong. Without a word here it happens before the call is processed:
 * - `dropBefore`, `dropAfter`: the socket is destroyed without an answer; the second time the call was processed fully
 * - `delay`: processed after `ms`, whether the client still waits or not
 * - `error500`, `html502`: an answer of the front; `processed` (false): the call went through nevertheless
 * - `empty413`: 413 without a body and the connection closes, as a local server does
 * - `flood`: 429 with `retryAfter` seconds (5); `floodAfter`: processed, then 429 with 5, as a server that shuts down does
 * - `partialAlbum`: only the first `keep` items are posted, the answer is 400 with `error` for the next item
 * - `messageIdZero`: auto-scheduled: the answer has message_id 0, the post appears at `publish()`
 * - `shownAs`: a new file is shown as another kind than it was sent as: one of sound alone, one without sound
 * - `slowBody`: the body is read at `bytesPerSecond`; `resetBody`: the connection is reset in its middle
 * - `diskFull`: the server cannot keep the file
 * - `restart`: 500 "restart"; `processed` (true)
 * - `run`: `fn` is called before processing, e.g. to kick the bot; goes with another fault on the same call
 */
export type FaultSpec = Match &
  (
    | { kind: 'dropBefore' | 'dropAfter' | 'empty413' | 'floodAfter' | 'messageIdZero' | 'resetBody' | 'diskFull' }
    | { kind: 'error500' | 'html502' | 'restart'; processed?: boolean }
    | { kind: 'delay'; ms: number }
    | { kind: 'shownAs'; as: 'audio' | 'animation' | 'document' }
    | { kind: 'flood'; retryAfter?: number }
    | { kind: 'partialAlbum'; keep: number; error?: string }
    | { kind: 'slowBody'; bytesPerSecond: number }
    | { kind: 'run'; fn: () => void | Promise<void> }
  );

/** A fault as it stands: `hits` counts the calls that it struck. */
export type Fault = { readonly spec: FaultSpec; hits: number };

/** `body` faults strike while a request is read, the others once it is a call. */
export type FaultStage = 'body' | 'call';

export type Faults = {
  add(spec: FaultSpec): Fault;
  /** The faults that strike this call: every `run` that matches, and the first of the others. */
  strike(stage: FaultStage, method: string, params?: Record<string, unknown>): FaultSpec[];
};

const bodyKinds = new Set<FaultSpec['kind']>(['empty413', 'slowBody', 'resetBody', 'diskFull']);

/** An empty list of faults. */
export function createFaults(): Faults {
  const faults: (Fault & { passed: number })[] = [];
  return {
    add(spec) {
      if (bodyKinds.has(spec.kind) && spec.chatId !== undefined) throw new Error(`${spec.kind} cannot know the chat`);
      const fault = { spec, hits: 0, passed: 0 };
      faults.push(fault);
      return fault;
    },
    strike(stage, method, params = {}) {
      const struck: FaultSpec[] = [];
      for (const fault of faults) {
        if (bodyKinds.has(fault.spec.kind) !== (stage === 'body') || !matches(fault.spec, method, params)) continue;
        const isTaken = fault.spec.kind !== 'run' && struck.some(({ kind }) => kind !== 'run');
        if (isTaken || fault.hits >= (fault.spec.times ?? 1)) continue;
        if (fault.passed++ < (fault.spec.after ?? 0)) continue;
        fault.hits++;
        struck.push(fault.spec);
      }
      return struck;
    },
  };
}

function matches({ method, chatId }: Match, called: string, params: Record<string, unknown>): boolean {
  const isMethod = typeof method === 'string' ? method === called : method.test(called);
  return isMethod && (chatId === undefined || String(chatId) === String(params['chat_id']));
}
