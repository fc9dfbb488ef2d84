import { sql } from 'drizzle-orm';
import { type Database, openDatabase } from '../../src/db/client.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { startTwitch, type TwitchServer } from '../../test/support/twitch/server.ts';

/** A database and a Twitch with so many watched channels. */
export type BenchWorld = { db: Database; twitch: TwitchServer; url: string; close(): Promise<void> };

const logins = (count: number) => Array.from({ length: count }, (_, index) => `channel_${index}`);

/** A new database on this server, and a new Twitch; every channel has one standing order. */
export async function createBenchWorld(serverUrl: string, channelCount: number): Promise<BenchWorld> {
  const name = `bench_${channelCount}`;
  const server = openDatabase(serverUrl, { max: 1 });
  await server.sql.unsafe(`drop database if exists ${name} with (force)`);
  await server.sql.unsafe(`create database ${name}`);
  await server.close();
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await migrateDatabase(url.href);
  const { db, close } = openDatabase(url.href);
  const twitch = await startTwitch();
  twitch.add(...logins(channelCount));
  await db.execute(sql`
    insert into streams (platform, channel, url)
    select 'twitch', 'channel_' || n, 'https://www.twitch.tv/channel_' || n from generate_series(0, ${channelCount - 1}) n`);
  await db.execute(sql`insert into targets (chat_kind, chat_id, name, kind, address, is_default)
    values ('web', 'main', 'here', 'web', 'main', true)`);
  await db.execute(sql`
    insert into watches (stream_id, chat_kind, chat_id, created_by) select id, 'web', 'main', 'bench' from streams`);
  await db.execute(sql`insert into watch_targets (watch_id, target_id) select w.id, t.id from watches w, targets t`);
  return {
    ...{ db, twitch, url: url.href },
    async close() {
      await close();
      await twitch.close();
    },
  };
}

/** How many channels were looked at at least once. */
export async function countSeen(db: Database): Promise<number> {
  const [row] = await db.execute<{ seen: string }>(sql`select count(distinct stream_id) as seen from checks`);
  return Number(row?.seen ?? 0);
}

/** When each channel's Session was opened, by login, in ms since 1970. */
export async function findDetections(db: Database): Promise<Map<string, number>> {
  const rows = await db.execute<{ channel: string; at: string }>(sql`
    select s.channel, extract(epoch from e.detected_at) * 1000 as at from sessions e join streams s on s.id = e.stream_id`);
  return new Map(rows.map(({ channel, at }) => [channel, Number(at)]));
}
