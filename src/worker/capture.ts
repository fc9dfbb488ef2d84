import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eq } from 'drizzle-orm';
import { advance, endRendition, markRenditionKept, ring } from '../advance.ts';
import type { App } from '../app.ts';
import { errorText, TemporaryError, UserError } from '../core/errors.ts';
import type { Quality } from '../core/model.ts';
import type { SourceInput } from '../core/ports.ts';
import { finalSessionStates } from '../core/session.ts';
import { findAdPolicy } from '../db/ad-breaks.ts';
import { findEngine } from '../db/engine.ts';
import type { Lease } from '../db/leases.ts';
import { renditions } from '../db/schema.ts';
import { findResumePoint } from '../db/segments.ts';
import { findRendition } from '../db/sessions.ts';
import { step } from '../lib/steps.ts';
import { resolve } from '../media/resolve.ts';
import { slug } from '../media/safe-name.ts';
import { createKeeper, type Keeper } from './keeper.ts';
import { createPartBell } from './part-bell.ts';

/** What a capture needs from the supervisor. */
export type CaptureRun = {
  renditionId: number;
  lease: Lease;
  /** Aborted when the process stops or the lease is lost: hand over, change no state. */
  signal: AbortSignal;
  pickSource: (input: SourceInput) => import('../core/ports.ts').Source;
};

type Loaded = NonNullable<Awaited<ReturnType<typeof findRendition>>>;

/**
 * Captures one Rendition until its source ends, nobody wants it any more, grace runs out, or `signal` hands it over.
 * The lease is already held.
 */
export async function captureRendition(app: App, run: CaptureRun): Promise<void> {
  const loaded = await findRendition(app.db, run.renditionId);
  if (!loaded || loaded.rendition.keptAt || finalSessionStates.includes(loaded.session.state)) return;
  const dir = join(app.config.dataDir, 'spool', app.owner, `r${run.renditionId}-${run.lease.fence}`);
  await mkdir(dir, { recursive: true });
  step('capture.claimed');
  const keeper = openKeeper(app, run, loaded);
  const unwanted = watchForEnd(app, run.renditionId);
  try {
    if (!loaded.rendition.endedAt) {
      const signal = AbortSignal.any([run.signal, unwanted.signal, keeper.fenced]);
      const reason = await captureWithGrace(app, run, loaded, { keeper, dir, signal });
      await keeper.drained();
      step('capture.drained');
      if (reason) await endRendition(app, run.renditionId, reason);
      step('capture.ended');
    }
    await keeper.drained();
    // Shutting down: the next owner goes on. Ended (by whomever): every byte is kept now.
    if (!run.signal.aborted || unwanted.signal.aborted) await markRenditionKept(app, run.renditionId);
    step('capture.marked');
  } finally {
    unwanted.close();
    await rm(dir, { recursive: true, force: true });
  }
}

function openKeeper(app: App, run: CaptureRun, { rendition, session, stream }: Loaded): Keeper {
  const name = slug(stream.channel.replace(/^[a-z]+:\/\//, '').replace(/[?#].*$/, ''), 40);
  return createKeeper(app, {
    lease: run.lease,
    renditionId: rendition.id,
    sessionId: session.id,
    streamId: stream.id,
    keyPrefix: `sessions/${session.id}-${name}/${rendition.name}`,
    signal: run.signal,
    onKept: createPartBell(app, rendition.id),
  });
}

/** Aborts when the Rendition is ended by a command or a sweep; hears it at once and looks every few seconds. */
function watchForEnd(app: App, renditionId: number): { signal: AbortSignal; close(): void } {
  const ended = new AbortController();
  const look = async () => {
    const [row] = await app.db.select().from(renditions).where(eq(renditions.id, renditionId));
    if (!row || row.endedAt) ended.abort();
  };
  const onChange = () => void look().catch((err) => app.log.debug({ err }, 'cannot look for the end yet'));
  const unhear = app.bus.hear('renditions', (id) => (id === renditionId || id === 0) && onChange());
  const timer = setInterval(onChange, 3_000);
  return {
    signal: ended.signal,
    close: () => {
      unhear();
      clearInterval(timer);
    },
  };
}

type Capturing = { keeper: Keeper; dir: string; signal: AbortSignal };

/** @returns why the Rendition ended, or undefined where `signal` stopped it. */
async function captureWithGrace(app: App, run: CaptureRun, loaded: Loaded, to: Capturing): Promise<string | undefined> {
  let lostAt = loaded.session.state === 'reconnecting' ? performance.now() : undefined;
  for (let pauseMs = 500; ; pauseMs = Math.min(pauseMs * 2, 10_000)) {
    let gotSegments = false;
    try {
      gotSegments = await captureOnce(app, run, loaded, to);
      return to.signal.aborted ? undefined : 'source_ended';
    } catch (error) {
      if (to.signal.aborted) return undefined;
      if (error instanceof CaptureBroken) gotSegments = error.gotSegments;
      const cause = error instanceof CaptureBroken ? error.cause : error;
      if (isEnded(cause)) return 'source_ended';
      if (isHopeless(cause)) return cause.code;
      app.log.info({ err: cause, rendition: run.renditionId }, 'source lost');
      if (gotSegments) {
        lostAt = undefined;
        pauseMs = 500;
      }
      lostAt ??= performance.now();
      await tellLost(app, run.renditionId, loaded.session.id, cause);
      // Elapsed time is monotonic: a clock step must not end or stretch grace.
      if (performance.now() - lostAt + pauseMs > app.config.graceSeconds * 1000) return 'grace_over';
      await delay(pauseMs, undefined, { signal: to.signal }).catch(() => undefined);
      if (to.signal.aborted) return undefined;
    }
  }
}

class CaptureBroken extends Error {
  constructor(
    readonly gotSegments: boolean,
    cause: unknown,
  ) {
    super(errorText(cause), { cause });
  }
}

/** The site itself says that the broadcast is over. An offline answer may be a hiccup and runs through grace. */
function isEnded(error: unknown): boolean {
  return error instanceof UserError && ['stream_ended', 'stream_removed'].includes(error.code);
}

const hopelessCodes = new Set([
  'hls_drm',
  'hls_format_unsupported',
  'playlist_too_long',
  'protocol_unsupported',
  'codec_unsupported',
  'address_refused',
  'program_missing',
]);

/** What waiting will not mend: the Session ends at once and says why. */
function isHopeless(error: unknown): error is UserError {
  return error instanceof UserError && hopelessCodes.has(error.code);
}

async function captureOnce(app: App, run: CaptureRun, loaded: Loaded, to: Capturing): Promise<boolean> {
  let gotSegments = false;
  try {
    const engine = await findEngine(app.db, run.renditionId);
    const find = async (signal: AbortSignal): Promise<SourceInput> => {
      const options = { programs: app.config, allowPrivate: app.config.allowPrivateSources };
      const quality = loaded.rendition.name as Quality;
      return (await resolve(loaded.stream.url, { ...options, quality, engine, signal })).input;
    };
    const input = { ...(await find(to.signal)), renew: find };
    await to.keeper.drained();
    const from = await findResumePoint(app.db, run.renditionId);
    const source = run.pickSource(input);
    const items = source.open(input, from, {
      dir: to.dir,
      segmentMs: app.config.segmentSeconds * 1000,
      signal: to.signal,
      allowPrivate: app.config.allowPrivateSources,
      programs: app.config,
      ads: await findAdPolicy(app.db, run.renditionId),
    });
    for await (const item of items) {
      gotSegments ||= item.kind === 'segment';
      to.keeper.add(item);
    }
    return gotSegments;
  } catch (error) {
    if (isDiskFull(error)) await tellDiskFull(to.keeper);
    throw new CaptureBroken(gotSegments, error);
  }
}

function isDiskFull(error: unknown): boolean {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    if ('code' in e && (e.code === 'ENOSPC' || e.code === 'disk_full')) return true;
  }
  return false;
}

/** No byte left in the spool: what is missed until the next Segment is told as a Gap when it joins again. */
async function tellDiskFull(keeper: Keeper): Promise<void> {
  keeper.add({ kind: 'gap', cause: 'disk_full', lengthMs: 0 });
}

async function tellLost(app: App, renditionId: number, sessionId: number, cause: unknown): Promise<void> {
  const trouble = cause instanceof UserError || cause instanceof TemporaryError ? cause.code : 'internal';
  await app.db.update(renditions).set({ trouble }).where(eq(renditions.id, renditionId));
  await advance(app, 'sessions', sessionId, 'sourceLost', { lostAt: new Date() });
  await ring(app, 'renditions', renditionId);
}
