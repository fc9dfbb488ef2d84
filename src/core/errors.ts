/** Values filled into the sentence of a UserError. */
export type ErrorValues = Record<string, string | number>;

/**
 * Something a person can put right. Shown in their language: `core/text/<lang>.ts` holds the sentence
 * of each code. Never holds secrets: its values reach a chat.
 */
export class UserError extends Error {
  override name = 'UserError';
  constructor(
    readonly code: string,
    readonly values: ErrorValues = {},
    options?: { cause?: unknown },
  ) {
    super(`${code} ${JSON.stringify(values)}`, options);
  }
}

/** A fault that may pass: the caller waits `retryAfterMs` (or backs off) and tries again. */
export class TemporaryError extends Error {
  override name = 'TemporaryError';
  readonly retryAfterMs: number | undefined;
  constructor(
    readonly code: string,
    options: { retryAfterMs?: number; cause?: unknown; detail?: string } = {},
  ) {
    super(options.detail ? `${code}: ${options.detail}` : code, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * The answer to a call was lost, so it may have worked: what was asked for is looked for (`Chat.reconcile`) before it is
 * asked for again.
 */
export class AmbiguousError extends TemporaryError {
  override name = 'AmbiguousError';
}

/** A fault that trying again will not mend. */
export class FatalError extends Error {
  override name = 'FatalError';
  constructor(
    readonly code: string,
    options: { cause?: unknown; detail?: string } = {},
  ) {
    super(options.detail ? `${code}: ${options.detail}` : code, { cause: options.cause });
  }
}

/**
 * One line for a row or a log: the error's code or message, without its stack, and of a query without its values, which
 * may be all that a person typed.
 */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Source: DrizzleQueryError, whose message ends with all parameters.
  if (!('query' in error && 'params' in error)) return error.message;
  return `${error.cause === undefined ? 'query failed' : errorText(error.cause)} in: ${String(error.query)}`;
}
