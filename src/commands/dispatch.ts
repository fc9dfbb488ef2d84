import { randomBytes } from 'node:crypto';
import type { App } from '../app.ts';
import { type CommandName, commandSpecs, type ParsedCommand, parseCommand, shown } from '../core/command.ts';
import { UserError } from '../core/errors.ts';
import { type Language, type Role, roles } from '../core/model.ts';
import type { ChatEvent, ChatReply } from '../core/ports.ts';
import { errorSentence, languageOf } from '../core/text/text.ts';
import { findGrant, noteStranger, writeAudit } from '../db/grants.ts';
import { confirm } from './confirm.ts';
import type { Command, CommandContext } from './context.ts';
import { cookies } from './cookies.ts';
import { grant, revoke, whoami } from './grant.ts';
import { help } from './help.ts';
import { pause } from './pause.ts';
import { record } from './record.ts';
import { resume } from './resume.ts';
import { retry } from './retry.ts';
import { skip } from './skip.ts';
import { list, status } from './status.ts';
import { cancel, stop } from './stop.ts';
import { target } from './target.ts';
import { timezone } from './timezone.ts';
import { unwatch, watch } from './watch.ts';

const commands: Record<CommandName, Command> = {
  record,
  watch,
  unwatch,
  stop,
  cancel,
  retry,
  skip,
  confirm,
  pause,
  resume,
  status,
  list,
  timezone,
  target,
  cookies,
  grant,
  revoke,
  whoami,
  help,
};
/**
 * What every chat calls with what was typed: parses it, asks for the right, runs it, writes the audit. Closed by
 * default: without a right there is one short answer an hour.
 *
 * @returns undefined where nothing is to be said
 */
export async function dispatch(app: App, event: ChatEvent): Promise<ChatReply | undefined> {
  try {
    const role = await roleOf(app, event);
    if (!role) return await answerStranger(app, event);
    const parsed = parseCommand(event.text);
    if (!parsed)
      return event.chat.kind === 'web' ? await commands.help(app, contextOf(app, event, role), {}) : undefined;
    return await runCommand(app, event, parsed, role);
  } catch (error) {
    const id = randomBytes(3).toString('hex');
    if (!(error instanceof UserError)) app.log.error({ err: error, id, chat: event.chat.kind }, 'a command failed');
    return { text: errorSentence(languageFor(event), error, id), isError: true };
  }
}

const contextOf = (app: App, event: ChatEvent, role: Role): CommandContext => ({
  chat: event.chat,
  user: event.user,
  role,
  language: languageFor(event),
  isInstaller: isInstaller(app, event),
  isPrivate: event.isPrivate ?? false,
  file: event.file,
  hide: event.hide,
});

const languageFor = ({ text, user }: ChatEvent): Language => languageOf(text, user.language);

const isInstaller = (app: Pick<App, 'config'>, { chat, user }: Pick<ChatEvent, 'chat' | 'user'>): boolean =>
  user.isOwner || app.config.admins.some(({ kind, userId }) => kind === chat.kind && userId === user.id);

/**
 * The right of a person: the operator's list, the owner of the web chat, what was granted in this chat or what the chat's
 * own roles give, the highest of them.
 */
export async function roleOf(
  app: Pick<App, 'db' | 'config'>,
  event: Pick<ChatEvent, 'chat' | 'user'>,
): Promise<Role | undefined> {
  if (isInstaller(app, event)) return 'admin';
  const granted = await findGrant(app.db, event.chat, event.user.id);
  return roles.findLast((role) => role === granted || role === event.user.role);
}

async function answerStranger(app: App, event: ChatEvent): Promise<ChatReply | undefined> {
  const { chat, user, text } = event;
  if (!text.trimStart().startsWith('/')) return undefined;
  if (!(await noteStranger(app.db, chat, { userId: user.id, userName: user.name }))) return undefined;
  return { text: errorSentence(languageFor(event), new UserError('stranger', { user: user.id })), isError: true };
}

async function runCommand(app: App, event: ChatEvent, { name, args }: ParsedCommand, role: Role): Promise<ChatReply> {
  const needed = commandSpecs.find((spec) => spec.name === name)?.role ?? 'admin';
  if (roles.indexOf(role) < roles.indexOf(needed))
    throw new UserError('not_allowed', { role: needed, user: event.user.id });
  const reply = await commands[name](app, contextOf(app, event, role), args);
  if (needed !== 'viewer') {
    // Addresses may hold secrets in their query.
    const detail = Object.fromEntries(
      Object.entries(args).map(([name, value]) => [name, typeof value === 'string' ? shown(value) : value]),
    );
    await writeAudit(app.db, event.chat, { userId: event.user.id, userName: event.user.name, action: name, detail });
  }
  return reply;
}
