import { type APIInteraction, InteractionResponseType, InteractionType, MessageFlags, Routes } from 'discord.js';
import { parseCommand } from '../../core/command.ts';
import { errorText } from '../../core/errors.ts';
import type { ChatEvent, Suggestion } from '../../core/ports.ts';
import { redact } from '../../lib/log.ts';
import { step } from '../../lib/steps.ts';
import { addToInbox } from '../inbox.ts';
import { pause } from '../pause.ts';
import type { Discord } from './client.ts';
import { isApiCode } from './errors.ts';
import { toAsking, toEvent } from './event.ts';
import { learnSaid } from './limits.ts';

/** Source: https://discord.com/developers/docs/interactions/receiving-and-responding: 3 s until the first answer. */
const suggestMs = 2_000;
/** Source: https://discord.com/developers/docs/interactions/application-commands#application-command-object */
const mostChoices = 25;
const choiceChars = 100;
/** How long a command waits for a database that is away. */
const writeTries = 30;
const writeEveryMs = 1_000;

/**
 * Takes an interaction as the gateway gives it, perhaps twice: what is asked for is answered at once; a command is
 * deferred at once and written down, and answered from there. Never throws.
 */
export async function takeInteraction(
  discord: Discord,
  interaction: APIInteraction,
  signal: AbortSignal,
): Promise<void> {
  if (interaction.type === InteractionType.ApplicationCommandAutocomplete) return suggest(discord, interaction);
  const event = toEvent(interaction);
  if (!event) return;
  const deferred = defer(discord, interaction, event).finally(() => discord.deferring.delete(interaction.id));
  discord.deferring.set(interaction.id, deferred);
  await Promise.all([deferred, writeDown(discord, interaction, signal)]);
  await learnLimit(discord, interaction);
}

const callbackOf = (discord: Discord, { id, token }: APIInteraction, body: object): Promise<unknown> =>
  discord.api.post(Routes.interactionCallback(id, token), { body, auth: false });

/** Whether only the person shall see the answer: of a button, of what was typed wrong, of what concerns them alone. */
export function isPrivate(interaction: APIInteraction, { text }: Pick<ChatEvent, 'text'>): boolean {
  if (interaction.type === InteractionType.MessageComponent) return true;
  try {
    return ['whoami', 'help', 'cookies'].includes(parseCommand(text)?.name ?? 'help');
  } catch {
    return true;
  }
}

/** "Thinking …": the answer has 15 minutes from now on. One that was deferred before (the same event again) stays so. */
async function defer(discord: Discord, interaction: APIInteraction, event: ChatEvent): Promise<void> {
  const flags = isPrivate(interaction, event) ? { data: { flags: MessageFlags.Ephemeral } } : {};
  const body = { type: InteractionResponseType.DeferredChannelMessageWithSource, ...flags };
  try {
    await callbackOf(discord, interaction, body);
  } catch (error) {
    // It is handled all the same; where it is too late, the answer goes to the channel.
    if (!isApiCode(error, 40060))
      discord.log.warn({ detail: redact(errorText(error)) }, 'a Discord command could not be deferred in time');
  }
}

/** Into the inbox, once. Where the database stays away the person sees that nothing came of it. */
async function writeDown(discord: Discord, interaction: APIInteraction, signal: AbortSignal): Promise<void> {
  const { db, bus, account, log } = discord;
  const values = { account, eventId: interaction.id, chatId: interaction.channel?.id ?? '', body: interaction };
  for (let tries = 1; tries <= writeTries && !signal.aborted; tries++) {
    try {
      await addToInbox(db, values);
      step('inbox.taken');
      return await bus.tell('inbox', 0);
    } catch (err) {
      if (tries === 1) log.warn({ err }, 'a Discord command cannot be written down yet');
      await pause(writeEveryMs, signal);
    }
  }
}

async function suggest(discord: Discord, interaction: APIInteraction): Promise<void> {
  try {
    const choices = (await suggestions(discord, interaction)).slice(0, mostChoices).map(({ value, label }) => ({
      name: label.slice(0, choiceChars),
      value: value.slice(0, choiceChars),
    }));
    const type = InteractionResponseType.ApplicationCommandAutocompleteResult;
    await callbackOf(discord, interaction, { type, data: { choices } });
  } catch (error) {
    discord.log.debug({ detail: redact(errorText(error)) }, 'suggestions came too late');
  }
}

/** What takes too long is not shown. */
async function suggestions(discord: Discord, interaction: APIInteraction): Promise<Suggestion[]> {
  const asking = toAsking(interaction);
  if (!asking || !discord.suggest) return [];
  const late = new AbortController();
  const found = discord.suggest(asking).finally(() => late.abort());
  return Promise.race([found, pause(suggestMs, late.signal).then(() => [])]);
}

async function learnLimit(discord: Discord, interaction: APIInteraction): Promise<void> {
  const { attachment_size_limit: saidBytes, guild_id: guildId } = interaction;
  if (!guildId || !saidBytes) return;
  await learnSaid(discord, guildId, saidBytes).catch((err) => discord.log.debug({ err }, 'a limit was not kept'));
}
