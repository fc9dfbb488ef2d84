import type { Update, UserFromGetMe, WebhookInfo } from 'grammy/types';
import { badRequest } from '../api-error.ts';
import { botByToken } from '../state.ts';
import type { Call } from '../types.ts';
import { endPoll, getUpdates as pollUpdates } from '../updates.ts';
import { kickWebhook } from '../webhooks.ts';
import type { World } from '../world.ts';

/** Source: Bot API, "Marvin's Marvellous Guide to All Things Webhook". */
const cloudPorts = ['', '443', '80', '88', '8443'];

/** getMe. */
export async function getMe(world: World, call: Call): Promise<UserFromGetMe> {
  const { user, hasPrivacy } = botByToken(world, call.token);
  const me = {
    ...user,
    can_join_groups: true,
    can_read_all_group_messages: !hasPrivacy,
    supports_inline_queries: false,
    can_connect_to_business: false,
    has_main_web_app: false,
    has_topics_enabled: false,
    allows_users_to_create_topics: false,
  };
  return me as unknown as UserFromGetMe;
}

/** getUpdates. */
export async function getUpdates(world: World, call: Call): Promise<Update[]> {
  return pollUpdates(world, botByToken(world, call.token), call.params, call.signal);
}

/** setWebhook: an empty address takes it away. */
export async function setWebhook(world: World, call: Call): Promise<true> {
  const bot = botByToken(world, call.token);
  const { url = '', secret_token: secret, allowed_updates: allowed, max_connections: max } = call.params;
  if (url !== '') checkWebhook(world, url, secret);
  if (call.params.drop_pending_updates) bot.queue = [];
  if (allowed) bot.allowedUpdates = allowed;
  if (url === '') {
    bot.webhook = undefined;
    return true;
  }
  endPoll(bot);
  bot.webhook = {
    url,
    has_custom_certificate: false,
    pending_update_count: 0,
    max_connections: max ?? 40,
    ...(secret === undefined ? {} : { secret }),
  };
  kickWebhook(world, bot);
  return true;
}

function checkWebhook(world: World, url: string, secret: string | undefined): void {
  if (!URL.canParse(url)) throw badRequest('bad webhook: invalid webhook URL specified');
  const { protocol, port } = new URL(url);
  const isCloud = world.options.mode === 'cloud';
  if (isCloud && protocol !== 'https:') throw badRequest('bad webhook: An HTTPS URL must be provided for webhook');
  if (isCloud && !cloudPorts.includes(port)) {
    throw badRequest('bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443');
  }
  if (secret === undefined || secret === '') return;
  if (secret.length > 256) throw badRequest('secret token is too long');
  if (/[^A-Za-z0-9_-]/.test(secret)) throw badRequest('secret token contains unallowed characters');
}

/** deleteWebhook. */
export async function deleteWebhook(world: World, call: Call): Promise<true> {
  const bot = botByToken(world, call.token);
  if (call.params.drop_pending_updates) bot.queue = [];
  bot.webhook = undefined;
  return true;
}

/** getWebhookInfo. */
export async function getWebhookInfo(world: World, call: Call): Promise<WebhookInfo> {
  const bot = botByToken(world, call.token);
  const { secret: _secret, ...shown } = bot.webhook ?? { url: '', has_custom_certificate: false };
  const allowed = bot.allowedUpdates ? { allowed_updates: bot.allowedUpdates } : {};
  return { ...shown, pending_update_count: bot.queue.length, ...allowed } as WebhookInfo;
}

/** logOut and close: accepted; what follows in the real world takes ten minutes. */
export async function leaveServer(world: World, call: Call): Promise<true> {
  endPoll(botByToken(world, call.token));
  return true;
}
