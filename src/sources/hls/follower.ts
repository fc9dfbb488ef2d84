import type { ResumePoint, SourceInput } from '../../core/ports.ts';
import type { MediaSegment } from './playlist.ts';
import { type Answer, type PollOptions, pollPlaylist } from './poller.ts';
import type { Prefetch } from './prefetch.ts';
import { fetchSegment } from './segments.ts';
import { type Following, type Joining, joinByHash, joinWindow, stepWindow } from './window.ts';

/** Hashes remembered for joining, as in a ResumePoint. */
const rememberedHashes = 30;

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
  let recent: Promise<string | undefined>[] = (from?.hashes ?? []).map((hash) => Promise.resolve(hash));

  /** Where this capture itself has come to, for joining anew when the counting began again. */
  const ownPoint = async (at: Following, identity: string): Promise<ResumePoint> => {
    // What is still on its way has left the playlist for good.
    prefetch.slideTo(Number.POSITIVE_INFINITY);
    const hashes = (await Promise.all(recent)).filter((hash) => hash !== undefined);
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
      const hash = prefetch.add({
        segment,
        playlist: identity,
        missing: isHead ? (join?.missing ?? step.missing) : undefined,
        opensTake: isHead && join ? { joined: join.joined } : undefined,
      });
      recent.push(hash);
    }
    recent = recent.slice(-rememberedHashes);
    prefetch.slideTo(playlist.segments[0]?.sequence ?? 0);
  };

  return async (answer) => {
    const step = state && stepWindow(state, answer.playlist);
    if (state && step && step.kind !== 'reset') return queue(answer, state);
    const kept = state ? await ownPoint(state, answer.identity) : from;
    const join = await joinAt(kept, answer, context);
    if (!join) return;
    // It was only an edge that lagged: the counting is the same.
    const isSame = state !== undefined && join.joined && join.next === state.next;
    queue(answer, { next: join.next, backwardCount: 0 }, isSame ? undefined : join);
  };
}

/** @returns undefined where the playlist shows nothing new yet */
async function joinAt(kept: ResumePoint | undefined, answer: Answer, context: Context): Promise<Joined | undefined> {
  const joining = joinWindow(kept, answer.identity, answer.playlist);
  if (joining.kind === 'join') return joining;
  if (joining.kind === 'wait' || !kept) return undefined;
  const hashes = await hashesOf(joining.segments, context);
  const decided = joinByHash(kept, answer.identity, answer.playlist, hashes);
  return decided.kind === 'join' ? decided : undefined;
}

/** Gets Media Segments only to know them; each is tried once. */
async function hashesOf(segments: MediaSegment[], { input, options }: Context): Promise<Map<number, string>> {
  const hashes = new Map<number, string>();
  for (const segment of segments) {
    const fetched = await fetchSegment(segment, { ...options, headers: input.headers, isGone: () => true });
    if (fetched.isOk) hashes.set(segment.sequence, fetched.hash);
  }
  return hashes;
}
