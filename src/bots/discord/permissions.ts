import { type APIOverwrite, PermissionFlagsBits as Flags, OverwriteType } from 'discord.js';
import type { Role } from '../../core/model.ts';

/** What permissions are computed from, as the API gives it. */
export type PermissionFacts = {
  guild: { id: string; owner_id: string; roles: { id: string; permissions: string }[] };
  member: { userId: string; roles: string[] };
  /** Of the channel; of its parent for a thread. */
  overwrites?: APIOverwrite[];
};

const everything = Object.values(Flags).reduce((all, flag) => all | flag, 0n);

/**
 * Permissions of a member in a channel; without overwrites in the whole server.
 * Source: https://discord.com/developers/docs/topics/permissions#permission-overwrites
 */
export function permissionsOf({ guild, member, overwrites = [] }: PermissionFacts): bigint {
  if (guild.owner_id === member.userId) return everything;
  const mine = new Set([guild.id, ...member.roles]);
  const base = guild.roles.reduce((sum, role) => (mine.has(role.id) ? sum | BigInt(role.permissions) : sum), 0n);
  if (base & Flags.Administrator) return everything;
  const ofRoles = overwrites.filter(({ type, id }) => type === OverwriteType.Role && mine.has(id));
  const steps = [
    ofRoles.filter(({ id }) => id === guild.id),
    ofRoles.filter(({ id }) => id !== guild.id),
    overwrites.filter(({ type, id }) => type === OverwriteType.Member && id === member.userId),
  ];
  return steps.reduce((now, step) => applied(now, step), base);
}

/** All denials of a step first, then what it allows. */
function applied(now: bigint, step: APIOverwrite[]): bigint {
  const denied = step.reduce((sum, { deny }) => sum | BigInt(deny), 0n);
  const allowed = step.reduce((sum, { allow }) => sum | BigInt(allow), 0n);
  return (now & ~denied) | allowed;
}

/** The right that somebody's permissions in a server give them here; `/grant` may raise it. */
export function roleOf(permissions: string | undefined): Role | undefined {
  const bits = BigInt(permissions ?? '0');
  if (bits & (Flags.Administrator | Flags.ManageGuild)) return 'admin';
  return bits & Flags.ManageMessages ? 'operator' : undefined;
}

/** What the bot needs in a channel, and the code of the sentence where it is missing; in the order people give it. */
const needs: [bigint, string][] = [
  [Flags.ViewChannel, 'discord_needs_view'],
  [Flags.SendMessages, 'discord_needs_send'],
  [Flags.AttachFiles, 'discord_needs_attach'],
  [Flags.ReadMessageHistory, 'discord_needs_history'],
  [Flags.CreatePublicThreads, 'discord_needs_threads'],
  [Flags.SendMessagesInThreads, 'discord_needs_thread_send'],
];

/** Codes of what is missing. In a thread messages need the right of threads, and no thread is made in it. */
export function missingIn(permissions: bigint, { isThread }: { isThread: boolean }): string[] {
  const notInThread: bigint[] = [Flags.SendMessages, Flags.CreatePublicThreads];
  return needs.flatMap(([flag, code]) => {
    const isNeeded = !(isThread && notInThread.includes(flag));
    return isNeeded && !(permissions & flag) ? [code] : [];
  });
}

/** Whether the history of a channel can be read: without that an empty list proves nothing. */
export function canReadHistory(permissions: bigint): boolean {
  const both = Flags.ViewChannel | Flags.ReadMessageHistory;
  return (permissions & both) === both;
}

/** Whether somebody decides what is posted in a channel. */
export function isKeeper(permissions: bigint): boolean {
  return (permissions & (Flags.ManageChannels | Flags.ManageGuild | Flags.Administrator)) !== 0n;
}

/** The permission number of the invite link: what `needs` names, no more. */
export const invitePermissions: bigint = needs.reduce((sum, [flag]) => sum | flag, 0n);
