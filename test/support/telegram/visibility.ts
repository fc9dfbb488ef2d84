import type { BotState, StoredMessage } from './state.ts';

function isIn(status: string | undefined): boolean {
  return status !== undefined && status !== 'left' && status !== 'kicked';
}

/** Whether a message reaches a bot: membership and privacy mode. Source: core.telegram.org/bots/features#privacy-mode. */
export function canSee(bot: BotState, message: StoredMessage): boolean {
  const { chat } = message;
  if (chat.chat.type === 'private') return chat.botId === bot.user.id && !chat.isBlocked;
  const status = chat.members.get(bot.user.id)?.status;
  if (!isIn(status)) return false;
  // Bots do not see what other bots say in groups.
  if (chat.chat.type !== 'channel' && message.botId !== undefined) return false;
  if (chat.chat.type === 'channel' || status === 'administrator' || !bot.hasPrivacy) return true;
  return Boolean(message.service) || isMeantFor(bot, message);
}

function isMeantFor(bot: BotState, message: StoredMessage): boolean {
  if (message.replyTo?.botId === bot.user.id) return true;
  const command = /^\/\w+(?:@(\w+))?/.exec(message.text ?? message.caption ?? '');
  if (!command) return false;
  if (command[1] !== undefined) return command[1].toLowerCase() === bot.user.username?.toLowerCase();
  const bots = [...message.chat.members.values()].filter(({ user, status }) => user.is_bot && isIn(status));
  return bots.length === 1 || message.chat.lastBotId === bot.user.id;
}
