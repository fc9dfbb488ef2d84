import type { AdPolicy } from '../../core/model.ts';
import type { ResumePoint, SourceInput } from '../../core/ports.ts';
import { createAdReader } from './ads.ts';
import { createMemory } from './counting.ts';
import type { MediaSegment } from './playlist.ts';
import { type Answer, type PollOptions, pollPlaylist } from './poller.ts';
import type { Prefetch } from './prefetch.ts';
import { fetchSegment } from './segments.ts';
import { type Following, type Joining, joinByHash, joinWindow, markJump, stepWindow } from './window.ts';

/** An edge that was found to lag this often is believed from then on. */
const doubts = 3;

type Context = {
  input: SourceInput;
  from: ResumePoint | undefined;
  options: PollOptions;
  prefetch: Prefetch;
  ads: AdPolicy;
};
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
  const memory = createMemory(from);
  const readAds = createAdReader(context.ads);
  let state: Following | undefined;
  let identity = from?.playlist;
  let lastQueued: MediaSegment | undefined;
  let doubtsLeft = doubts;

  /** Where this capture itself has come to, for joining anew when the counting began again. */
  const ownPoint = async (at: Following): Promise<ResumePoint> => {
    // What is still on its way has left the playlist for good.
    prefetch.slideTo(Number.POSITIVE_INFINITY);
    memory.forgetAddresses();
    const hashes = await memory.hashes();
    return { sequence: at.next - 1, playlist: identity ?? '', programDateTime: at.expectedAt, hashes };
  };

  const queue = (answer: Answer, at: Following, join?: Joined): void => {
    const { playlist } = answer;
    ({ identity } = answer);
    const step = stepWindow(at, playlist);
    // A window that was just joined is read from there, however small it is.
    if (step.kind === 'reset') return;
    state = step.state;
    // In place: what waits is fetched with the cookies of now.
    const { url, headers } = answer.input;
    Object.assign(context.input, { url, headers });
    memory.readdress(playlist.segments);
    if (step.kind === 'stale') return;
    for (const [index, listed] of step.segments.entries()) {
      const isHead = index === 0;
      const segment = isHead && !join ? markJump(lastQueued, listed) : { ...listed };
      const arrived = prefetch.add({
        segment,
        playlist: answer.identity,
        missing: isHead ? (join?.missing ?? step.missing) : undefined,
        opensTake: isHead && join ? { joined: join.joined } : undefined,
      });
      memory.remember(segment, arrived);
      lastQueued = segment;
    }
    prefetch.slideTo(playlist.segments[0]?.sequence ?? 0);
  };

  /** Whether the newest Media Segment of an answer that we know by its number holds other bytes than ours. */
  const isOther = async (segments: MediaSegment[]): Promise<boolean | undefined> => {
    const newest = segments.findLast(({ sequence }) => memory.hashOf(sequence) !== undefined);
    const known = memory.hashOf(newest?.sequence);
    if (!newest || !known) return undefined;
    const hash = (await hashesOf([newest], [], context)).get(newest.sequence);
    return hash === undefined ? undefined : hash !== known;
  };

  /**
   * An answer that went back, or names other addresses, is an edge with ways of its own, or a new broadcast that counts
   * from 0: by the time its numbers have caught up its beginning would be lost, so the first ones are looked into.
   */
  const isOtherBroadcast = async ({ playlist }: Answer): Promise<boolean> => {
    if (doubtsLeft === 0) return false;
    const other = await isOther(playlist.segments);
    if (other === false) doubtsLeft--;
    return other === true;
  };

  /** The stream lies elsewhere now (it was resolved anew, or its variant was lost): do its numbers mean the same? */
  const isCountedAnew = async (at: Following, answer: Answer): Promise<boolean> => {
    if (answer.identity === identity) return false;
    const here = { sequence: at.next - 1, playlist: answer.identity, programDateTime: at.expectedAt, hashes: [''] };
    // With a hash that nobody knows this joins at once only where the clocks agree.
    const byClock = joinWindow(here, answer.identity, answer.playlist);
    if (byClock.kind === 'join' && byClock.next >= at.next && !byClock.missing) return byClock.next !== at.next;
    return (await isOther(answer.playlist.segments)) !== false;
  };

  const isLost = async (at: Following, answer: Answer): Promise<boolean> => {
    const { kind } = stepWindow(at, answer.playlist);
    if (kind === 'reset' || (await isCountedAnew(at, answer))) return true;
    const isDoubtful = kind === 'stale' || memory.isRenamed(answer.playlist.segments);
    return isDoubtful && isOtherBroadcast(answer);
  };

  return async (asked) => {
    const answer = { ...asked, playlist: readAds(asked.text, asked.playlist) };
    if (state && !(await isLost(state, answer))) return queue(answer, state);
    const kept = state ? await ownPoint(state) : from;
    const join = await joinAt(kept, answer, context);
    if (!join) return;
    // It was only an edge that lagged: the counting is the same.
    const isSame = state !== undefined && join.joined && join.next === state.next && answer.identity === identity;
    queue(answer, { next: join.next, backwardCount: 0 }, isSame ? undefined : join);
  };
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
  const always = () => true;
  const fetching = { ...options, input, isGone: always, hasBegun: always };
  for (let end = segments.length; end > 0 && performance.now() < deadline; end -= probesAtOnce) {
    const some = segments.slice(Math.max(0, end - probesAtOnce), end);
    for (const fetched of await Promise.all(some.map((segment) => fetchSegment(segment, fetching))))
      if (fetched.isOk) hashes.set(fetched.segment.sequence, fetched.hash);
    if (some.some(({ sequence }) => known.includes(hashes.get(sequence) ?? ''))) break;
  }
  return hashes;
}
