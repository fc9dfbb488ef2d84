import type { BotCommand, BotCommandScope } from 'grammy/types';
import { type CommandSpec, commandSpecs } from '../../core/command.ts';
import { type Language, languages } from '../../core/model.ts';
import { textOf } from '../../core/text/text.ts';
import type { Telegram } from './client.ts';

type Menu = { scope: BotCommandScope; language: Language; commands: BotCommand[] };

/**
 * The commands that clients offer while a person types `/`. Everybody sees what viewers and operators may do; what is
 * for admins only the admins of a group.
 */
export function menus(): Menu[] {
  const forAll = (spec: CommandSpec) => spec.role !== 'admin';
  const scopes: [BotCommandScope, (spec: CommandSpec) => boolean][] = [
    [{ type: 'all_private_chats' }, forAll],
    [{ type: 'all_group_chats' }, forAll],
    [{ type: 'all_chat_administrators' }, () => true],
  ];
  return languages.flatMap((language) =>
    scopes.map(([scope, isShown]) => ({ scope, language, commands: commandsIn(language, isShown) })),
  );
}

function commandsIn(language: Language, isShown: (spec: CommandSpec) => boolean): BotCommand[] {
  const { help } = textOf(language);
  return commandSpecs.filter((spec) => isShown(spec)).map(({ name }) => ({ command: name, description: help[name] }));
}

/** Tells Telegram the commands, where it does not know them yet. A failure is only logged: typing works without. */
export async function registerCommands({ api, log }: Telegram, signal: AbortSignal): Promise<void> {
  try {
    for (const { scope, language, commands } of menus()) {
      // English is what everybody sees who has no list in their own language.
      const place = { scope, ...(language === 'en' ? {} : { language_code: language }) };
      const known = await api.getMyCommands(place, signal as never);
      if (isSame(known, commands)) continue;
      await api.setMyCommands(commands, place, signal as never);
    }
  } catch (err) {
    if (!signal.aborted) log.warn({ err }, 'the list of commands could not be set');
  }
}

const isSame = (a: BotCommand[], b: BotCommand[]) =>
  a.length === b.length &&
  a.every(({ command, description }, i) => command === b[i]?.command && description === b[i]?.description);
