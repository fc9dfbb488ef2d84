import type { App } from '../app.ts';
import { isNamedByAddress, streamName } from '../core/card.ts';
import { parseRef, shown } from '../core/command.ts';
import { UserError } from '../core/errors.ts';
import type { ChatAddress, Language, Role } from '../core/model.ts';
import type { ChatEvent, ChatReply, SaidFile } from '../core/ports.ts';
import { looksLikeUrl, parseStreamUrl } from '../core/url.ts';
import { findChatDeliveries } from '../db/watches.ts';

/** Who said a command, where, with which right. */
export type CommandContext = {
  chat: ChatAddress;
  user: { id: string; name: string };
  role: Role;
  language: Language;
  /** An admin of the whole installation (ADMINS, or the owner of the web chat), not only of this chat. */
  isInstaller: boolean;
  /** Nobody else reads along. */
  isPrivate: boolean;
  /** What came with the command, and how what was said is taken out of the chat. */
  file?: SaidFile | undefined;
  hide?: ChatEvent['hide'] | undefined;
};
export type Args = Record<string, string | number>;
export type Command = (app: App, ctx: CommandContext, args: Args) => Promise<ChatReply>;

export type ChatDelivery = Awaited<ReturnType<typeof findChatDeliveries>>[number];

/**
 * The Deliveries of this chat that `s12` or a link names; without either the one recording that runs here.
 *
 * @throws UserError `nothing_active`, `which_one`, `nothing_found`
 */
export async function pickDeliveries(
  app: App,
  ctx: CommandContext,
  ref: string | undefined,
  isOpen: boolean,
): Promise<ChatDelivery[]> {
  if (ref === undefined) {
    const open = await findChatDeliveries(app.db, ctx.chat, { isOpen: true });
    const ids = [...new Set(open.map(({ session }) => session.id))];
    if (ids.length === 0) throw new UserError('nothing_active');
    if (ids.length > 1) throw new UserError('which_one', { choices: choices(open) });
    return open;
  }
  const found = await byRef(app, ctx, ref);
  if (found.length === 0) throw new UserError('nothing_found', { id: shown(ref) });
  const open = found.filter(({ delivery }) => delivery.closedAt === null);
  if (isOpen && open.length === 0) throw new UserError('nothing_active');
  return isOpen ? open : found;
}

async function byRef(app: App, ctx: CommandContext, ref: string): Promise<ChatDelivery[]> {
  const parsed = parseRef(ref);
  if (!parsed) {
    const { href } = looksLikeUrl(ref) ? parseStreamUrl(ref) : {};
    const links = href === undefined ? [] : [matchStream(app, href), matchServer(app, href)];
    const named = links.filter((link) => link !== undefined);
    return (await Promise.all(named.map((stream) => findChatDeliveries(app.db, ctx.chat, { stream })))).flat();
  }
  const { kind, id } = parsed;
  if (kind === 's') return findChatDeliveries(app.db, ctx.chat, { sessionId: id });
  if (kind === 'w') return findChatDeliveries(app.db, ctx.chat, { watchId: id });
  if (kind === 'd') return findChatDeliveries(app.db, ctx.chat, { deliveryId: id });
  return kind === 'p' ? findChatDeliveries(app.db, ctx.chat, { postId: id }) : [];
}

/** `p12` names one Post; every other id all Posts of what it names. */
export function postIdOf({ id }: Args): number | undefined {
  const ref = parseRef(String(id));
  return ref?.kind === 'p' ? ref.id : undefined;
}

/** What a link names, by the first Platform that knows it. */
export function matchStream(app: App, href: string) {
  const url = new URL(href);
  for (const platform of app.platforms) {
    const match = platform.match(url);
    if (match) return { platform: platform.name, ...match };
  }
  return undefined;
}

/** The server a link names, of those that list their streams; not where a site knows the link. */
export function matchServer(app: App, href: string): ReturnType<typeof matchStream> {
  const site = matchStream(app, href);
  if (site && !isNamedByAddress(site.platform)) return undefined;
  for (const platform of app.platforms) {
    const match = platform.matchServer?.(new URL(href));
    if (match) return { platform: platform.name, ...match };
  }
  return undefined;
}

/** Ids named when a person has to choose; more would fill the screen. */
const mostChoices = 20;

const choices = (rows: ChatDelivery[]) =>
  [...new Map(rows.map(({ session, stream }) => [session.id, `s${session.id} (${streamName(stream)})`])).values()]
    .slice(0, mostChoices)
    .join(', ');
