import type { ResumePoint, SourceInput } from '../../core/ports.ts';
import type { MediaSegment } from './playlist.ts';
import { type Answer, type PollOptions, pollPlaylist } from './poller.ts';
import type { Prefetch } from './prefetch.ts';
import { fetchSegment } from './segments.ts';
import { type Following, type Joining, joinByHash, joinWindow, stepWindow } from './window.ts';

/** Hashes remembered for joining, as in a ResumePoint. */
const rememberedHashes = 30;
/** An edge that was found to lag this often is believed from then on. */
const doubts = 3;

type Context = { input: SourceInput; from: ResumePoint | undefined; options: PollOptions; prefetch: Prefetch };
type Joined = Extract<Joining, { kind: 'join' }>;

/**
 * Follows a live playlist and queues each new Media Segment once, with what is missing before it. Ends the queue with
 * the playlist, or with the error that ended it. Never rejects.
 */
export async function followPlaylist(context: Context): Promise<void> {
  const { input, options, prefetch } = context;
  const follow = createFollower(context);
  try {
    for await (const answer of pollPlaylist(input, options)) await follow(answer);
    prefetch.end();
  } catch (error) {
    prefetch.end(error);
  }
}

function createFollower(context: Context): (answer: Answer) => Promise<void> {
  const { from, prefetch } = context;
  let state: Following | undefined;
  let recent: Remembered[] = rememberFrom(from);
  let doubtsLeft = doubts;

  /** Where this capture itself has come to, for joining anew when the counting began again. */
  const ownPoint = async (at: Following, identity: string): Promise<ResumePoint> => {
    // What is still on its way has left the playlist for good.
    prefetch.slideTo(Number.POSITIVE_INFINITY);
    const hashes = (await Promise.all(recent.map(({ arrived }) => arrived))).filter((hash) => hash !== undefined);
    return { sequence: at.next - 1, playlist: identity, programDateTime: at.expectedAt, hashes };
  };

  const queue = ({ playlist, identity }: Answer, at: Following, join?: Joined): void => {
    const step = stepWindow(at, playlist);
    // A window that was just joined is read from there, however small it is.
    if (step.kind === 'reset') return;
    state = step.state;
    if (step.kind === 'stale') return;
    for (const [index, segment] of step.segments.entries()) {
      const isHead = index === 0;
      const arrived = prefetch.add({
        segment,
        playlist: identity,
        missing: isHead ? (join?.missing ?? step.missing) : undefined,
        opensTake: isHead && join ? { joined: join.joined } : undefined,
      });
      recent.push(remember(segment.sequence, arrived));
    }
    recent = recent.slice(-rememberedHashes);
    prefetch.slideTo(playlist.segments[0]?.sequence ?? 0);
  };

  /**
   * An answer that went back is an edge that lags, or a new broadcast that counts from 0: by the time its numbers have
   * caught up its beginning would be lost, so the first ones are looked into.
   */
  const isOtherBroadcast = async (at: Following, { playlist }: Answer): Promise<boolean> => {
    const newest = playlist.segments.at(-1);
    const known = recent.findLast(({ sequence }) => sequence === newest?.sequence)?.hash;
    if (!newest || !known || newest.sequence >= at.next - 1 || doubtsLeft === 0) return false;
    const hash = (await hashesOf([newest], [], context)).get(newest.sequence);
    if (hash === known) doubtsLeft--;
    return hash !== undefined && hash !== known;
  };

  return async (answer) => {
    const step = state && stepWindow(state, answer.playlist);
    const isReset =
      step?.kind === 'reset' || (step?.kind === 'stale' && state && (await isOtherBroadcast(state, answer)));
    if (state && !isReset) return queue(answer, state);
    const kept = state ? await ownPoint(state, answer.identity) : from;
    const join = await joinAt(kept, answer, context);
    if (!join) return;
    // It was only an edge that lagged: the counting is the same.
    const isSame = state !== undefined && join.joined && join.next === state.next;
    queue(answer, { next: join.next, backwardCount: 0 }, isSame ? undefined : join);
  };
}

/** `hash` is there once the bytes are; `arrived` waits for it. */
type Remembered = { sequence: number; arrived: Promise<string | undefined>; hash?: string | undefined };

function remember(sequence: number, arrived: Promise<string | undefined>): Remembered {
  const remembered: Remembered = { sequence, arrived };
  void arrived.then((hash) => {
    remembered.hash = hash;
  });
  return remembered;
}

function rememberFrom(from: ResumePoint | undefined): Remembered[] {
  const hashes = from?.hashes ?? [];
  const first = (from?.sequence ?? 0) - hashes.length + 1;
  return hashes.map((hash, index) => ({ sequence: first + index, arrived: Promise.resolve(hash), hash }));
}

/** @returns undefined where the playlist shows nothing new yet */
async function joinAt(kept: ResumePoint | undefined, answer: Answer, context: Context): Promise<Joined | undefined> {
  const joining = joinWindow(kept, answer.identity, answer.playlist);
  if (joining.kind === 'join') return joining;
  if (joining.kind === 'wait' || !kept) return undefined;
  const hashes = await hashesOf(joining.segments, kept.hashes, context);
  const decided = joinByHash(kept, answer.identity, answer.playlist, hashes);
  return decided.kind === 'join' ? decided : undefined;
}

/** Hash probes at once, and how long all may take: the window slides meanwhile. */
const probesAtOnce = 3;
const probingMs = 15_000;

/** Gets Media Segments only to know them, newest first, each tried once, until one is found that is `known`. */
async function hashesOf(
  segments: MediaSegment[],
  known: string[],
  { input, options }: Context,
): Promise<Map<number, string>> {
  const hashes = new Map<number, string>();
  const deadline = performance.now() + probingMs;
  const fetching = { ...options, headers: input.headers, isGone: () => true };
  for (let end = segments.length; end > 0 && performance.now() < deadline; end -= probesAtOnce) {
    const some = segments.slice(Math.max(0, end - probesAtOnce), end);
    for (const fetched of await Promise.all(some.map((segment) => fetchSegment(segment, fetching))))
      if (fetched.isOk) hashes.set(fetched.segment.sequence, fetched.hash);
    if (some.some(({ sequence }) => known.includes(hashes.get(sequence) ?? ''))) break;
  }
  return hashes;
}
