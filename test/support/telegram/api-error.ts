/** What a Bot API error may carry besides its text. `retry_after` in seconds. */
export type ErrorParameters = { retry_after?: number; migrate_to_chat_id?: number };

/**
 * A refusal as the Bot API words it; `errorCode` is the HTTP status too.
 *
 * `description` is the whole text, e.g. `Bad Request: chat not found`.
 */
export class ApiError extends Error {
  readonly errorCode: number;
  readonly description: string;
  readonly parameters: ErrorParameters | undefined;

  constructor(errorCode: number, description: string, parameters?: ErrorParameters) {
    super(description);
    this.name = 'ApiError';
    this.errorCode = errorCode;
    this.description = description;
    this.parameters = parameters;
  }
}

/** 400 with the prefix of the real server. */
export function badRequest(text: string): ApiError {
  return new ApiError(400, `Bad Request: ${text}`);
}

/** 403 with the prefix of the real server. */
export function forbidden(text: string): ApiError {
  return new ApiError(403, `Forbidden: ${text}`);
}

/** 429 as the real server words it. `seconds` whole. */
export function tooManyRequests(seconds: number): ApiError {
  return new ApiError(429, `Too Many Requests: retry after ${seconds}`, { retry_after: seconds });
}
