import { GrammyError, HttpError } from 'grammy';
import { AmbiguousError, FatalError, TemporaryError } from '../../core/errors.ts';

/**
 * What a clear "no" means: code of its sentence, by the description. Source: tdlib/telegram-bot-api Client.cpp and
 * tdlib/td; ALL_CAPS errors of the core API come as 400.
 */
const refusals: [RegExp, string][] = [
  [/bot was kicked|bot is not a member|CHANNEL_PRIVATE/i, 'telegram_kicked'],
  [/bot was blocked|user is deactivated|bot can't initiate/i, 'telegram_blocked'],
  [/chat not found|PEER_ID_INVALID/i, 'telegram_chat_unknown'],
  [
    /not enough rights|have no rights|need administrator rights|CHAT_ADMIN_REQUIRED|CHAT_WRITE_FORBIDDEN|CHAT_SEND_\w+_FORBIDDEN/i,
    'telegram_rights',
  ],
  [/message to be replied not found|message thread not found|TOPIC_CLOSED|TOPIC_DELETED/i, 'telegram_thread_gone'],
  [/message to edit not found|message can't be edited|MESSAGE_ID_INVALID/i, 'telegram_message_gone'],
  [/wrong (remote )?file[ _]identifier|invalid file_id|FILE_REFERENCE_|MEDIA_EMPTY/i, 'remote_refused'],
  [/file is too big|Request Entity Too Large|too big for a|File of size|FILE_PARTS_INVALID/i, 'part_over_limit'],
];

/** A group became a supergroup: its id from now on. */
export class MovedError extends TemporaryError {
  override name = 'MovedError';
  constructor(
    readonly newChatId: string,
    options: { cause: unknown },
  ) {
    super('telegram_chat_moved', { ...options, retryAfterMs: 0 });
  }
}

/** "Not modified" answers an edit that stands already. */
export function isNotModified(error: unknown): boolean {
  return error instanceof GrammyError && error.description.includes('message is not modified');
}

/** The message is not there (any more). */
export function isMissing(error: unknown): boolean {
  return (
    error instanceof GrammyError &&
    /message to (edit|delete|forward|copy) not found|MESSAGE_ID_INVALID/.test(error.description)
  );
}

/** It is there, but it is one of those that cannot be forwarded: "pinned a message", a poll that is over … */
export function isUnforwardable(error: unknown): boolean {
  return error instanceof GrammyError && error.description.includes("message can't be forwarded");
}

/**
 * What an error of a call is to the worker: `AmbiguousError` where it may have worked, `TemporaryError` where it did
 * not, `FatalError` for a clear no. Ours pass unchanged.
 */
export function toChatError(error: unknown, { isOwnServer = false } = {}): Error {
  if (error instanceof GrammyError) return ofAnswer(error, isOwnServer);
  if (error instanceof HttpError) return ofConnection(error);
  return error instanceof Error ? error : new AmbiguousError('answer_lost', { cause: error });
}

function ofAnswer(error: GrammyError, isOwnServer: boolean): Error {
  const { error_code: status, description, parameters } = error;
  const details = { cause: error, detail: description };
  if (parameters.migrate_to_chat_id) return new MovedError(String(parameters.migrate_to_chat_id), { cause: error });
  if (status === 429) {
    const retryAfterMs = (parameters.retry_after ?? 1) * 1000;
    // A server that shuts down says "5 s" for what it may have passed on.
    if (isOwnServer && parameters.retry_after === 5)
      return new AmbiguousError('answer_lost', { ...details, retryAfterMs });
    return new TemporaryError('chat_busy', { ...details, retryAfterMs });
  }
  if (status >= 500) return new AmbiguousError('answer_lost', details);
  // One item of an album failed; others may stand.
  if (/failed to send message #|group send failed/i.test(description))
    return new AmbiguousError('answer_lost', details);
  // Nothing goes until the token is good again, and then all goes on by itself.
  if (status === 401 || status === 404) return new TemporaryError('telegram_token_refused', details);
  const known = refusals.find(([pattern]) => pattern.test(description));
  return new FatalError(known?.[1] ?? (status === 403 ? 'telegram_kicked' : 'telegram_refused'), details);
}

/** Codes of connections that never stood: nothing was sent. */
const neverConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);
/** These end connections that stood as well; node names what failed, and nothing where it tried several addresses. */
const maybeConnected = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

function isNeverConnected({ code = '', message = '' }: { code?: string; message?: string }): boolean {
  return neverConnected.has(code) || (maybeConnected.has(code) && /reason: (connect\b|$)/.test(message));
}

function ofConnection(error: HttpError): Error {
  const inner = error.error as { code?: string; message?: string } | undefined;
  if (inner && isNeverConnected(inner)) return new TemporaryError('telegram_unreachable', { cause: error });
  // grammY wraps what its transformers throw.
  if (error.error instanceof TemporaryError || error.error instanceof FatalError) return error.error;
  return new AmbiguousError('answer_lost', { cause: error });
}
