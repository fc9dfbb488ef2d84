import { type Logger as PinoLogger, pino } from 'pino';
import { errorText } from '../core/errors.ts';

export type Logger = PinoLogger;

/** Query strings and userinfo of URLs may be secrets: signed addresses, stream keys. */
const urlSecrets = /\b([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/@"']*@)?([^\s?#"']*)(?:\?[^\s"']*)?/gi;
/** Telegram tokens stand in the path of the Bot API's URLs. */
const botToken = /\bbot\d+:[\w-]{20,}/g;

/** Takes what may be secret out of a text that goes to a log or a row: queries and userinfo of URLs, bot tokens. */
export function redact(text: string): string {
  return text.replace(botToken, 'bot<token>').replace(urlSecrets, '$1$2');
}

/** The process's logger: JSON lines on stderr, so that stdout stays free for answers. */
export function createLogger(level: string, bindings: Record<string, unknown> = {}): Logger {
  return pino(
    {
      level,
      base: bindings,
      serializers: { err: (error: unknown) => serializeError(error) },
      redact: ['token', '*.token', 'url', '*.url', 'headers', '*.headers'],
    },
    pino.destination({ dest: 2, sync: true }),
  );
}

/** An error with its causes as a log may hold it: as `errorText` and `redact` say. */
export function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return redact(String(error));
  const message = redact(errorText(error));
  const cause = error.cause === undefined ? undefined : serializeError(error.cause);
  return { name: error.name, message, stack: `${error.name}: ${message}${redact(framesOf(error))}`, cause };
}

/** Where it was thrown: its stack begins with its message, which may be of many lines. */
function framesOf({ message, stack = '' }: Error): string {
  const at = stack.indexOf(message);
  return at < 0 ? '' : stack.slice(at + message.length);
}
