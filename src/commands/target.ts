import { eq, sql } from 'drizzle-orm';
import type { App } from '../app.ts';
import { UserError } from '../core/errors.ts';
import { type ChatAddress, chatKinds, type PostMode } from '../core/model.ts';
import { textOf, troubleSentence } from '../core/text/text.ts';
import { targets } from '../db/schema.ts';
import { ensureTarget, findTargets, findWatchesOfTarget } from '../db/watches.ts';
import type { Args, Command, CommandContext } from './context.ts';

/** `/target add|set|test|remove|list`: where this chat's recordings are posted. */
export const target: Command = async (app, ctx, args) => {
  await ensureTarget(app.db, ctx.chat, undefined);
  const actions: Record<string, Command> = { add, set, test, remove, list };
  const action = actions[String(args.action)] ?? list;
  return action(app, ctx, args);
};

const needed = (args: Args, name: string) => {
  const value = args[name];
  if (value === undefined) throw new UserError('target_needs', { what: name });
  return String(value);
};

async function find(app: App, ctx: CommandContext, args: Args) {
  const name = needed(args, 'name');
  const found = (await findTargets(app.db, ctx.chat)).find((row) => row.name === name);
  if (!found) throw new UserError('target_unknown', { name });
  return found;
}

/** `@channel`, `-100…` or `discord:123`: another chat's kind may be named before a colon. */
function readAddress(text: string, chat: ChatAddress) {
  const [, kind, address] = /^([a-z]+):(.+)$/.exec(text) ?? [];
  const known = chatKinds.find((candidate) => candidate === kind);
  return known && address ? { kind: known, address } : { kind: chat.kind, address: text };
}

function changes(args: Args) {
  return {
    ...(args.discussion === undefined ? {} : { discussion: String(args.discussion) }),
    ...(args.vault === undefined ? {} : { vault: String(args.vault) }),
    ...(args.limit === undefined ? {} : { limits: { partBytes: Number(args.limit) } }),
    ...(args.post === undefined ? {} : { postMode: args.post as PostMode }),
  };
}

const add: Command = async (app, ctx, args) => {
  const name = needed(args, 'name');
  const place = readAddress(needed(args, 'address'), ctx.chat);
  const values = { chatKind: ctx.chat.kind, chatId: ctx.chat.chatId, name, ...place, ...changes(args) };
  await app.db
    .insert(targets)
    .values(values)
    .onConflictDoUpdate({
      target: [targets.chatKind, targets.chatId, targets.name],
      targetWhere: sql`removed_at is null`,
      set: values,
    });
  return { text: textOf(ctx.language).replies.targetAdded(name) };
};

const set: Command = async (app, ctx, args) => {
  const found = await find(app, ctx, args);
  const place = args.address === undefined ? {} : readAddress(String(args.address), ctx.chat);
  const values = { ...place, ...changes(args) };
  if (Object.keys(values).length > 0) await app.db.update(targets).set(values).where(eq(targets.id, found.id));
  return { text: textOf(ctx.language).replies.targetAdded(found.name) };
};

const test: Command = async (app, ctx, args) => {
  const found = await find(app, ctx, args);
  const { id, kind, address, limits } = found;
  const chat = app.chats.get(kind);
  const problems = chat
    ? await chat.doctor({
        id,
        kind,
        address,
        limits,
        discussion: found.discussion ?? undefined,
        vault: found.vault ?? undefined,
      })
    : ['chat_not_connected'];
  const sentences = problems.map((code) => troubleSentence(ctx.language, code));
  return { text: sentences.length === 0 ? textOf(ctx.language).replies.targetGood(found.name) : sentences.join('\n') };
};

const remove: Command = async (app, ctx, args) => {
  const found = await find(app, ctx, args);
  if (found.isDefault) throw new UserError('target_in_use', { name: found.name });
  const used = await findWatchesOfTarget(app.db, found.id);
  const watches = used.map((id) => `w${id}`).join(', ');
  if (used.length > 0) throw new UserError('target_watched', { name: found.name, watches });
  await app.db.update(targets).set({ removedAt: sql`now()` }).where(eq(targets.id, found.id));
  return { text: textOf(ctx.language).replies.targetRemoved(found.name) };
};

const list: Command = async (app, ctx) => {
  const rows = await findTargets(app.db, ctx.chat);
  return { text: rows.map((row) => `${row.name}: ${row.kind}:${row.address}${row.isDefault ? ' *' : ''}`).join('\n') };
};
