import { Api, GrammyError, HttpError } from 'grammy';
import type { ChatMember } from 'grammy/types';
import { errorText } from '../../core/errors.ts';
import { redact } from '../../lib/log.ts';
import type { Telegram } from './client.ts';
import { isOurWebhook, webhookUrl } from './webhook.ts';

/** What the operator set, as far as Telegram is asked about it. */
export type TelegramSettings = Pick<Telegram, 'token' | 'apiRoot' | 'isLocal' | 'vault' | 'publicUrl'>;
/** What was found: who the bot is, and what is to be put right; `isFault` where nothing works until then. */
export type TelegramReport = { detail: string; troubles: { text: string; advice: string; isFault: boolean }[] };

type Trouble = TelegramReport['troubles'][number];
const limitSeconds = 10;
const publicApi = 'https://api.telegram.org';

/**
 * Looks whether the token is good, who gets the updates, and whether files can be staged. Asks only what disturbs no
 * running bot.
 *
 * @throws where Telegram cannot be reached
 */
export async function checkTelegramBot(settings: TelegramSettings): Promise<TelegramReport> {
  const apiRoot = settings.apiRoot.replace(/\/+$/, '');
  const api = new Api(settings.token, { apiRoot, timeoutSeconds: limitSeconds });
  const me = await api.getMe().catch((error: unknown) => {
    if (error instanceof GrammyError) return error;
    // The address that failed holds the token.
    const cause = new Error(redact(errorText(error instanceof HttpError ? error.error : error)));
    throw new Error(`${new URL(apiRoot).host} does not answer`, { cause });
  });
  if (me instanceof GrammyError) {
    const advice = 'ask @BotFather for the token and set TELEGRAM_TOKEN';
    return { detail: '', troubles: [fault(`the token is refused (${me.error_code})`, advice)] };
  }
  const troubles = [
    ...checkServer({ ...settings, apiRoot }),
    ...(await answered(() => checkWebhook(api, settings))),
    ...(await answered(() => checkVault(api, me.id, settings.vault))),
  ];
  return { detail: `@${me.username}`, troubles };
}

const fault = (text: string, advice: string): Trouble => ({ text, advice, isFault: true });
const warning = (text: string, advice: string): Trouble => ({ text, advice, isFault: false });

/** What Telegram does not tell is no trouble of its own: getMe worked. */
async function answered(look: () => Promise<Trouble[]>): Promise<Trouble[]> {
  return look().catch(() => []);
}

/** Source: core.telegram.org/bots/api#using-a-local-bot-api-server. */
function checkServer({ apiRoot, isLocal }: TelegramSettings): Trouble[] {
  if (isLocal && apiRoot === publicApi)
    return [
      fault(
        'TELEGRAM_LOCAL is set for api.telegram.org',
        'set TELEGRAM_API_ROOT to your own Bot API server, or unset it',
      ),
    ];
  if (isLocal || apiRoot === publicApi) return [];
  const advice = 'where that server runs with --local, set TELEGRAM_LOCAL=1: files up to 2000 MB instead of 50 MB';
  return [warning(`the Bot API server ${new URL(apiRoot).host} is used without TELEGRAM_LOCAL`, advice)];
}

async function checkWebhook(api: Api, settings: TelegramSettings): Promise<Trouble[]> {
  const info = await api.getWebhookInfo();
  if (!info.url) return [];
  if (!isOurWebhook(settings.token, info.url)) {
    const advice = 'end the program that set it (its webhook is removed by deleteWebhook), or get a new token';
    return [fault(`updates go to another program's webhook at ${new URL(info.url).host}`, advice)];
  }
  const isFresh = Date.now() / 1000 - (info.last_error_date ?? 0) < 3600;
  if (!webhookUrl(settings) || !isFresh) return [];
  const advice = 'check that PUBLIC_URL is reachable from outside and that the web role runs';
  return [warning(`Telegram could not bring updates: ${info.last_error_message}`, advice)];
}

async function checkVault(api: Api, botId: number, vault: string | undefined): Promise<Trouble[]> {
  if (!vault) {
    const advice = 'make a private channel, add the bot as an admin, and set TELEGRAM_VAULT to its id';
    return [warning('no vault: albums are not possible', advice)];
  }
  try {
    const { type } = await api.getChat(vault);
    if (maySend(await api.getChatMember(vault, botId), type === 'channel')) return [];
    return [fault('the bot may not post in TELEGRAM_VAULT', 'make it an admin of that channel with the right to post')];
  } catch (error) {
    if (!(error instanceof GrammyError)) throw error;
    const advice = 'add the bot to that channel as an admin; TELEGRAM_VAULT is its id, like -1001234567890';
    return [fault(`TELEGRAM_VAULT is not reachable (${error.description})`, advice)];
  }
}

function maySend(member: ChatMember, isChannel: boolean): boolean {
  if (isChannel) return member.status === 'administrator' && member.can_post_messages === true;
  return member.status !== 'left' && member.status !== 'kicked';
}
