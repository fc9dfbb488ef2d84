import { setTimeout as delay } from 'node:timers/promises';
import type { App } from '../app.ts';
import {
  claimShards,
  countMonitors,
  leaveShards,
  prepareShards,
  releaseShards,
  renewShards,
  shardCount,
  shardOf,
} from '../db/shards.ts';

/** The shards this monitor holds. */
export type Shards = {
  readonly held: ReadonlySet<number>;
  /** Whether a Stream is surely this monitor's own: its lease was renewed less than its length ago. */
  owns(streamId: number): boolean;
  /** Whether the leases are surely held; false while Postgres is away for longer than they last. */
  areSure(): boolean;
};

/** Called with what changed, before shards are given back. */
export type OnShards = (change: { gained: number[]; lost: number[] }) => Promise<void>;

type Holding = { owner: string; held: Set<number>; sureUntil: number; renewedAt: number; connectedSince: number };

/** Owner of the shards. Not that of the monitor's short leases, which must run out by themselves. */
const ownerOf = (app: App) => `${app.owner}/shards`;

/**
 * Holds this monitor's fair share of the shards until it is told to end: announces itself, renews, gives back what is
 * too much and claims what is free. A monitor that dies loses its shards after one lease; one that ends gives them back.
 */
export function holdShards(app: App, onChange: OnShards, signal: AbortSignal): { shards: Shards; done: Promise<void> } {
  const holding: Holding = {
    ...{ owner: ownerOf(app), held: new Set(), sureUntil: -Infinity, renewedAt: -Infinity },
    // A fresh start may claim at once.
    connectedSince: -Infinity,
  };
  const areSure = () => performance.now() < holding.sureUntil;
  const shards: Shards = {
    held: holding.held,
    areSure,
    owns: (streamId) => areSure() && holding.held.has(shardOf(streamId)),
  };
  return { shards, done: beat(app, holding, { onChange, signal }) };
}

type Hearing = { onChange: OnShards; signal: AbortSignal };

async function beat(app: App, holding: Holding, { onChange, signal }: Hearing): Promise<void> {
  let isPrepared = false;
  while (!signal.aborted) {
    try {
      if (!isPrepared) await prepareShards(app.db);
      isPrepared = true;
      await shareOut(app, holding, onChange);
    } catch (err) {
      if (!signal.aborted) app.log.warn({ err }, 'shards cannot be renewed; the next beat tries again');
      holding.connectedSince = performance.now();
    }
    await delay(app.config.sweepSeconds * 1000, undefined, { signal }).catch(() => undefined);
  }
  const lost = [...holding.held];
  holding.held.clear();
  await tell(app, onChange, { gained: [], lost });
  await leaveShards(app.db, holding.owner).catch((err) => app.log.debug({ err }, 'shards run out by themselves'));
}

/** One beat. Others may see this monitor late by a beat, so for so long a shard may have nobody: never two. */
async function shareOut(app: App, holding: Holding, onChange: OnShards): Promise<void> {
  const { owner, held } = holding;
  const leaseMs = app.config.leaseSeconds * 1000;
  if (performance.now() - holding.renewedAt >= leaseMs / 4) await renew(app, holding, onChange);
  const { monitors, freeShards } = await countMonitors(app.db);
  const fair = Math.ceil(shardCount / Math.max(1, monitors));
  const surplus = [...held].slice(fair);
  if (surplus.length > 0) {
    for (const shard of surplus) held.delete(shard);
    await tell(app, onChange, { gained: [], lost: surplus });
    await releaseShards(app.db, owner, surplus);
  }
  // After an outage of Postgres all leases have run out; each monitor gets the time to renew its own.
  const maySeize = performance.now() - holding.connectedSince >= leaseMs;
  const most = Math.min(fair - held.size, freeShards);
  if (most <= 0 || !maySeize) return;
  const gained = await claimShards(app.db, { owner, most, seconds: app.config.leaseSeconds });
  for (const shard of gained) held.add(shard);
  if (gained.length > 0) await tell(app, onChange, { gained, lost: [] });
}

async function renew(app: App, holding: Holding, onChange: OnShards): Promise<void> {
  const { owner, held } = holding;
  const { leaseSeconds } = app.config;
  const askedAt = performance.now();
  const wasSure = askedAt < holding.sureUntil;
  const kept = await renewShards(app.db, owner, leaseSeconds);
  holding.renewedAt = askedAt;
  holding.sureUntil = askedAt + leaseSeconds * 1000;
  const lost = [...held].filter((shard) => !kept.has(shard));
  // A claim whose answer was lost shows here; and nobody looked while it was not sure whose the shards are.
  const gained = [...kept].filter((shard) => !wasSure || !held.has(shard));
  for (const shard of lost) held.delete(shard);
  for (const shard of gained) held.add(shard);
  if (lost.length + gained.length > 0) await tell(app, onChange, { gained, lost });
}

async function tell(app: App, onChange: OnShards, change: { gained: number[]; lost: number[] }): Promise<void> {
  await onChange(change).catch((err) => app.log.error({ err }, 'a change of shards could not be followed'));
}
