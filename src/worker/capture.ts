import { mkdir, rm } from 'node:fs/promises';
import { eq } from 'drizzle-orm';
import { endRendition, markRenditionKept } from '../advance.ts';
import type { App } from '../app.ts';
import { streamName } from '../core/card.ts';
import { FatalError } from '../core/errors.ts';
import type { Source, SourceInput } from '../core/ports.ts';
import { finalSessionStates } from '../core/session.ts';
import type { Lease } from '../db/leases.ts';
import { renditions } from '../db/schema.ts';
import { findRendition } from '../db/sessions.ts';
import { step } from '../lib/steps.ts';
import { slug } from '../media/safe-name.ts';
import { adoptSpools } from './adopt.ts';
import { captureWithGrace } from './grace.ts';
import { createKeeper, type Keeper } from './keeper.ts';
import { createPartBell } from './part-bell.ts';
import { settleProbation } from './probation.ts';
import { openSpoolLog, refuseSpool, type SpoolLog, spoolFolder } from './spool.ts';

/** What a capture needs from the supervisor. */
export type CaptureRun = {
  renditionId: number;
  lease: Lease;
  /** Aborted when the process stops or the lease is lost: hand over, change no state. */
  signal: AbortSignal;
  pickSource: (input: SourceInput) => Source;
};

type Loaded = NonNullable<Awaited<ReturnType<typeof findRendition>>>;

/**
 * Captures one Rendition until its source ends, nobody wants it any more, grace runs out, or `signal` hands it over.
 * The lease is already held.
 */
export async function captureRendition(app: App, run: CaptureRun): Promise<void> {
  const loaded = await findRendition(app.db, run.renditionId);
  if (!loaded || loaded.rendition.keptAt || finalSessionStates.includes(loaded.session.state)) return;
  const dir = spoolFolder(app, run.renditionId, run.lease.fence);
  await mkdir(dir, { recursive: true });
  step('capture.claimed');
  const keeper = openKeeper(app, run, loaded);
  const unwanted = watchForEnd(app, run.renditionId);
  const folders = [dir];
  try {
    const left = await adoptSpools(app, keeper, run);
    folders.push(...left.folders);
    if (!loaded.rendition.endedAt) {
      const signal = AbortSignal.any([run.signal, unwanted.signal, keeper.fenced]);
      const { pickSource } = run;
      const written = withLog(keeper, openSpoolLog(app, dir, left.point));
      const reason = await captureWithGrace(app, {
        ...loaded,
        lease: run.lease,
        keeper: written,
        dir,
        signal,
        pickSource,
      });
      await keeper.drained();
      step('capture.drained');
      if (reason) await endRendition(app, run.renditionId, reason, run.lease);
      step('capture.ended');
    }
    await keeper.drained();
    // Shutting down: the next owner goes on. Ended (by whomever): every byte is kept now.
    if ((!run.signal.aborted || unwanted.signal.aborted) && (await keeper.isOurs())) {
      await settleProbation(app, run);
      await markRenditionKept(app, run.renditionId, run.lease);
    }
    step('capture.marked');
  } finally {
    unwanted.close();
    // What waits is for the next owner on this data folder.
    if (!keeper.isBehind()) for (const path of folders) await rm(path, { recursive: true, force: true });
    else if (keeper.fenced.reason instanceof FatalError) for (const path of folders) await refuseSpool(path);
  }
}

/** Whatever is added is written down first: a file nobody knows of cannot be taken over. */
function withLog(keeper: Keeper, log: SpoolLog): Keeper {
  return {
    ...keeper,
    add: (item, origin) => {
      log.write(item, origin);
      keeper.add(item, origin);
    },
  };
}

function openKeeper(app: App, run: CaptureRun, { rendition, session, stream }: Loaded): Keeper {
  const name = slug(streamName(stream), 40);
  return createKeeper(app, {
    lease: run.lease,
    renditionId: rendition.id,
    sessionId: session.id,
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
