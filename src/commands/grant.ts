import { shown } from '../core/command.ts';
import { UserError } from '../core/errors.ts';
import type { Role } from '../core/model.ts';
import { textOf } from '../core/text/text.ts';
import { removeGrant, setGrant } from '../db/grants.ts';
import type { Command, CommandContext } from './context.ts';

/** `123`, or a mention `<@123>`. Names change hands, so only the web chat knows people by them. @throws UserError */
function readUser({ chat }: CommandContext, value: unknown): string {
  const user = String(value).replace(/^<@!?(\d+)>$/, '$1');
  if (chat.kind === 'web' || /^\d+$/.test(user)) return user;
  throw new UserError('user_needs_id', { user: shown(user) });
}

/** `/grant USER ROLE` in this chat. */
export const grant: Command = async (app, ctx, args) => {
  const user = readUser(ctx, args.user);
  await setGrant(app.db, ctx.chat, { userId: user, role: args.role as Role, grantedBy: ctx.user.id });
  return { text: textOf(ctx.language).replies.granted(user, String(args.role)) };
};

/** `/revoke USER` in this chat. */
export const revoke: Command = async (app, ctx, args) => {
  const user = readUser(ctx, args.user);
  await removeGrant(app.db, ctx.chat, user);
  return { text: textOf(ctx.language).replies.revoked(user) };
};

/** `/whoami`: what an admin needs to know to give somebody a right. */
export const whoami: Command = async (_app, ctx) => {
  return { text: textOf(ctx.language).replies.whoami(ctx.user.id, ctx.role, `${ctx.chat.kind}:${ctx.chat.chatId}`) };
};
