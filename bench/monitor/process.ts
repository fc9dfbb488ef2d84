// One process of the bench: the monitor as it runs in production, or the bare loop it is measured against. Tells what it
// used so far of CPU (ms) and memory (bytes) whenever it is asked.
import { setTimeout as delay } from 'node:timers/promises';
import { startApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createLogger } from '../../src/lib/log.ts';

/** What a process used up to now. */
export type Usage = { cpuMs: number; memoryBytes: number };

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1000, memoryBytes: process.memoryUsage.rss() } satisfies Usage);
});

async function monitor(): Promise<void> {
  const running = await startApp(readConfig(process.env), createLogger('warn'), ['monitor']);
  process.once('SIGTERM', () => void running.stop().then(() => process.exit(0)));
}

/** The same calls and nothing else: 100 ids each, `calls` of them spread over `forMs`, each answer parsed. */
async function anchor(ids: string[], calls: number, forMs: number): Promise<void> {
  const { TWITCH_CLIENT_ID: id = '', TWITCH_CLIENT_SECRET: secret = '' } = process.env;
  const login = new URLSearchParams({ client_id: id, client_secret: secret, grant_type: 'client_credentials' });
  const given = await fetch(`${process.env.TWITCH_AUTH_ROOT}/token`, { method: 'POST', body: login });
  const { access_token: token } = (await given.json()) as { access_token: string };
  const headers = { 'Client-Id': id, Authorization: `Bearer ${token}` };
  process.send?.('ready');
  for (let call = 0; call < calls; call++) {
    const from = (call * 100) % Math.max(100, ids.length);
    const query = new URLSearchParams([
      ...ids.slice(from, from + 100).map((one) => ['user_id', one]),
      ['first', '100'],
    ]);
    const answer = await fetch(`${process.env.TWITCH_API_ROOT}/streams?${query}`, { headers });
    JSON.parse(await answer.text());
    await delay(forMs / calls);
  }
  process.send?.('done');
}

const [role, ids = '', calls = '0', forMs = '0'] = process.argv.slice(2);
await (role === 'anchor' ? anchor(ids.split(','), Number(calls), Number(forMs)) : monitor());
