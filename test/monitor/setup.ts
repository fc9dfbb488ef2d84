import { randomUUID } from 'node:crypto';
import type { App } from '../../src/app.ts';
import { dispatch } from '../../src/commands/dispatch.ts';
import type { Platform, StreamRef, StreamStatus } from '../../src/core/ports.ts';
import { type CheckRow, findChecks } from '../../src/db/checks.ts';
import { streams } from '../../src/db/schema.ts';
import { pollUntil } from '../../src/monitor/poll.ts';
import { waitFor } from '../support/wait.ts';

/** A site whose channels are what the test says: else offline. What it is asked is written down. */
export function createSite(host: string, options: Partial<Platform> = {}) {
  const states = new Map<string, Partial<StreamStatus>>();
  const asked: { channel: string; by: string; at: number }[] = [];
  const statusOf = ({ id, channel }: StreamRef): StreamStatus => ({
    ...{ state: 'offline', ...states.get(channel) },
    streamId: id,
  });
  const site = {
    /** What is done in place of an answer. */
    check: async (list: StreamRef[], _signal: AbortSignal) => list.map(statusOf),
    statusOf,
    asked,
    asksOf: (channel: string) => asked.filter((ask) => ask.channel === channel),
    set: (channel: string, status: Partial<StreamStatus>) => void states.set(channel, status),
    /** The Platform as one monitor has it. */
    platform: (by = 'one'): Platform => ({
      ...{ name: host, everyMs: 60_000, batchSize: 100, checksAtOnce: 2, isEndFinal: true, ...options },
      match(url) {
        const channel = url.pathname.slice(1).toLowerCase();
        return url.hostname === host && channel ? { channel, url: `https://${host}/${channel}` } : undefined;
      },
      async check(list, signal) {
        for (const { channel } of list) asked.push({ channel, by, at: performance.now() });
        return site.check(list, signal);
      },
    }),
  };
  return site;
}
export type Site = ReturnType<typeof createSite>;

export type TestMonitor = { app: App; stop(): Promise<void> };

/** One more monitor on the same rows, with platforms of its own. */
export function startMonitor(app: App, platforms: Platform[], config: Partial<App['config']> = {}): TestMonitor {
  const mine: App = { ...app, platforms, owner: randomUUID(), config: { ...app.config, ...config } };
  const stopping = new AbortController();
  const done = pollUntil(mine, stopping.signal);
  return {
    app: mine,
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

const event = { kind: 'command', chat: { kind: 'telegram', chatId: '1' }, messageId: '1' } as const;
const user = { id: '1', name: 'a', isOwner: false };

/** Somebody types a command. */
export const say = (app: App, text: string) => dispatch(app, { ...event, user, text });

/** Watches channels of a site without the words of a person. @returns ids by channel */
export async function watchMany(app: App, platform: Platform, channels: string[]): Promise<Map<string, number>> {
  const chat = { ...app, platforms: [platform] };
  for (const channel of channels) await say(chat, `/watch https://${platform.name}/${channel}`);
  const rows = await app.db.select().from(streams);
  return new Map(rows.map(({ channel, id }) => [channel, id]));
}

/** Has a Stream looked at, and waits until that was written down or counted. */
export async function lookAt(app: App, site: Site, channel: string, streamId: number): Promise<CheckRow[]> {
  const before = site.asksOf(channel).length;
  await app.bus.tell('streams', streamId);
  await waitFor(() => site.asksOf(channel).length > before, { what: `a look at ${channel}` });
  const { state } = site.statusOf({ id: streamId, channel, platform: '', url: '' });
  return waitFor(
    async () => {
      const rows = (await findChecks(app.db, [streamId], 20)).get(streamId) ?? [];
      return rows[0]?.state === state ? rows : undefined;
    },
    { what: `a row of ${channel} that says ${state}` },
  );
}
