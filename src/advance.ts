/** Everything that writes a state. The rule: lock row → transition → save → event → ring. */
export { type AdvanceContext, advance, ring, transition } from './advance/advance.ts';
export { cancelDelivery, retryDelivery } from './advance/delivery.ts';
export {
  type BroadcastFacts,
  closeWindows,
  endRendition,
  findLatestSession,
  markRenditionKept,
  openSession,
} from './advance/session.ts';
