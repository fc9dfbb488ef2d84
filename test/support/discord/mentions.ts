import { PermissionFlagsBits } from 'discord.js';
import { permissionsIn } from './permissions.ts';
import type { Fault } from './schema.ts';
import type { Fields, StoredMessage, WorldState } from './state.ts';

/** Who is pinged by a message, in the fields of the API. */
export type Mentions = { mentions: unknown[]; mention_roles: string[]; mention_everyone: boolean };

/**
 * Reads the mentions of a text. Without `allowed_mentions` everybody who is named is pinged: whoever posts words of
 * strangers must say that nobody is.
 *
 * Source: https://docs.discord.com/developers/resources/message#allowed-mentions-object
 */
export function mentionsOf(world: WorldState, message: StoredMessage): Mentions {
  const { content, allowedMentions } = message;
  const isAllowed = (kind: Kind, id: string) => allows(allowedMentions, kind, id);
  const users = idsIn(content, /<@!?(\d+)>/g).filter((id) => isAllowed('users', id));
  const isEveryone = /@(everyone|here)\b/.test(content) && isAllowed('everyone', '') && mayPingAll(world, message);
  return {
    mentions: users.flatMap((id) => world.users.get(id) ?? []),
    mention_roles: idsIn(content, /<@&(\d+)>/g).filter((id) => isAllowed('roles', id)),
    mention_everyone: isEveryone,
  };
}

type Kind = 'users' | 'roles' | 'everyone';

function idsIn(content: string, pattern: RegExp): string[] {
  return [...content.matchAll(pattern)].map(([, id = '']) => id);
}

function allows(allowed: Fields | undefined | null, kind: Kind, id: string): boolean {
  if (!allowed) return true;
  const [parse, ids] = [allowed['parse'], allowed[kind]];
  return (Array.isArray(parse) && parse.includes(kind)) || (Array.isArray(ids) && ids.map(String).includes(id));
}

function mayPingAll(world: WorldState, { channelId, author }: StoredMessage): boolean {
  const channel = world.channels.get(channelId);
  if (!channel) return false;
  return (permissionsIn(world, channel, author.id) & PermissionFlagsBits.MentionEveryone) !== 0n;
}

/** `parse` and a list of ids for the same kind exclude each other. */
export function mentionFaults(body: Fields): Fault[] {
  const allowed = body['allowed_mentions'] as Fields | undefined | null;
  const parse = allowed?.['parse'];
  if (!allowed || !Array.isArray(parse)) return [];
  return (['users', 'roles'] as const).flatMap((kind): Fault[] => {
    const ids = allowed[kind];
    if (!parse.includes(kind) || !Array.isArray(ids) || ids.length === 0) return [];
    const message = `parse:["${kind}"] and ${kind}: [ids...] are mutually exclusive.`;
    return [{ path: 'allowed_mentions', code: 'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE', message }];
  });
}
