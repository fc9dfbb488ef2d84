import type { Role } from '../core/model.ts';
import { textOf } from '../core/text/text.ts';
import { removeGrant, setGrant } from '../db/grants.ts';
import type { Command } from './context.ts';

const userId = (value: unknown) => String(value).replace(/^@/, '');

/** `/grant USER ROLE` in this chat. */
export const grant: Command = async (app, ctx, args) => {
  const user = userId(args.user);
  await setGrant(app.db, ctx.chat, { userId: user, role: args.role as Role, grantedBy: ctx.user.id });
  return { text: textOf(ctx.language).replies.granted(user, String(args.role)) };
};

/** `/revoke USER` in this chat. */
export const revoke: Command = async (app, ctx, args) => {
  const user = userId(args.user);
  await removeGrant(app.db, ctx.chat, user);
  return { text: textOf(ctx.language).replies.revoked(user) };
};

/** `/whoami`: what an admin needs to know to give somebody a right. */
export const whoami: Command = async (_app, ctx) => {
  return { text: textOf(ctx.language).replies.whoami(ctx.user.id, ctx.role, `${ctx.chat.kind}:${ctx.chat.chatId}`) };
};
