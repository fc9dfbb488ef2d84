import { RateLimitError } from 'discord.js';
import { AmbiguousError, TemporaryError } from '../../core/errors.ts';
import { step } from '../../lib/steps.ts';
import { type GateKey, holdGate } from '../../queue/gate.ts';
import { passGates } from '../pass-gates.ts';
import type { Discord } from './client.ts';
import { toChatError } from './errors.ts';

/*
 * Rates of all processes together. Source: https://discord.com/developers/docs/topics/rate-limits: 50 calls a second
 * in all; what a channel takes is told by each answer and kept by discord.js, 5 messages in 5 s when this was written.
 */
const botRate = { count: 40, windowMs: 1_000 };
const channelRate = { count: 5, windowMs: 5_200 };
/** A wait longer than this is a row's: the worker comes back then. */
const longestWaitMs = 120_000;
/** Edits are many, and the next one says all: none may keep others waiting. */
const longestEditWaitMs = 2_000;

/** What is done in a channel; each kind has a rate of its own. */
export type Deed = 'post' | 'edit' | 'thread';

const gatesOf = ({ account }: Discord, channelId: string, deed: Deed): [GateKey, GateKey] => [
  { key: account, ...botRate },
  { key: `${account}:${channelId}:${deed}`, ...channelRate },
];

/**
 * One call that makes or changes a message: waits for its rate, then calls once. A told wait holds all processes.
 *
 * @throws AmbiguousError, TemporaryError, FatalError as `errors.ts` says
 */
export async function send<T>(
  discord: Discord,
  { channelId, deed, signal }: { channelId: string; deed: Deed; signal: AbortSignal },
  call: () => Promise<T>,
): Promise<T> {
  const [all, channel] = gatesOf(discord, channelId, deed);
  const maxWaitMs = deed === 'edit' ? longestEditWaitMs : longestWaitMs;
  await passGates(discord.db, [all, channel], { cost: 1, maxWaitMs, signal });
  step('call.mayGo');
  try {
    const answer = await call();
    step('call.answered');
    return answer;
  } catch (error) {
    const known = toChatError(error);
    const isGlobal = error instanceof RateLimitError && error.global;
    if (known instanceof TemporaryError && known.code === 'chat_busy' && known.retryAfterMs !== undefined)
      await holdGate(discord.db, (isGlobal ? all : channel).key, known.retryAfterMs);
    throw known;
  }
}

/** A small question, with Discord's errors as the worker knows them. It changes nothing: a lost answer leaves nothing open. */
export async function ask<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const known = toChatError(error);
    throw known instanceof AmbiguousError ? new TemporaryError('discord_unreachable', { cause: error }) : known;
  }
}
