import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DeliveryState,
  deliveryTransitions,
  finalDeliveryStates,
  postTransitions,
  uploadTransitions,
  worstDelivery,
} from '../../src/core/delivery.ts';
import { finalSessionStates, sessionTransitions } from '../../src/core/session.ts';

type Table = Record<string, Partial<Record<string, string>>>;

const machines: { name: string; table: Table; starts: string[]; finals: string[] }[] = [
  { name: 'Session', table: sessionTransitions, starts: ['waiting', 'starting'], finals: finalSessionStates },
  { name: 'Delivery', table: deliveryTransitions, starts: ['collecting'], finals: finalDeliveryStates },
  { name: 'Post', table: postTransitions, starts: ['planned'], finals: ['posted', 'skipped'] },
  // A staged Upload may be found lost and staged again; it is where an Upload rests.
  { name: 'Upload', table: uploadTransitions, starts: ['waiting'], finals: ['staged'] },
];

/** Every state that can follow these, themselves included. */
function reach(table: Table, from: string[]): Set<string> {
  const seen = new Set(from);
  for (const state of seen) for (const next of Object.values(table[state] ?? {})) if (next) seen.add(next);
  return seen;
}

describe.each(machines)('the states of a $name', ({ table, starts, finals }) => {
  const states = Object.keys(table);
  const events = [...new Set(states.flatMap((state) => Object.keys(table[state] ?? {})))];

  test('are all reachable', () => {
    expect([...reach(table, starts)].sort()).toEqual([...states].sort());
  });

  test('hold no trap: each leads to a final one', () => {
    for (const state of states)
      expect(
        finals.some((final) => reach(table, [state]).has(final)),
        state,
      ).toBe(true);
  });

  test('are left by no event once they are final, but for what is found lost or a person wants tried again', () => {
    const again = ['lost', 'reopened', 'released', 'retried', 'doubted'];
    for (const final of finals)
      expect(Object.keys(table[final] ?? {}).filter((event) => !again.includes(event))).toEqual([]);
  });

  test('stay in the table whatever events come', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...starts),
        fc.array(fc.constantFrom(...events), { maxLength: 50 }),
        (start, happened) => {
          let state = start;
          for (const event of happened) state = table[state]?.[event] ?? state;
          expect(states).toContain(state);
        },
      ),
    );
  });
});

test.each([
  [['done', 'paused'], 'paused'],
  [['done', 'posting'], 'posting'],
  [['posting', 'collecting'], 'collecting'],
  [['done', 'done'], 'done'],
] as [[DeliveryState, ...DeliveryState[]], DeliveryState][])('of %j a card tells %s', (states, worst) => {
  const [first, ...others] = states.map((state) => ({ state }));
  expect(worstDelivery([first ?? { state: 'done' }, ...others]).state).toBe(worst);
});
