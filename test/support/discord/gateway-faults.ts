/** Which events a fault strikes: the first `times` (1) matching ones after `after` (0) have passed. */
type Match = {
  /** `INTERACTION_CREATE`, `READY`, `RESUMED`, … or an expression for it; events of a replay are never struck. */
  event: string | RegExp;
  times?: number;
  after?: number;
};

/**
 * What goes wrong with an event:
 * - `dropBefore`, `dropAfter`: the socket ends without a close frame, before or after the event went out; it can be
 *   resumed, and then brings what is missing
 * - `duplicate`: the event comes twice, with two numbers
 * - `lose`: it never comes, not even by a RESUME
 * - `reconnect`: op 7 follows the event
 * - `zombie`: from the event on nothing comes and nothing is heard, while the socket stays open
 * - `invalidate`: the event comes, then the session is forgotten (op 9)
 * - `run`: `fn` is called before it goes out, e.g. to move the clock; goes with another fault on the same event
 */
export type GatewayFaultSpec = Match &
  (
    | { kind: 'dropBefore' | 'dropAfter' | 'duplicate' | 'lose' | 'reconnect' | 'zombie' | 'invalidate' }
    | { kind: 'run'; fn: () => void }
  );

/** A fault as it stands: `hits` counts the events that it struck. */
export type GatewayFault = { readonly spec: GatewayFaultSpec; hits: number };

export type GatewayFaults = {
  add(spec: GatewayFaultSpec): GatewayFault;
  /** Calls every `run` that matches and gives the first of the others. */
  strike(event: string): Exclude<GatewayFaultSpec['kind'], 'run'> | undefined;
};

/** An empty list of faults. */
export function createGatewayFaults(): GatewayFaults {
  const faults: (GatewayFault & { passed: number })[] = [];
  const isDue = (fault: GatewayFault & { passed: number }) =>
    fault.hits < (fault.spec.times ?? 1) && fault.passed++ >= (fault.spec.after ?? 0);
  return {
    add(spec) {
      const fault = { spec, hits: 0, passed: 0 };
      faults.push(fault);
      return fault;
    },
    strike(event) {
      let struck: Exclude<GatewayFaultSpec['kind'], 'run'> | undefined;
      for (const fault of faults) {
        const { spec } = fault;
        const isTaken = spec.kind !== 'run' && struck !== undefined;
        if (isTaken || !matches(spec.event, event) || !isDue(fault)) continue;
        fault.hits++;
        if (spec.kind === 'run') spec.fn();
        else struck = spec.kind;
      }
      return struck;
    },
  };
}

function matches(wanted: string | RegExp, event: string): boolean {
  return typeof wanted === 'string' ? wanted === event : wanted.test(event);
}
