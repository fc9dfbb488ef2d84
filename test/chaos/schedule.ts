import { type StepName, stepNames } from '../../src/lib/steps.ts';
import type { FaultSpec as DiscordFault } from '../support/discord/faults.ts';
import type { GatewayFaultSpec } from '../support/discord/gateway-faults.ts';
import type { Fault as OriginFault } from '../support/live.ts';
import type { FaultSpec } from '../support/telegram/faults.ts';
import { type ProcessName, processNames } from './fleet.ts';
import { createRandom, type Random } from './random.ts';

/** One thing that goes wrong. `atMs` counts from the moment both recordings are ordered. */
export type ChaosFault =
  /** Whoever comes to the step for the `hit`th time is killed there, or sleeps for `ms`. */
  | { kind: 'killAtStep'; step: StepName; hit: number }
  | { kind: 'freezeAtStep'; step: StepName; hit: number; ms: number }
  | { kind: 'kill'; name: ProcessName; atMs: number }
  | { kind: 'freeze'; name: ProcessName; atMs: number; ms: number }
  | { kind: 'redisFlush'; atMs: number }
  | { kind: 'redisRestart'; atMs: number; awayMs: number }
  | { kind: 'postgresRestart'; atMs: number; awayMs: number }
  | { kind: 'telegram'; spec: FaultSpec }
  | { kind: 'discord'; spec: DiscordFault }
  | { kind: 'gateway'; spec: GatewayFaultSpec }
  | { kind: 'chatRestart'; atMs: number }
  /** Storage takes no byte for `ms`. */
  | { kind: 'disk'; atMs: number; ms: number }
  /** The wall clock of a process is put forward or back. */
  | { kind: 'clock'; name: ProcessName; atMs: number; bySeconds: number }
  /** Every playlist of the stream meets the fault for `ms`. */
  | { kind: 'playlist'; stream: 0 | 1; fault: OriginFault; atMs: number; ms: number }
  /** The next requests of one Media Segment meet it; then it can be had. */
  | { kind: 'segment'; stream: 0 | 1; fault: OriginFault; sequence: number; times: number };

/** Families a scenario draws from. */
export const scenarios = [
  ...(['mixed', 'calm', 'kill', 'freeze', 'telegram', 'origin', 'redis', 'postgres'] as const),
  ...(['disk', 'clock', 'discord', 'rates'] as const),
] as const;
export type Scenario = (typeof scenarios)[number];

type Maker = (random: Random) => ChaosFault;

const killAtStep: Maker = (random) => ({ kind: 'killAtStep', step: random.pick(stepNames), hit: random.int(1, 3) });
const freezeAtStep: Maker = (random) => ({
  kind: 'freezeAtStep',
  step: random.pick(stepNames),
  hit: random.int(1, 3),
  ms: random.int(1_500, 8_000),
});
const kill: Maker = (random) => ({ kind: 'kill', name: random.pick(processNames), atMs: random.int(0, 9_000) });
const freeze: Maker = (random) => ({
  kind: 'freeze',
  name: random.pick(processNames),
  atMs: random.int(0, 8_000),
  ms: random.int(1_000, 5_000),
});
const chatRestart: Maker = (random) => ({ kind: 'chatRestart', atMs: random.int(1_000, 9_000) });
const telegram: Maker = (random) => ({ kind: 'telegram', spec: { ...callFault(random), after: random.int(0, 2) } });
const discord: Maker = (random) => ({ kind: 'discord', spec: { ...discordFault(random), after: random.int(0, 2) } });
const gateway: Maker = (random) => ({
  kind: 'gateway',
  spec: {
    event: random.pick(['INTERACTION_CREATE', 'READY', 'MESSAGE_CREATE']),
    kind: random.pick(['dropBefore', 'dropAfter', 'duplicate', 'reconnect', 'invalidate'] as const),
  },
});
const playlist: Maker = (random) => ({
  kind: 'playlist',
  stream: random.pick([0, 1]),
  fault: random.pick([404, 403, 503, 'reset', 'truncate', 'hang'] as const),
  atMs: random.int(0, 3_000),
  ms: random.int(500, 3_000),
});
const segment: Maker = (random) => ({
  kind: 'segment',
  stream: random.pick([0, 1]),
  fault: random.pick([404, 500, 'reset', 'truncate'] as const),
  sequence: random.int(0, 7),
  times: random.int(1, 2),
});
const redis: Maker = (random) =>
  random.chance(0.5)
    ? { kind: 'redisFlush', atMs: random.int(0, 8_000) }
    : { kind: 'redisRestart', atMs: random.int(0, 6_000), awayMs: random.int(0, 3_000) };
const postgres: Maker = (random) => ({
  kind: 'postgresRestart',
  atMs: random.int(0, 7_000),
  awayMs: random.int(0, 3_000),
});

const disk: Maker = (random) => ({ kind: 'disk', atMs: random.int(0, 4_000), ms: random.int(1_000, 8_000) });
const clock: Maker = (random) => ({
  kind: 'clock',
  name: random.pick(processNames),
  atMs: random.int(0, 6_000),
  bySeconds: random.pick([-86_400, -3_600, -90, -15, 15, 90, 3_600, 86_400]),
});

const families: Record<Exclude<Scenario, 'mixed' | 'calm' | 'rates'>, Maker[]> = {
  kill: [killAtStep, killAtStep, kill],
  freeze: [freezeAtStep, freezeAtStep, freeze],
  telegram: [telegram, telegram, telegram, chatRestart],
  discord: [discord, discord, discord, gateway, chatRestart, killAtStep],
  origin: [playlist, segment],
  redis: [redis],
  postgres: [postgres],
  disk: [disk],
  clock: [clock],
};

/** What a call to Telegram meets; which of them is only possible for some methods. */
function callFault(random: Random): FaultSpec {
  const method = random.pick([
    ...['sendVideo', 'sendVideo', 'sendMediaGroup', 'sendMediaGroup', 'sendMessage'],
    ...['editMessageText', 'getUpdates', 'forwardMessage', 'deleteMessages', 'getChat'],
  ]);
  const any: FaultSpec[] = [
    { method, kind: 'dropBefore' },
    { method, kind: 'dropAfter' },
    { method, kind: 'error500' },
    { method, kind: 'error500', processed: true },
    { method, kind: 'html502' },
    { method, kind: 'html502', processed: true },
    { method, kind: 'flood', retryAfter: random.int(1, 3), times: random.int(1, 3) },
    { method, kind: 'delay', ms: 400 },
  ];
  if (method === 'sendMediaGroup')
    any.push(
      { method, kind: 'partialAlbum', keep: 1 },
      { method, kind: 'messageIdZero' },
      { method, kind: 'floodAfter' },
    );
  if (method === 'sendVideo')
    any.push({ method, kind: 'resetBody' }, { method, kind: 'slowBody', bytesPerSecond: 100_000 });
  return random.pick(any);
}

/** What a call to Discord meets. Answers to commands are not struck: a person would just ask again. */
function discordFault(random: Random): DiscordFault {
  const route = random.pick([
    ...['POST /channels/:channel/messages', 'POST /channels/:channel/messages', 'GET /channels/:channel/messages'],
    ...['PATCH /channels/:channel/messages/:message', 'POST /channels/:channel/messages/:message/threads'],
  ]);
  const any: DiscordFault[] = [
    { route, kind: 'dropBefore' },
    { route, kind: 'dropAfter' },
    { route, kind: 'error5xx', status: random.pick([500, 502, 503]) },
    { route, kind: 'error5xx', processed: true },
    { route, kind: 'html502' },
    { route, kind: 'html502', processed: true },
    { route, kind: 'flood', retryAfter: random.int(1, 3), times: random.int(1, 3) },
    { route, kind: 'delay', ms: 400 },
    { route, kind: 'resetBody' },
  ];
  return random.pick(any);
}

/** The chat of a scenario; of mixed runs every fourth is on Discord. */
export function chatOf(scenario: string, seed: number): 'telegram' | 'discord' {
  return scenario === 'discord' || (scenario === 'mixed' && seed % 4 === 0) ? 'discord' : 'telegram';
}

/** What goes wrong in the run of this seed. */
export function scheduleOf(scenario: Scenario, seed: number): ChaosFault[] {
  if (scenario === 'calm') return [];
  const random = createRandom(seed);
  if (scenario === 'rates') return [random.pick([kill, freeze])(random)];
  const { telegram: ofTelegram, discord: ofDiscord, ...ofBoth } = families;
  const own = chatOf(scenario, seed) === 'discord' ? ofDiscord : ofTelegram;
  const makers = scenario === 'mixed' ? [...Object.values(ofBoth).flat(), ...own] : families[scenario];
  return Array.from({ length: random.int(1, 4) }, () => random.pick(makers)(random));
}
