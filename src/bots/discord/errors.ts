import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
import { AmbiguousError, FatalError, TemporaryError } from '../../core/errors.ts';

/**
 * What a clear "no" means: code of its sentence, by Discord's own number.
 * Source: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes
 */
const refusals: Record<number, string> = {
  10003: 'discord_channel_gone',
  10004: 'discord_kicked',
  10008: 'discord_message_gone',
  20009: 'discord_rights',
  40005: 'part_over_limit',
  50001: 'discord_kicked',
  50007: 'discord_closed_person',
  50013: 'discord_rights',
  // A 401 of an interaction's token, whose time is over: the bot's own is good.
  50027: 'discord_refused',
  50083: 'discord_thread_closed',
  160006: 'discord_too_many_threads',
};

/** Numbers of what passes by itself: slow mode, write limits, edits of old messages, an overloaded Discord. */
const passing = new Set([20016, 20028, 30046, 130000]);

/** Discord answers so in passing as well: nothing goes until the token is good again, and then all goes on by itself. */
const tokenCode = 40001;

/** Codes of connections that never stood: nothing was sent. */
const neverConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Whether Discord answered with this number of its own. */
export function isApiCode(error: unknown, ...codes: number[]): boolean {
  const found = error instanceof Error && error.cause instanceof DiscordAPIError ? error.cause : error;
  return found instanceof DiscordAPIError && codes.includes(Number(found.code));
}

/**
 * What an error of a call is to the worker: `AmbiguousError` where it may have worked, `TemporaryError` where it did
 * not, `FatalError` for a clear no. Ours pass unchanged.
 */
export function toChatError(error: unknown): Error {
  if (error instanceof TemporaryError || error instanceof FatalError) return error;
  if (error instanceof RateLimitError) {
    // Not `timeToReset`: after a 429 that is when the whole bucket is fresh again, minutes after it may be asked.
    return new TemporaryError('chat_busy', { cause: error, retryAfterMs: error.retryAfter });
  }
  if (error instanceof DiscordAPIError) return ofAnswer(error);
  if (error instanceof HTTPError) return ofStatus(error.status, { cause: error, detail: `HTTP ${error.status}` });
  return ofConnection(error);
}

function ofAnswer(error: DiscordAPIError): Error {
  const code = Number(error.code);
  const details = { cause: error, detail: `${error.status} ${error.message}` };
  if (passing.has(code)) return new TemporaryError('chat_busy', { ...details, ...toldWait(error) });
  if (code === tokenCode) return ofStatus(401, details);
  return refusals[code] ? new FatalError(refusals[code], details) : ofStatus(error.status, details);
}

/** Slow mode says how long, in seconds. */
function toldWait({ rawError }: DiscordAPIError): { retryAfterMs?: number } {
  const seconds = 'retry_after' in rawError ? Number(rawError.retry_after) : Number.NaN;
  return seconds > 0 ? { retryAfterMs: seconds * 1000 } : {};
}

/** An answer without a number of Discord's: a proxy in between may have given it. */
function ofStatus(status: number, details: { cause: unknown; detail: string }): Error {
  if (status === 413) return new FatalError('part_over_limit', details);
  if (status === 429) return new TemporaryError('chat_busy', details);
  if (status === 401) return new TemporaryError('discord_token_refused', details);
  if (status >= 500) return new AmbiguousError('answer_lost', details);
  return new FatalError(status === 403 ? 'discord_rights' : 'discord_refused', details);
}

function ofConnection(error: unknown): Error {
  const { code, cause } = (error ?? {}) as { code?: string; cause?: { code?: string } };
  const known = code ?? cause?.code;
  if (known && neverConnected.has(known)) return new TemporaryError('discord_unreachable', { cause: error });
  return new AmbiguousError('answer_lost', { cause: error });
}
