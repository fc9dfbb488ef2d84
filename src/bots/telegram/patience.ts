import { GrammyError } from 'grammy';
import { errorText } from '../../core/errors.ts';
import { codeSentence } from '../../core/text/text.ts';
import { type Logger, redact } from '../../lib/log.ts';
import { pause } from '../pause.ts';

/** How long to stay away from a Telegram that does not serve us; says so once. */
export type Patience = {
  /** After a failed call: logs the first of a row, and waits; returns early on abort. */
  wait(error: unknown, signal: AbortSignal): Promise<void>;
  /** After a call that worked. */
  worked(): void;
};

const refusedMs = 60_000;
const longestMs = 30_000;

/** The token is wrong or was revoked. */
const isRefused = (error: unknown) => error instanceof GrammyError && [401, 404].includes(error.error_code);

/** Milliseconds until the next try: what Telegram told, a minute for a refused token, else doubling up to 30 s. */
export function backOffMs(error: unknown, failures: number): number {
  const told = error instanceof GrammyError ? error.parameters.retry_after : undefined;
  if (told !== undefined) return told * 1000;
  return isRefused(error) ? refusedMs : Math.min(longestMs, 500 * 2 ** Math.min(failures, 10));
}

/** The database's own words: its wrapped errors hold what people wrote. */
const detailOf = (error: unknown) =>
  redact(errorText(error instanceof Error && error.cause instanceof Error ? error.cause : error));

/** One for each thing that is tried again and again. */
export function createPatience(log: Logger): Patience {
  let failures = 0;
  return {
    async wait(error, signal) {
      if (signal.aborted) return;
      if (failures === 0) {
        const sentence = isRefused(error) ? codeSentence('en', 'telegram_token_refused') : undefined;
        if (sentence) log.error(sentence);
        else log.warn({ detail: detailOf(error) }, 'Telegram is not heard at the moment; it is tried again');
      }
      failures += 1;
      await pause(backOffMs(error, failures), signal);
    },
    worked() {
      if (failures > 0) log.info('Telegram is heard again');
      failures = 0;
    },
  };
}
