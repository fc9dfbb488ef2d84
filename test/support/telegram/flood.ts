import { tooManyRequests } from './api-error.ts';
import { type BotState, type ChatState, nowMs, type WorldState } from './state.ts';

const minuteMs = 60_000;

type Window = { key: string; limit: number; ms: number };

/**
 * The windows a message goes through. Source: core.telegram.org/bots/faq, "My bot is hitting limits": 20 a minute in
 * a group, about 30 a second over all. One a second in a chat may be passed in bursts, so it is held as 60 a minute.
 */
function windowsOf(chat: ChatState): Window[] {
  const limit = chat.chat.type === 'private' ? 60 : 20;
  return [
    { key: `send:${chat.chat.id}`, limit, ms: minuteMs },
    { key: 'send', limit: 30, ms: 1000 },
  ];
}

/**
 * Counts `count` messages to a chat, or refuses all of them.
 *
 * @throws ApiError 429 with the seconds until the window has room for them, rounded up
 */
export function countSend(world: WorldState, bot: BotState, chat: ChatState, count = 1): void {
  countIn(world, bot, windowsOf(chat), count);
}

/**
 * Counts an edit; only groups and channels have a limit. Source: grammy.dev/advanced/flood, about 20 a minute.
 *
 * @throws ApiError 429
 */
export function countEdit(world: WorldState, bot: BotState, chat: ChatState): void {
  if (chat.chat.type === 'private') return;
  countIn(world, bot, [{ key: `edit:${chat.chat.id}`, limit: 20, ms: minuteMs }], 1);
}

function countIn(world: WorldState, bot: BotState, windows: Window[], count: number): void {
  if (!world.options.flood) return;
  const now = nowMs(world);
  const waits = windows.map((window) => waitMs(bot, window, { now, count }));
  const longest = Math.max(...waits);
  if (longest > 0) throw tooManyRequests(Math.ceil(longest / 1000));
  for (const { key } of windows) bot.rates.get(key)?.push(...new Array<number>(count).fill(now));
}

/** How long until `count` more fit into the window; 0 when they do now. */
function waitMs(bot: BotState, { key, limit, ms }: Window, { now, count }: { now: number; count: number }): number {
  const times = (bot.rates.get(key) ?? []).filter((at) => at > now - ms);
  bot.rates.set(key, times);
  const excess = times.length + count - limit;
  if (excess <= 0) return 0;
  return (times[excess - 1] ?? now) + ms - now;
}
