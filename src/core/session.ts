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
  | 'withdrawn';

export const sessionTransitions: Record<SessionState, Partial<Record<SessionEvent, SessionState>>> = {
  waiting: { wentLive: 'starting', withdrawn: 'failed' },
  starting: { segmentKept: 'recording', sourceLost: 'reconnecting', captureEnded: 'finishing' },
  recording: { segmentKept: 'recording', sourceLost: 'reconnecting', captureEnded: 'finishing' },
  reconnecting: { segmentKept: 'recording', sourceLost: 'reconnecting', captureEnded: 'finishing' },
  finishing: { segmentKept: 'finishing', captureEnded: 'finishing', allKept: 'ended', nothingCaptured: 'failed' },
  ended: {},
  failed: {},
};

/** Sessions that still capture; one Stream has at most one of them. */
export const activeSessionStates: SessionState[] = ['waiting', 'starting', 'recording', 'reconnecting'];
export const finalSessionStates: SessionState[] = ['ended', 'failed'];
