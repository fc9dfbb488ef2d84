import type { BotCommand } from 'grammy/types';
import { chatOf } from '../access.ts';
import { badRequest } from '../api-error.ts';
import { botByToken, type CommandList } from '../state.ts';
import type { Call } from '../types.ts';
import type { World } from '../world.ts';

/** Source: Bot API, setMyCommands and BotCommand. */
const maxCommands = 100;
const maxDescription = 256;

const scopes = ['default', 'all_private_chats', 'all_group_chats', 'all_chat_administrators'];
const chatScopes = ['chat', 'chat_administrators', 'chat_member'];

function placeOf(world: World, call: Call): Pick<CommandList, 'scope' | 'languageCode'> {
  const scope = call.params.scope ?? { type: 'default' };
  const languageCode: string = call.params.language_code ?? '';
  if (![...scopes, ...chatScopes].includes(scope.type)) {
    throw badRequest("can't parse BotCommandScope: Unsupported type specified");
  }
  if (chatScopes.includes(scope.type)) chatOf(world, botByToken(world, call.token), scope.chat_id);
  if (!/^([a-z]{2})?$/.test(languageCode)) throw badRequest('invalid language code specified');
  return { scope, languageCode };
}

const keyOf = ({ scope, languageCode }: Pick<CommandList, 'scope' | 'languageCode'>) =>
  JSON.stringify([scope.type, scope.chat_id, scope.user_id, languageCode]);

function checkCommand({ command, description }: BotCommand): void {
  if (!/^[a-z0-9_]{1,32}$/.test(command)) throw badRequest('BOT_COMMAND_INVALID');
  const text = description.trim();
  if (text === '') throw badRequest('command description must be non-empty');
  if (Array.from(text).length > maxDescription) {
    throw badRequest(`command description length must not exceed ${maxDescription}`);
  }
}

/** setMyCommands: replaces the list of one scope and language. */
export async function setMyCommands(world: World, call: Call): Promise<true> {
  const bot = botByToken(world, call.token);
  const place = placeOf(world, call);
  const commands: BotCommand[] = (call.params.commands ?? []).map((command: BotCommand) => ({
    command: String(command.command ?? '').replace(/^\//, ''),
    description: String(command.description ?? ''),
  }));
  if (commands.length > maxCommands) throw badRequest(`too many bot commands specified; maximum ${maxCommands}`);
  for (const command of commands) checkCommand(command);
  bot.commands = bot.commands.filter((list) => keyOf(list) !== keyOf(place));
  if (commands.length > 0) bot.commands.push({ ...place, commands });
  return true;
}

/** getMyCommands. */
export async function getMyCommands(world: World, call: Call): Promise<BotCommand[]> {
  const place = placeOf(world, call);
  const list = botByToken(world, call.token).commands.find((candidate) => keyOf(candidate) === keyOf(place));
  return list?.commands ?? [];
}

/** deleteMyCommands. */
export async function deleteMyCommands(world: World, call: Call): Promise<true> {
  const bot = botByToken(world, call.token);
  const key = keyOf(placeOf(world, call));
  bot.commands = bot.commands.filter((list) => keyOf(list) !== key);
  return true;
}

/** setChatMenuButton: accepted; private chats only. */
export async function setChatMenuButton(world: World, call: Call): Promise<true> {
  if (call.params.chat_id === undefined) return true;
  const { chat } = chatOf(world, botByToken(world, call.token), call.params.chat_id);
  if (chat.type !== 'private') throw badRequest('chat_id must be a private chat');
  return true;
}
