import { openSession } from '../../src/advance.ts';
import type { Platform, StreamStatus } from '../../src/core/ports.ts';
import { streams } from '../../src/db/schema.ts';
import type { TestApp } from '../support/app.ts';

/** A site whose people come back after the end of a stream, and of which the test says what is live. */
export type SeenPlatform = {
  /** What the site answers from now on for a channel: the first part of its path. */
  set(channel: string, status: Partial<StreamStatus>): void;
  /** A monitor looks and finds the channel live. @returns the Session, as `openSession` does */
  see(channel: string, facts?: Parameters<typeof openSession>[2]): Promise<number | undefined>;
  idOf(channel: string): Promise<number>;
};

/** Puts the site before all others; streams are addresses on 127.0.0.1, which nobody looks at but the test. */
export function seenPlatform({ app }: Pick<TestApp, 'app'>): SeenPlatform {
  const states = new Map<string, Partial<StreamStatus>>();
  const platform: Platform = {
    name: 'seen',
    everyMs: 60_000,
    batchSize: 100,
    checksAtOnce: 1,
    isEndFinal: false,
    match: (url) => ({ channel: url.pathname.split('/')[1] ?? '', url: url.href }),
    check: async (all) => all.map(({ id, channel }) => ({ state: 'offline', ...states.get(channel), streamId: id })),
  };
  app.platforms.unshift(platform);
  const idOf = async (channel: string) => {
    const row = (await app.db.select().from(streams)).find((stream) => stream.channel === channel);
    if (!row) throw new Error(`no stream ${channel}`);
    return row.id;
  };
  return {
    set: (channel, status) => void states.set(channel, status),
    see: async (channel, facts = {}) => openSession(app, await idOf(channel), facts),
    idOf,
  };
}
