import { createHash, timingSafeEqual } from 'node:crypto';
import { GrammyError } from 'grammy';
import type { Update, WebhookInfo } from 'grammy/types';
import { z } from 'zod';
import type { Chat } from '../../core/ports.ts';
import { textOf } from '../../core/text/text.ts';
import { redact } from '../../lib/log.ts';
import { pause } from '../pause.ts';
import type { Telegram } from './client.ts';
import { takeUpdates } from './inbox.ts';
import { createPatience } from './patience.ts';
import { allowedUpdates } from './updates.ts';

/** How many updates Telegram sends at once. Source: core.telegram.org/bots/api#setwebhook: 1 to 100. */
const maxConnections = 10;
const lookEveryMs = 60_000;
/** Source: core.telegram.org/bots/api#setwebhook, secret_token. */
const secretHeader = 'x-telegram-bot-api-secret-token';

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
const secretOf = (token: string) => digest(`aircheck-webhook-secret:${token}`);
const pathOf = (token: string) => `/telegram/${digest(`aircheck-webhook-path:${token}`).slice(0, 16)}`;

/** The address that Telegram is to send updates to; undefined where people do not reach our web by https. */
export function webhookUrl({ publicUrl, token }: Pick<Telegram, 'publicUrl' | 'token'>): string | undefined {
  return publicUrl?.startsWith('https:') ? `${publicUrl.replace(/\/+$/, '')}${pathOf(token)}` : undefined;
}

/** Whether an address that is set at Telegram is one that this bot's Aircheck set, under whatever name it was reached. */
export const isOurWebhook = (token: string, url: string): boolean => url.endsWith(pathOf(token));

/** The driver's HTTP side; undefined where updates are polled for. */
export function webhookOf(telegram: Telegram): Chat['webhook'] {
  if (!webhookUrl(telegram)) return undefined;
  const secret = Buffer.from(secretOf(telegram.token));
  return {
    path: pathOf(telegram.token),
    async receive(body, headers) {
      const given = Buffer.from(headers.get(secretHeader) ?? '');
      if (given.length !== secret.length || !timingSafeEqual(given, secret)) return 'refused';
      const update = sent.safeParse(body);
      if (!update.success) return 'refused';
      await takeUpdates(telegram, [update.data as unknown as Update]);
      return 'taken';
    },
  };
}

/** Who knows the secret is Telegram: only what names the row is checked. */
const sent = z.looseObject({ update_id: z.number().int().positive() });

/**
 * Keeps the webhook set until the signal, and logs what Telegram says of it.
 *
 * @returns false at once where Telegram refuses the address: then updates are to be polled for
 */
export async function keepWebhook(telegram: Telegram, url: string, signal: AbortSignal): Promise<boolean> {
  const patience = createPatience(telegram.log);
  let toldAt = 0;
  while (!signal.aborted) {
    try {
      const info = await telegram.api.getWebhookInfo(signal as never);
      if (!isAsWanted(info, url)) await setWebhook(telegram, url, signal);
      toldAt = tellTrouble(telegram, info, toldAt);
      patience.worked();
      await pause(lookEveryMs, signal);
    } catch (error) {
      if (signal.aborted) break;
      if (error instanceof GrammyError && error.error_code === 400) {
        telegram.log.error(textOf('en').errors.telegram_webhook_refused({ detail: redact(error.description) }));
        return false;
      }
      await patience.wait(error, signal);
    }
  }
  return true;
}

function isAsWanted(info: WebhookInfo, url: string): boolean {
  const allowed: readonly string[] = info.allowed_updates ?? [];
  const isSame = allowed.length === allowedUpdates.length && allowedUpdates.every((kind) => allowed.includes(kind));
  return info.url === url && isSame && info.max_connections === maxConnections;
}

async function setWebhook({ api, token, log }: Telegram, url: string, signal: AbortSignal): Promise<void> {
  const options = { secret_token: secretOf(token), allowed_updates: allowedUpdates, max_connections: maxConnections };
  await api.setWebhook(url, options, signal as never);
  log.info('Telegram sends updates to our web');
}

/** Logs the last failure of Telegram to reach us once. @returns when it was, in seconds since 1970 */
function tellTrouble({ log }: Telegram, info: WebhookInfo, toldAt: number): number {
  const { last_error_date: at = 0, last_error_message: detail = '' } = info;
  if (at <= toldAt) return toldAt;
  log.warn(textOf('en').errors.telegram_webhook_failed({ detail: redact(detail) }));
  return at;
}
