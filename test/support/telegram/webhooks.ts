import { setTimeout as delay } from 'node:timers/promises';
import { type BotState, nowMs, type WorldState } from './state.ts';

/** Waits between tries double from here up to a minute. Source: behaviour "with back-off"; the numbers are ours. */
const firstRetryMs = 200;
const maxRetryMs = 60_000;

const running = new WeakSet<BotState>();

/** Starts to send what waits to the webhook, one update at a time, unless that goes on already. */
export function kickWebhook(world: WorldState, bot: BotState): void {
  if (!bot.webhook || running.has(bot)) return;
  running.add(bot);
  void send(world, bot).finally(() => {
    running.delete(bot);
    if (bot.queue.length > 0 && !world.closing.signal.aborted) kickWebhook(world, bot);
  });
}

/** Sends until nothing waits; a reply that is not 2xx is tried again until the update is a day old. */
async function send(world: WorldState, bot: BotState): Promise<void> {
  let retryMs = firstRetryMs;
  for (;;) {
    const next = bot.queue[0];
    if (!bot.webhook || !next || world.closing.signal.aborted) return;
    const answer = await postUpdate(world, bot, next.update);
    const isOld = nowMs(world) - next.at > 24 * 3600_000;
    if (answer.isTaken || isOld) {
      bot.queue = bot.queue.filter((queued) => queued !== next);
      retryMs = firstRetryMs;
      continue;
    }
    noteError(world, bot, answer.error);
    await delay(answer.retryAfterMs ?? retryMs, undefined, { signal: world.closing.signal }).catch(() => undefined);
    retryMs = Math.min(retryMs * 2, maxRetryMs);
  }
}

function noteError(world: WorldState, bot: BotState, error: string): void {
  if (!bot.webhook) return;
  bot.webhook.last_error_date = Math.floor(nowMs(world) / 1000);
  bot.webhook.last_error_message = error;
}

type Answer = { isTaken: boolean; error: string; retryAfterMs?: number };

async function postUpdate(world: WorldState, bot: BotState, update: unknown): Promise<Answer> {
  const { url = '', secret } = bot.webhook ?? {};
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (secret !== undefined) headers['x-telegram-bot-api-secret-token'] = secret;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(update),
      signal: world.closing.signal,
      redirect: 'manual',
    });
    await response.arrayBuffer();
    const retryAfter = Number(response.headers.get('retry-after'));
    return {
      isTaken: response.ok,
      error: `Wrong response from the webhook: ${response.status} ${response.statusText}`,
      ...(retryAfter > 0 ? { retryAfterMs: retryAfter * 1000 } : {}),
    };
  } catch {
    return { isTaken: false, error: 'Connection refused' };
  }
}
