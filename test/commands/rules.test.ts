import { asc, eq } from 'drizzle-orm';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closeWindows, openSession } from '../../src/advance.ts';
import type { App } from '../../src/app.ts';
import { dispatch } from '../../src/commands/dispatch.ts';
import { checks, deliveries, events, notices, sessions, watches } from '../../src/db/schema.ts';
import { applyRules } from '../../src/monitor/apply-rules.ts';
import { openQuietApp } from './quiet-app.ts';
import { steeredPlatform } from './steered-platform.ts';

const site = steeredPlatform('site.example');
let app: App;
beforeAll(async () => {
  const quiet = await openQuietApp(site.platform);
  app = quiet.app;
  return quiet.close;
});

let count = 0;
let chatId = '';
let channel = '';
beforeEach(() => {
  count++;
  chatId = `chat${count}`;
  channel = `show${count}`;
});

async function say(text: string, chat = chatId): Promise<string> {
  const user = { id: '1', name: 'a', isOwner: false };
  const address = { kind: 'telegram' as const, chatId: chat };
  const reply = await dispatch(app, { kind: 'command', chat: address, user, text, messageId: String(++count) });
  return reply?.text ?? '';
}
const idIn = (text: string) => Number(/\bw(\d+)/.exec(text)?.[1]);
const link = () => `https://site.example/${channel}`;
const streamOf = async (watchId: number) => (await watchRow(watchId)).streamId;
async function watchRow(watchId: number) {
  const [row] = await app.db.select().from(watches).where(eq(watches.id, watchId));
  if (!row) throw new Error('no such order');
  return row;
}
const windowsOf = (watchId: number) =>
  app.db.select().from(deliveries).where(eq(deliveries.watchId, watchId)).orderBy(asc(deliveries.id));
const reasonsOf = async (watchId: number) =>
  (await windowsOf(watchId)).map(({ closedAt, closeReason }) => (closedAt ? closeReason : 'open'));
const look = (streamId: number, state: string) => app.db.insert(checks).values({ streamId, state });

describe('filters', () => {
  test('decide whether a broadcast is recorded, and again whenever it is renamed', async () => {
    const reply = await say(`/watch ${link()} title="/speed ?run/" not-category="just chatting"`);
    expect(reply).toContain('Only: title /speed ?run/ · category not just chatting.');
    const id = idIn(reply);
    const streamId = await streamOf(id);
    const live = (title: string, category = 'Celeste') =>
      openSession(app, streamId, { broadcastId: 'b1', title, category });
    expect(await live('Morning talk')).toBeUndefined();
    expect(await app.db.select().from(sessions).where(eq(sessions.streamId, streamId))).toEqual([]);
    const first = await live('SPEEDRUN of the day');
    await applyRules(app);
    expect(await reasonsOf(id)).toEqual(['open']);
    await live('SPEEDRUN of the day', 'Just Chatting');
    await applyRules(app);
    expect(await reasonsOf(id)).toEqual(['filtered']);
    expect(await live('SPEEDRUN of the day', 'Just Chatting')).toBeUndefined();
    const second = await live('speed run, part 2');
    expect(second).toBeGreaterThan(first ?? 0);
    expect(await reasonsOf(id)).toEqual(['filtered', 'open']);
    const [next] = await app.db
      .select()
      .from(sessions)
      .where(eq(sessions.id, second ?? 0));
    expect(next).toMatchObject({ continuesId: first, broadcastId: 'b1' });
  });

  test('close the window of one chat while another goes on, and open it again in the same recording', async () => {
    const id = idIn(await say(`/watch ${link()} title=run`));
    const other = idIn(await say(`/watch ${link()}`, 'other'));
    const streamId = await streamOf(id);
    const titles = ['a run', 'a talk', 'a talk', 'a run again'];
    const opened = [];
    for (const title of titles) {
      opened.push(await openSession(app, streamId, { broadcastId: 'b2', title }));
      await applyRules(app);
    }
    expect(new Set(opened).size).toBe(1);
    expect(await reasonsOf(id)).toEqual(['filtered', 'open']);
    expect(await reasonsOf(other)).toEqual(['open']);
  });

  test('a recording that a person stopped stays so, though it was closed by rules for others', async () => {
    const id = idIn(await say(`/watch ${link()}`));
    const other = idIn(await say(`/watch ${link()} title=run`, 'other'));
    const streamId = await streamOf(id);
    const live = (title: string) => openSession(app, streamId, { broadcastId: 'b3', title });
    await look(streamId, 'live');
    await live('a run');
    await say('/stop');
    expect(await reasonsOf(id)).toEqual(['stopped']);
    await live('a talk');
    await applyRules(app);
    await live('a run');
    expect(await reasonsOf(other)).toEqual(['filtered', 'open']);
    expect(await reasonsOf(id)).toEqual(['stopped']);
    expect(await say(`/status w${id}`)).toContain('stopped by hand');
    await say(`/watch ${link()}`);
    await live('a run');
    expect(await reasonsOf(id)).toEqual(['stopped', 'open']);
    // Another broadcast is no reason to wait until it was offline.
    await say('/stop');
    await say(`/stop ${link()}`, 'other');
    expect(await live('a run')).toBeUndefined();
    expect(await openSession(app, streamId, { broadcastId: 'b4', title: 'a run' })).toBeDefined();
    expect(await reasonsOf(id)).toEqual(['stopped', 'stopped', 'open']);
  });
});

describe('times', () => {
  const at = (text: string) => new Date(text);
  /** As if the order had been given in the year 2026. */
  const orderedIn2026 = (id: number) =>
    app.db
      .update(watches)
      .set({ createdAt: at('2026-01-01T00:00Z') })
      .where(eq(watches.id, id));

  test('a window that ends closes the recording; the zone is that of the chat', async () => {
    expect(await say('/timezone Europe/Berlin')).toContain('meant in Europe/Berlin from now on');
    const reply = await say(`/watch ${link()} schedule="mon-fri 20:00-23:30, sat 18:00-02:00"`);
    expect(reply).toMatch(/Only: Mon–Fri 20:00–23:30, Sat 18:00–02:00 Europe\/Berlin, next: \w{3} \d+ \w+ (20|18):00/);
    const id = idIn(reply);
    expect(await say('/timezone America/New_York')).toContain(`The schedules of w${id} follow.`);
    expect((await watchRow(id)).rules).toMatchObject({ timeZone: 'America/New_York' });
    const streamId = await streamOf(id);
    await app.db
      .update(watches)
      .set({ rules: { schedule: [{ days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 0, toMinute: 1440 }], timeZone: 'UTC' } })
      .where(eq(watches.id, id));
    await openSession(app, streamId);
    await applyRules(app);
    expect(await reasonsOf(id)).toEqual(['open']);
    const [tomorrow] = [new Date(Date.now() + 86_400_000).getUTCDay() || 7];
    await app.db
      .update(watches)
      .set({ rules: { schedule: [{ days: [tomorrow], fromMinute: 0, toMinute: 1440 }], timeZone: 'UTC' } })
      .where(eq(watches.id, id));
    await applyRules(app);
    expect(await reasonsOf(id)).toEqual(['schedule_over']);
    expect(await openSession(app, streamId)).toBeUndefined();
    expect(await say(`/status w${id}`)).toMatch(/outside its times until \w{3} \d+ \w+ \d\d:00 America/);
  });

  test('/record at= does not look now, waits inside its time, and is told once where nothing was live', async () => {
    const reply = await say(`/record ${link()} at=2030-12-24T20:00 for=2h`);
    expect(reply).toContain(`I record ${channel}`);
    expect(reply).toContain('Tue 24 Dec 2030 20:00–22:00 UTC');
    const id = idIn(reply);
    expect(idIn(await say(`/record ${link()} at=2030-12-24T20:00 for=2h`))).toBe(id);
    expect(idIn(await say(`/record ${link()} at=2030-12-25T20:00 for=2h`))).not.toBe(id);
    expect(await openSession(app, await streamOf(id))).toBeUndefined();
    await applyRules(app, at('2030-12-24T21:59Z'));
    expect((await watchRow(id)).endedAt).toBeNull();
    for (const minute of ['00', '01']) await applyRules(app, at(`2030-12-24T22:${minute}Z`));
    expect((await watchRow(id)).endedAt).not.toBeNull();
    const said = await app.db.select().from(notices).where(eq(notices.chatId, chatId));
    expect(said.map(({ text }) => text)).toEqual([
      `${channel} was not live Tue 24 Dec 20:00–22:00 UTC, so w${id} recorded nothing then.`,
    ]);
    const told = await app.db.select().from(events).where(eq(events.subjectId, id));
    expect(told.filter(({ kind }) => kind === 'watch.missed')).toHaveLength(1);
  });

  test('/record at= records what is live in its time, to its end with for=, else to the end of the broadcast', async () => {
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString().slice(0, 16);
    const timed = idIn(await say(`/record ${link()} at=${hourAgo} for=2h`));
    const open = idIn(await say(`/record ${link()} at=${hourAgo} quality=480p`));
    await openSession(app, await streamOf(timed), { broadcastId: 'b9' });
    for (const hours of [0, 2, 9]) {
      await applyRules(app, new Date(Date.now() + hours * 3_600_000));
      expect(await reasonsOf(timed)).toEqual([hours === 0 ? 'open' : 'schedule_over']);
      expect(await reasonsOf(open)).toEqual(['open']);
    }
    expect((await watchRow(timed)).endedAt).not.toBeNull();
    expect((await watchRow(open)).endedAt).toBeNull();
    expect(await app.db.select().from(notices).where(eq(notices.chatId, chatId))).toEqual([]);
  });

  test('/record every= stands, tells of each window that passes, and of none that was recorded', async () => {
    const reply = await say(`/record ${link()} at=20:00 for=2h every=mon,thu`);
    expect(reply).toContain('Mon, Thu 20:00–22:00 UTC, next: ');
    const id = idIn(reply);
    await orderedIn2026(id);
    await applyRules(app, at('2026-03-02T22:00Z'));
    const [delivery] = await recordIn(id, at('2026-03-05T20:00Z'), at('2026-03-05T21:00Z'));
    expect(delivery).toBeDefined();
    await applyRules(app, at('2026-03-05T22:00Z'));
    await applyRules(app, at('2026-03-09T22:00Z'));
    const said = await app.db.select().from(notices).where(eq(notices.chatId, chatId)).orderBy(asc(notices.id));
    expect(said.map(({ text }) => /\w{3} \d+ Mar/.exec(text)?.[0])).toEqual(['Mon 2 Mar', 'Mon 9 Mar']);
    expect((await watchRow(id)).endedAt).toBeNull();
  });

  /** A window of that order from one moment to another. */
  async function recordIn(watchId: number, createdAt: Date, closedAt: Date) {
    const { rules } = await watchRow(watchId);
    await app.db.update(watches).set({ rules: {} }).where(eq(watches.id, watchId));
    await openSession(app, await streamOf(watchId));
    await app.db.update(watches).set({ rules }).where(eq(watches.id, watchId));
    const rows = await windowsOf(watchId);
    await closeWindows(
      app,
      rows.map((row) => row.id),
      'source_ended',
    );
    return app.db.update(deliveries).set({ createdAt, closedAt }).where(eq(deliveries.watchId, watchId)).returning();
  }

  test.each([
    ['/record URL every=mon', 'I need the time too'],
    ['/record URL at=2030-12-24T20:00 every=mon', 'A date is one day'],
    ['/record URL at=2020-12-24T20:00 for=2h', 'is over already'],
    ['/watch URL cross=URL', 'names the same stream'],
    ['/timezone Berlin', 'like Europe/Berlin'],
  ])('%s is refused', async (text, sentence) => {
    expect(await say(text.replaceAll('URL', link()))).toContain(sentence);
  });

  test('an order for all hours is not made one for some', async () => {
    const id = idIn(await say(`/watch ${link()}`));
    expect(await say(`/record ${link()} at=20:00 every=daily`)).toContain(`/unwatch w${id}`);
    expect((await watchRow(id)).rules).toEqual({});
  });
});

describe('what is shown', () => {
  test('why nothing is recorded, for each order of an idle chat', async () => {
    const text = await say(`/watch ${link()} title=run keep=30d split=title waiting=on`);
    const id = idIn(text);
    const streamId = await streamOf(id);
    expect(await say('/list')).toContain(
      `w${id} ${channel} (best) · title run · a part for each title · files kept 30 days`,
    );
    expect(await say('/status')).toContain('Nothing is being recorded. What is watched:');
    await look(streamId, 'offline');
    expect(await say('/status')).not.toContain('filtered');
    await look(streamId, 'live');
    expect(await say('/status')).toContain('filtered: the site tells no title yet');
    expect(await say(`/pause w${id}`)).toContain(`w${id} rests`);
    expect(await say(`/pause w${id}`)).toContain('paused already');
    expect(await say('/status')).toContain(`paused; /resume w${id}`);
    expect(await say(`/resume w${id}`)).toContain(`w${id} goes on`);
    expect(await say(`/resume w${id}`)).toContain('Nothing is paused');
    await openSession(app, streamId, { title: 'a run' });
    expect(await say(`/status w${id}`)).toMatch(/title run[^]*\n\ns\d+ a run \(best\)\nstarting/);
  });
});
