/** States of a Session; the table is the code. Only `advance.ts` writes them. */
export const sessionStates = [
  'waiting',
  'starting',
  'recording',
  'reconnecting',
  'finishing',
  'ended',
  'failed',
] as const;
export type SessionState = (typeof sessionStates)[number];

export type SessionEvent =
  /** The announced broadcast went live. */
  | 'wentLive'
  /** A Segment is kept. */
  | 'segmentKept'
  /** Every capture of the Session lost its source; grace runs. */
  | 'sourceLost'
  /** The source said it ended, grace ran out, or nobody wants it any more. */
  | 'captureEnded'
  /** All captured bytes are kept; there is at least one Segment. */
  | 'allKept'
  /** Ended without one Segment. */
  | 'nothingCaptured'
  /** The announcement was withdrawn or ran out. */
  | 'withdrawn'
  /** A broadcast that was told of and that nobody records is over. */
  | 'noticeOver';

export const sessionTransitions: Record<SessionState, Partial<Record<SessionEvent, SessionState>>> = {
  waiting: { wentLive: 'starting', withdrawn: 'failed' },
  starting: {
    segmentKept: 'recording',
    sourceLost: 'reconnecting',
    captureEnded: 'finishing',
    noticeOver: 'ended',
  },
  recording: { segmentKept: 'recording', sourceLost: 'reconnecting', captureEnded: 'finishing' },
  reconnecting: { segmentKept: 'recording', sourceLost: 'reconnecting', captureEnded: 'finishing' },
  finishing: { segmentKept: 'finishing', captureEnded: 'finishing', allKept: 'ended', nothingCaptured: 'failed' },
  ended: {},
  failed: {},
};

/** Sessions that still capture; one Stream has at most one of them. */
export const activeSessionStates: SessionState[] = ['waiting', 'starting', 'recording', 'reconnecting'];
export const finalSessionStates: SessionState[] = ['ended', 'failed'];

/** Why a Session ends at `SESSION_HOURS`: its orders go on in the next one. */
export const changedOver = 'session_hours';
/** Why people end a recording whose broadcast goes on. */
export const stoppedReasons = ['stopped', 'cancelled', 'for_over'];
/** Why a Session ends that says nothing of its broadcast: one that is still seen live goes on in the next Session. */
const openReasons = [...stoppedReasons, changedOver, 'filtered', 'schedule_over', 'not_live', 'noticed'];
/** Where not a second could be had of a broadcast in a whole grace, it is tried again after this long. */
const triedAgainMs = 15 * 60_000;

/** Whether a broadcast that this Session was of, and that is seen live now, may go on in the next one. */
export function canGoOn(
  { state, endReason, endedAt }: { state: SessionState; endReason: string | null; endedAt: Date | null },
  now: Date,
): boolean {
  if (endReason !== 'grace_over') return openReasons.includes(endReason ?? '');
  return state !== 'failed' || endedAt === null || now.getTime() - endedAt.getTime() >= triedAgainMs;
}
