import type { RateScope } from './rates.ts';

/** Which calls a fault strikes: the first `times` (1) matching ones after `after` (0) have passed. */
type Match = {
  /** `POST /channels/:channel/messages` as the routes spell it, or an expression for the verb and the real path. */
  route: string | RegExp;
  times?: number;
  after?: number;
  /** The channel, guild, interaction or webhook in the path. */
  id?: string;
};

/**
 * What goes wrong. Without a word here it happens before the call is processed:
 * - `dropBefore`, `dropAfter`: the socket is destroyed without an answer; the second time the call was processed fully
 * - `delay`: processed after `ms`, whether the client still waits or not
 * - `error5xx`: `status` (500); `html502`: an answer of the front; `processed` (false): the call went through nevertheless
 * - `tooLarge`: 413 with 40005 once the body was read; `early413`: 413 at its head, and the connection
 *   closes; with `isCut` at once, which may cost the client the answer
 * - `flood`: 429 with `retryAfter` seconds (1), for the `scope` (`user`)
 * - `banned`: 429 as HTML of the front, without the headers of Discord
 * - `refuse`: any refusal by its status, code and text; `more` fields, e.g. `retry_after` of slow mode
 * - `slowBody`: the body is read at `bytesPerSecond`; `resetBody`: the connection is reset in its middle
 * - `run`: `fn` is called before processing, e.g. to kick the bot; goes with another fault on the same call
 */
export type FaultSpec = Match &
  (
    | { kind: 'dropBefore' | 'dropAfter' | 'tooLarge' | 'resetBody' | 'banned' }
    | { kind: 'early413'; isCut?: boolean }
    | { kind: 'error5xx'; status?: number; processed?: boolean }
    | { kind: 'html502'; processed?: boolean }
    | { kind: 'delay'; ms: number }
    | { kind: 'flood'; retryAfter?: number; scope?: RateScope }
    | { kind: 'refuse'; status: number; code: number; message: string; more?: Record<string, unknown> }
    | { kind: 'slowBody'; bytesPerSecond: number }
    | { kind: 'run'; fn: () => void | Promise<void> }
  );

/** A fault as it stands: `hits` counts the calls that it struck. */
export type Fault = { readonly spec: FaultSpec; hits: number };

/** `body` faults strike while a request is read, the others once it is a call. */
export type FaultStage = 'body' | 'call';

/** What a fault is matched with. */
export type Struck = { verb: string; route: string; path: string; ids: string[] };

export type Faults = {
  add(spec: FaultSpec): Fault;
  /** The faults that strike this call: every `run` that matches, and the first of the others. */
  strike(stage: FaultStage, called: Struck): FaultSpec[];
};

const bodyKinds = new Set<FaultSpec['kind']>(['early413', 'slowBody', 'resetBody']);

/** An empty list of faults. */
export function createFaults(): Faults {
  const faults: (Fault & { passed: number })[] = [];
  return {
    add(spec) {
      const fault = { spec, hits: 0, passed: 0 };
      faults.push(fault);
      return fault;
    },
    strike(stage, called) {
      const struck: FaultSpec[] = [];
      for (const fault of faults) {
        if (bodyKinds.has(fault.spec.kind) !== (stage === 'body') || !matches(fault.spec, called)) continue;
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

function matches({ route, id }: Match, called: Struck): boolean {
  const isRoute =
    typeof route === 'string'
      ? route === `${called.verb} ${called.route}`
      : route.test(`${called.verb} ${called.path}`);
  return isRoute && (id === undefined || called.ids.includes(id));
}
