/** Everything that writes a state. The rule: lock row → transition → save → event → ring. */
export { type AdvanceContext, advance, ring, transition } from './advance/advance.ts';
export { type Alert, alertOperators } from './advance/alert.ts';
export { answerPost, answers } from './advance/answer.ts';
export { moveSource } from './advance/cross.ts';
export { cancelDelivery, retryDelivery, type retryKinds, type skipKinds } from './advance/delivery.ts';
export { leaveOut } from './advance/leave-out.ts';
export { endNoticed } from './advance/notice.ts';
export { releaseWithheld } from './advance/release-withheld.ts';
export { type BroadcastFacts, findLatestSession, openSession } from './advance/session.ts';
export { type Announcement, announceBroadcast, notLiveReason, withdrawOverdue } from './advance/waiting.ts';
export { closeWindows, endRendition, markRenditionKept } from './advance/windows.ts';
