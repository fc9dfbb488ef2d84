import { eq, sql } from 'drizzle-orm';
import type { App } from '../app.ts';
import { joinAddress } from '../core/address.ts';
import { formatSize } from '../core/duration.ts';
import { TemporaryError, UserError } from '../core/errors.ts';
import type { ChatKind, PostMode } from '../core/model.ts';
import type { ChatReply, TargetRef } from '../core/ports.ts';
import { textOf, troubleSentence } from '../core/text/text.ts';
import { targets } from '../db/schema.ts';
import { ensureTarget, findTargets, findWatchesOfTarget } from '../db/watches.ts';
import type { Args, Command, CommandContext } from './context.ts';
import { chatOf, findPlace, placeLabel, placeName, readKind } from './place.ts';

type TargetRow = typeof targets.$inferSelect;

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

type Found = { values: Partial<typeof targets.$inferInsert>; placeName?: string };

/** What the arguments set, with every place as its chat knows it. */
async function changes(app: App, ctx: CommandContext, args: Args, kindNow: ChatKind): Promise<Found> {
  const named = args.address === undefined ? undefined : readKind(String(args.address), ctx.chat.kind);
  const kind = named?.kind ?? kindNow;
  const place = named && (await findPlace(app, ctx, kind, named.address));
  const side = async (name: 'discussion' | 'vault') => {
    if (args[name] === undefined) return {};
    return { [name]: (await findPlace(app, ctx, kind, readKind(String(args[name]), kind).address)).address };
  };
  const values = {
    ...(place ? { kind, address: place.address } : {}),
    ...(await side('discussion')),
    ...(await side('vault')),
    ...(args.limit === undefined ? {} : { limits: { partBytes: Number(args.limit) } }),
    ...(args.post === undefined ? {} : { postMode: args.post as PostMode }),
    ...(args.crosspost === undefined ? {} : { options: { isCrossposted: args.crosspost === 'yes' } }),
  };
  return { values, ...(place ? { placeName: place.name } : {}) };
}

const add: Command = async (app, ctx, args) => {
  const name = needed(args, 'name');
  needed(args, 'address');
  const { values, placeName: title = '' } = await changes(app, ctx, args, ctx.chat.kind);
  const row = { chatKind: ctx.chat.kind, chatId: ctx.chat.chatId, name, kind: ctx.chat.kind, address: '', ...values };
  const [saved] = await app.db
    .insert(targets)
    .values(row)
    .onConflictDoUpdate({
      target: [targets.chatKind, targets.chatId, targets.name],
      targetWhere: sql`removed_at is null`,
      set: row,
    })
    .returning();
  if (!saved) throw new Error('upsert returned no row');
  return tellSaved(app, ctx, saved, title);
};

const set: Command = async (app, ctx, args) => {
  const found = await find(app, ctx, args);
  const { values, placeName: title } = await changes(app, ctx, args, found.kind);
  if (Object.keys(values).length > 0) await app.db.update(targets).set(values).where(eq(targets.id, found.id));
  const saved = { ...found, ...values } as TargetRow;
  return tellSaved(app, ctx, saved, title ?? (await placeName(app, saved.kind, saved.address)));
};

/** What stands now, and at once what is missing there. */
async function tellSaved(app: App, ctx: CommandContext, row: TargetRow, title: string): Promise<ChatReply> {
  const problems = await examine(app, ctx, row);
  return { text: [textOf(ctx.language).replies.targetAdded(row.name, title), ...problems].join('\n') };
}

/** A sentence for each thing that is missing at a Target. */
async function examine(app: App, ctx: CommandContext, row: TargetRow): Promise<string[]> {
  const problems = await chatOf(app, row.kind)
    .doctor(refOf(ctx, row))
    .catch((error: unknown) => {
      app.log.warn({ err: error, target: row.id }, 'a target could not be examined');
      return [error instanceof TemporaryError ? 'chat_silent' : 'fault'];
    });
  return problems.map((code) => troubleSentence(ctx.language, code));
}

/** A Target row as drivers see it; the default one is where the command was given. */
const refOf = ({ chat }: CommandContext, row: TargetRow): TargetRef => {
  const { id, kind, address, discussion, vault, limits, options, isDefault } = row;
  return {
    id,
    kind,
    address: isDefault && kind === chat.kind && address === chat.chatId ? joinAddress(chat) : address,
    limits,
    options,
    discussion: discussion ?? undefined,
    vault: vault ?? undefined,
  };
};

const test: Command = async (app, ctx, args) => {
  const found = await find(app, ctx, args);
  const sentences = await examine(app, ctx, found);
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
  return { text: (await Promise.all(rows.map((row) => describe(app, ctx, row)))).join('\n') };
};

async function describe(app: App, { language }: CommandContext, row: TargetRow): Promise<string> {
  const { kind, address, discussion, vault, limits, postMode, isDefault } = row;
  const t = textOf(language).replies.targetFacts;
  const facts = [
    await placeLabel(app, kind, address),
    isDefault ? t.isDefault : undefined,
    discussion ? t.discussion(await placeLabel(app, kind, discussion)) : undefined,
    vault ? t.vault(await placeLabel(app, kind, vault)) : undefined,
    limits.partBytes ? t.limit(formatSize(limits.partBytes)) : undefined,
    postMode === 'auto' ? undefined : t.post[postMode],
  ];
  return `${row.name}: ${facts.filter(Boolean).join(' · ')}`;
}
