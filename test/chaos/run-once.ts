import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type SQL, sql } from 'drizzle-orm';
import { openDatabase } from '../../src/db/client.ts';
import { events } from '../../src/db/schema.ts';
import { waitFor } from '../support/wait.ts';
import { whatIsOpen } from '../support/what-is-open.ts';
import { type Findings, look } from './findings.ts';
import { type Fleet, type ProcessName, startFleet } from './fleet.ts';
import { endListening, hurry } from './hurry.ts';
import type { ChaosFault } from './schedule.ts';
import type { Servers } from './servers.ts';
import { buildStage, type Stage, type StageOptions } from './stage.ts';
import { lay, makeClocks, strike, wakeSleepers, withdraw } from './strike.ts';
import { createTimeLine, type TimeLine } from './time-line.ts';

export type RunResult = Findings & {
  /** What happened, line by line. */
  lines: string[];
  /** Where the time line and the logs of a run that broke a promise are kept. */
  keptIn?: string;
  /** Steps that were reached, by name. */
  reached: Set<string>;
  /** Steps of orders nobody came to. */
  unmet: string[];
  seconds: number;
};

/** A run that is not over by then is stuck; a loaded machine needs the most of it. */
const limitMs = 240_000;

/** Two recordings from order to last post while these faults strike, and what came of it. */
export async function runOnce(servers: Servers, faults: ChaosFault[], options: StageOptions = {}): Promise<RunResult> {
  const startedAt = performance.now();
  const timeLine = createTimeLine();
  const stage = await buildStage(options);
  const database = await servers.freshDatabase();
  const { db, close } = openDatabase(database.url, { max: 3 });
  const over = new AbortController();
  let fleet: Fleet | undefined;
  const clocks = await makeClocks(faults, stage.dir);
  const whole = { stage, servers, timeLine, clocks, fleet: () => fleet as Fleet };
  try {
    for (const folder of ['orders', 'taken']) await mkdir(join(stage.dir, folder));
    await lay(faults, whole);
    const env = { ...stage.env, DATABASE_URL: database.url, QUEUE_URL: servers.redis.url };
    const onEnd = (name: ProcessName) => void (name === 'bots' && endListening(db));
    const { reserve } = servers;
    fleet = await startFleet({ reserve, env, clocks, dir: stage.dir, timeLine, restartMs: 300, onEnd });
    const helping = [
      hurry(db, over.signal, options),
      wakeSleepers(faults, { ...whole, dir: stage.dir, signal: over.signal }),
    ];
    const stuck = await drive(db, whole, faults).then(
      () => undefined,
      (error: unknown) => `stuck: ${error instanceof Error ? error.message : String(error)}`,
    );
    if (stuck) await tellWhatIsOpen(db, servers, timeLine);
    const unmet = await withdraw(stage.dir);
    const left = await fleet.stop();
    over.abort();
    await Promise.all(helping);
    const findings = await look(db, stage);
    findings.faults.push(...left, ...(stuck ? [stuck] : []));
    findings.stuck += stuck ? 1 : 0;
    const reached = await tell(db, stage, timeLine);
    const seconds = (performance.now() - startedAt) / 1000;
    const result = { ...findings, lines: timeLine.lines(), reached, unmet, seconds };
    return findings.faults.length > 0 ? { ...result, keptIn: await keep(stage, result) } : result;
  } finally {
    over.abort();
    await fleet?.stop();
    await close();
    await database.drop();
    await stage.close();
  }
}

type Whole = Parameters<typeof strike>[1];
type Rows = ReturnType<typeof openDatabase>['db'];

/** Says what a person says, lets the streams run, and waits for the end. @throws Error for what did not come */
async function drive(db: Rows, whole: Whole, faults: ChaosFault[]): Promise<void> {
  const { stage, timeLine, fleet } = whole;
  const { chat, streams } = stage;
  const has = async (what: SQL) => (await db.execute(sql`select 1 from ${what} limit 1`)).length > 0;
  /** Gives an order, and again where nothing came of it for as long as a person waits. */
  const order = async (give: () => void, isDone: () => Promise<boolean>, what: string) => {
    give();
    let givenAt = performance.now();
    const look = async () => {
      if (await isDone()) return true;
      if (performance.now() - givenAt < chat.patienceMs) return false;
      givenAt = performance.now();
      give();
      return false;
    };
    await waitFor(look, { what, timeoutMs: limitMs, everyMs: 100 });
  };
  const [first, second] = streams.map(({ url }) => url) as [string, string];
  const isAdded = () => has(sql`targets where name = 'archive'`);
  const isRecorded = (url: string) => () =>
    has(sql`sessions join streams on streams.id = sessions.stream_id where streams.url = ${url}`);
  await waitFor(() => chat.isReady(), { what: 'the bot', timeoutMs: limitMs });
  await order(() => chat.addTarget(stage.limitBytes), isAdded, 'the target');
  await Promise.all([
    order(() => chat.record(first, 'archive'), isRecorded(first), 'the first session'),
    order(() => chat.record(second), isRecorded(second), 'the second session'),
  ]);
  timeLine.note('both recordings are ordered');
  for (const stream of streams) stream.resume();
  const striking = strike(faults, whole);
  striking.catch((error: unknown) => timeLine.note(`a fault could not strike: ${String(error)}`));
  const publishing = setInterval(() => chat.settle(), 1_000);
  try {
    await waitUntilOver(db);
    await striking;
    fleet().calm();
    // A late fault may have found something that was not settled yet.
    await waitUntilOver(db);
  } finally {
    clearInterval(publishing);
    await striking.catch(() => undefined);
  }
  timeLine.note('all is delivered');
  await delay(300);
}

class GivenUp extends Error {}

/** Errors of Postgres being away pass. @throws Error where it does not come to an end */
async function waitUntilOver(db: Rows): Promise<void> {
  let givenUp: GivenUp | undefined;
  const look = async () => {
    const isDone = await isOver(db).catch((error: unknown) => {
      if (!(error instanceof GivenUp)) throw error;
      givenUp = error;
      return true;
    });
    return isDone;
  };
  await waitFor(look, { what: 'the end of all deliveries', timeoutMs: limitMs, everyMs: 100 });
  if (givenUp) throw givenUp;
}

/** @throws GivenUp where something was given up for good: waiting will not mend it */
async function isOver(db: Rows): Promise<boolean> {
  const [row] = await db.execute<{ open: number; done: number; paused: number }>(sql`select
    (select count(*) from deliveries where state = 'paused')::int as paused,
    (select count(*) from deliveries where state = 'done')::int as done,
    (select count(*) from deliveries where state not in ('done', 'cancelled'))::int
      + (select count(*) from posts where state not in ('posted', 'skipped', 'failed'))::int
      + (select count(*) from uploads where state not in ('staged', 'failed'))::int
      + (select count(*) from sessions where state not in ('ended', 'failed'))::int
      + (select count(*) from notices where said_at is null and chat_kind <> 'web')::int
      + (select count(*) from inbox where handled_at is null or (reply is not null and replied_at is null))::int as open`);
  if (row && row.paused > 0) throw new GivenUp('a delivery is paused');
  return row?.open === 0 && row.done > 0;
}

/** Adds to the time line what processes, Telegram and rows wrote down. @returns the steps that were reached */
async function tell(db: Rows, stage: Stage, timeLine: TimeLine): Promise<Set<string>> {
  const reached = new Set<string>();
  const log = await readFile(join(stage.dir, 'log'), 'utf8').catch(() => '');
  for (const [, at, name, what = ''] of log.matchAll(/^(\d+) (\w+) (.*)$/gm)) {
    reached.add(what);
    if (!what.startsWith('sweep.') && what !== 'queue.added') timeLine.note(`${name}: ${what}`, Number(at));
  }
  for (const { at, text } of stage.chat.calls()) timeLine.note(text, at);
  const told = await db.select().from(events);
  for (const { at, kind, subjectId, data } of told)
    timeLine.note(`row: ${kind} ${subjectId} ${JSON.stringify(data)}`, at.getTime());
  return reached;
}

/** What a run that is stuck waits for: rows, and jobs that the queue holds. */
async function tellWhatIsOpen(db: Rows, { redis }: Servers, timeLine: TimeLine): Promise<void> {
  const lines = [...(await whatIsOpen(db)), ...(await redis.jobs())];
  for (const line of lines) timeLine.note(`open: ${line}`);
}

async function keep(stage: Stage, { faults, lines }: { faults: string[]; lines: string[] }): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'aircheck-chaos-failed-'));
  await writeFile(join(dir, 'time-line.txt'), `${faults.join('\n')}\n\n${lines.join('\n')}\n`);
  await cp(join(stage.dir, 'logs'), join(dir, 'logs'), { recursive: true });
  return dir;
}
