import { randomBytes } from 'node:crypto';
import type { APIMessage } from 'discord.js';
import { type Acting, type CommandUse, commandFor, optionsOf } from './command-use.ts';
import { listOf } from './component-rules.ts';
import { type NewInteraction, payloadOf } from './interaction-payload.ts';
import type { StoredInteraction } from './interaction-state.ts';
import { messageFlags } from './messages.ts';
import { pickFiles } from './picked-files.ts';
import { emit, type Fields, newId, nowMs, type StoredMessage, type WorldState } from './state.ts';
import { messageView } from './views.ts';

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

/**
 * A user sends a command. What their client would not let them send is an error of the test.
 *
 * @throws Error for a command that is not registered, a missing option, a value that the option does not take
 */
export function sendCommand(world: WorldState, use: CommandUse): Interaction {
  const command = commandFor(world, use);
  const picked = pickFiles(world, use.files);
  const options = optionsOf(command, use, picked.ids);
  const shared = { id: command.id, name: command.name, type: 1 };
  const data = {
    ...shared,
    ...(options.length > 0 && { options }),
    ...(use.files && { resolved: { attachments: picked.resolved } }),
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

function interact(world: WorldState, made: NewInteraction): Interaction {
  const { user, channel, type, source } = made;
  const guild = world.guilds.get(channel.guildId ?? '');
  const [id, token] = [newId(world), randomBytes(60).toString('base64url')];
  const payload = payloadOf(world, { ...made, id, token });
  const place = { channelId: channel.id, ...(guild && { guildId: guild.id }) };
  const times = { createdAt: nowMs(world), followups: [] };
  const stored: StoredInteraction = { id, token, type, user, ...place, ...times, payload, source };
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
