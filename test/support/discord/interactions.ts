import { randomBytes } from 'node:crypto';
import type { APIMessage } from 'discord.js';
import { type Acting, type CommandUse, commandFor, optionsOf } from './command-use.ts';
import { listOf } from './component-rules.ts';
import type { InteractionType, StoredInteraction } from './interaction-state.ts';
import { messageFlags } from './messages.ts';
import { bitsOf, permissionsIn } from './permissions.ts';
import { channelTypes, emit, type Fields, newId, nowMs, type StoredMessage, type WorldState } from './state.ts';
import { messageView } from './views.ts';
import { actingMemberView, channelView } from './views-places.ts';

/** An answer as the user sees it. */
export type Reply = {
  message: APIMessage;
  isEphemeral: boolean;
  /** "Thinking…" still. */
  isLoading: boolean;
  isDeleted: boolean;
};

/** An interaction in the hands of a test. */
export type Interaction = {
  id: string;
  token: string;
  /** The data of INTERACTION_CREATE, to send it again with `world.emit`. */
  payload: Fields;
  guildId: string | null;
  /** The type of the first answer (4, 5, …); undefined before it came. */
  answeredWith(): number | undefined;
  /** The first answer and the followups, in order; what was deleted too. */
  replies(): Reply[];
  /** What an autocomplete was answered; undefined before. */
  choices(): { name: string; value: string | number }[] | undefined;
};

type NewInteraction = Acting & { type: InteractionType; data: Fields; source?: StoredMessage };

/**
 * A user sends a command. What their client would not let them send is an error of the test.
 *
 * @throws Error for a command that is not registered, a missing option, a value that the option does not take
 */
export function sendCommand(world: WorldState, use: CommandUse): Interaction {
  const command = commandFor(world, use);
  const options = optionsOf(command, use);
  const shared = { id: command.id, name: command.name, type: 1 };
  const data = {
    ...shared,
    ...(options.length > 0 && { options }),
    ...(command.guild_id && { guild_id: command.guild_id }),
  };
  const type = use.focused === undefined ? 2 : 4;
  return interact(world, { ...use, type, data });
}

/** A user presses a button. @throws Error when the message has no such button, or a disabled one */
export function pressButton(world: WorldState, acting: Acting, messageId: string, customId: string): Interaction {
  const source = acting.channel.messages.get(messageId) ?? ephemeral(world, messageId);
  const buttons = listOf(source?.components).flatMap((row) => listOf(row['components']));
  const button = buttons.find((candidate) => candidate['custom_id'] === customId);
  if (!source || !button || button['disabled'] === true) throw new Error(`no button ${customId} on ${messageId}`);
  return interact(world, { ...acting, type: 3, source, data: { custom_id: customId, component_type: button['type'] } });
}

function ephemeral(world: WorldState, messageId: string): StoredMessage | undefined {
  const all = [...world.interactions.values()].flatMap(({ original, followups }) => [
    ...(original ? [original] : []),
    ...followups,
  ]);
  return all.find(({ id }) => id === messageId);
}

function interact(
  world: WorldState,
  { user, channel, locale = 'en-US', type, data, source }: NewInteraction,
): Interaction {
  const guild = world.guilds.get(channel.guildId ?? '');
  const member = guild?.members.get(user.id);
  if (guild && !member) throw new Error(`${user.username} is no member of ${guild.name}`);
  const [id, token] = [newId(world), randomBytes(60).toString('base64url')];
  const appPermissions =
    guild && !guild.isLeft ? permissionsIn(world, channel, world.bot.id) : bitsOf(['EmbedLinks', 'AttachFiles']);
  const payload: Fields = {
    id,
    application_id: world.applicationId,
    type,
    token,
    version: 1,
    data,
    channel_id: channel.id,
    channel: channelView(world, channel),
    locale,
    app_permissions: String(appPermissions),
    attachment_size_limit: guild?.announcedFileLimitBytes ?? 20 * 2 ** 20,
    entitlements: [],
    authorizing_integration_owners: { '0': guild?.id ?? '0' },
    context: channel.type === channelTypes.dm ? 1 : 0,
    ...(guild && {
      guild_id: guild.id,
      guild_locale: guild.locale,
      guild: { id: guild.id, locale: guild.locale, features: guild.features },
    }),
    ...(member ? { member: actingMemberView(world, channel, member) } : { user }),
    ...(source && { message: messageView(world, source) }),
  };
  const place = { channelId: channel.id, ...(guild && { guildId: guild.id }) };
  const stored: StoredInteraction = {
    id,
    token,
    type,
    user,
    ...place,
    createdAt: nowMs(world),
    payload,
    followups: [],
    source,
  };
  world.interactions.set(id, stored);
  emit(world, guild?.id ?? null, 'INTERACTION_CREATE', payload);
  return handleOf(world, stored);
}

function handleOf(world: WorldState, stored: StoredInteraction): Interaction {
  const { id, token, payload, guildId = null } = stored;
  return {
    id,
    token,
    payload,
    guildId,
    answeredWith: () => stored.answeredWith,
    replies: () =>
      [...(stored.original ? [stored.original] : []), ...stored.followups].map((message) => replyOf(world, message)),
    choices: () => stored.choices,
  };
}

function replyOf(world: WorldState, message: StoredMessage): Reply {
  const isEphemeral = (message.flags & messageFlags.ephemeral) !== 0;
  const isLoading = (message.flags & messageFlags.loading) !== 0;
  const isStanding = isEphemeral
    ? message.isDeleted !== true
    : world.channels.get(message.channelId)?.messages.has(message.id);
  return { message: messageView(world, message), isEphemeral, isLoading, isDeleted: isStanding !== true };
}
