import { GrammyError, HttpError } from 'grammy';
import type { ResponseParameters } from 'grammy/types';
import { expect, test } from 'vitest';
import { MovedError, toChatError } from '../../src/bots/telegram/errors.ts';
import { AmbiguousError, FatalError, TemporaryError } from '../../src/core/errors.ts';
import { codeSentence } from '../../src/core/text/text.ts';

const answered = (errorCode: number, description: string, parameters: ResponseParameters = {}) =>
  new GrammyError('failed', { ok: false, error_code: errorCode, description, parameters }, 'sendVideo', {});

test.each([
  [403, 'Forbidden: bot was kicked from the channel chat', 'telegram_kicked'],
  [403, 'Forbidden: bot is not a member of the supergroup chat', 'telegram_kicked'],
  [403, 'Forbidden: bot was blocked by the user', 'telegram_blocked'],
  [400, 'Bad Request: chat not found', 'telegram_chat_unknown'],
  [400, 'Bad Request: not enough rights to send videos to the chat', 'telegram_rights'],
  [400, 'Bad Request: need administrator rights in the channel chat', 'telegram_rights'],
  [400, 'Bad Request: message thread not found', 'telegram_thread_gone'],
  [400, 'Bad Request: message to edit not found', 'telegram_message_gone'],
  [400, 'Bad Request: wrong file identifier/HTTP URL specified', 'remote_refused'],
  [413, 'Request Entity Too Large', 'part_over_limit'],
  [400, 'Bad Request: something new', 'telegram_refused'],
])('%i "%s" is a clear no: %s', (status, description, code) => {
  const error = toChatError(answered(status, description));
  expect(error).toBeInstanceOf(FatalError);
  expect((error as FatalError).code).toBe(code);
  expect(codeSentence('ru', code)).toBeDefined();
});

test('a token that is refused sent nothing, and may be good again', () => {
  const error = toChatError(answered(401, 'Unauthorized'));
  expect(error).toBeInstanceOf(TemporaryError);
  expect(error).not.toBeInstanceOf(AmbiguousError);
  expect(error).toMatchObject({ code: 'telegram_token_refused' });
});

test('"retry after" was not done, and waits exactly as long', () => {
  const error = toChatError(answered(429, 'Too Many Requests: retry after 61', { retry_after: 61 }));
  expect(error).toBeInstanceOf(TemporaryError);
  expect(error).not.toBeInstanceOf(AmbiguousError);
  expect((error as TemporaryError).retryAfterMs).toBe(61_000);
});

test('"retry after 5" of an own server may be its farewell: the call may have worked', () => {
  const farewell = answered(429, 'Too Many Requests: retry after 5', { retry_after: 5 });
  expect(toChatError(farewell, { isOwnServer: true })).toBeInstanceOf(AmbiguousError);
  expect(toChatError(farewell)).not.toBeInstanceOf(AmbiguousError);
});

test('a group that became a supergroup is followed', () => {
  const description = 'Bad Request: group chat was upgraded to a supergroup chat';
  const error = toChatError(answered(400, description, { migrate_to_chat_id: -1001 }));
  expect(error).toBeInstanceOf(MovedError);
  expect((error as MovedError).newChatId).toBe('-1001');
});

test.each([
  ['a server error', answered(500, 'Internal Server Error: restart')],
  [
    'a partial album',
    answered(
      400,
      'Bad Request: failed to send message #2 with the error message "Wrong file identifier/HTTP URL specified"',
    ),
  ],
  ['a dropped connection', new HttpError('failed', Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }))],
  ['no JSON', new HttpError('failed', new SyntaxError('invalid json'))],
  ['anything else', 'odd'],
])('after %s nobody knows whether it worked', (_what, error) => {
  const known = toChatError(error);
  expect(known instanceof AmbiguousError || !(known instanceof FatalError)).toBe(true);
  expect(known).toBeInstanceOf(AmbiguousError);
});

test('a connection that never stood sent nothing', () => {
  const error = toChatError(new HttpError('failed', Object.assign(new Error('no'), { code: 'ECONNREFUSED' })));
  expect(error).toBeInstanceOf(TemporaryError);
  expect(error).not.toBeInstanceOf(AmbiguousError);
});
