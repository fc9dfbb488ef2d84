import { badField, refusal } from '../api-error.ts';
import { type Call, nothing, ok, partOf, type Result, type Route } from '../call.ts';
import { listOf } from '../component-rules.ts';
import { interactionLimits, type StoredInteraction } from '../interaction-state.ts';
import { edit, messageFlags, newMessage, publish } from '../messages.ts';
import { checkBody, checkMessage } from '../rules.ts';
import type { SchemaName } from '../schema.ts';
import { channelOf, type Fields, newId, nowMs, type StoredMessage, type WorldState } from '../state.ts';
import { messageView } from '../views.ts';

/** Kinds of answers. Source: https://docs.discord.com/developers/interactions/receiving-and-responding */
export const answers = { pong: 1, message: 4, defer: 5, deferUpdate: 6, update: 7, choices: 8, modal: 9 } as const;

const schemas: Record<number, SchemaName> = {
  [answers.message]: 'CreateMessageInteractionCallbackRequest',
  [answers.defer]: 'CreateMessageInteractionCallbackRequest',
  [answers.deferUpdate]: 'UpdateMessageInteractionCallbackRequest',
  [answers.update]: 'UpdateMessageInteractionCallbackRequest',
  [answers.choices]: 'ApplicationCommandAutocompleteCallbackRequest',
};

/** Which answers each kind of interaction takes: 2 a command, 3 a button, 4 autocomplete. */
const fitting: Record<number, number[]> = {
  2: [answers.message, answers.defer, answers.modal],
  3: [answers.message, answers.defer, answers.deferUpdate, answers.update, answers.modal],
  4: [answers.choices],
};

/** @throws DiscordError 10062 when it is too late or never was, 40060 when it was answered */
function openInteraction(world: WorldState, call: Call): StoredInteraction {
  const interaction = world.interactions.get(partOf(call, 'interaction'));
  if (!interaction || interaction.token !== partOf(call, 'token')) throw refusal('unknownInteraction');
  if (interaction.answeredWith !== undefined) throw refusal('alreadyAcknowledged');
  const isLate = nowMs(world) - interaction.createdAt > interactionLimits.firstAnswerMs;
  if (isLate) throw refusal('unknownInteraction');
  return interaction;
}

function callback(world: WorldState, call: Call): Result {
  const interaction = openInteraction(world, call);
  const type = Number(call.body['type']);
  if (!fitting[interaction.type]?.includes(type)) {
    throw badField('type', 'BASE_TYPE_CHOICES', `Value must be one of {${fitting[interaction.type]?.join(', ')}}.`);
  }
  const schema = schemas[type];
  if (schema) checkBody(world, schema, call.body);
  answer(world, { interaction, type, data: (call.body['data'] ?? {}) as Fields, call });
  interaction.answeredWith = type;
  if (call.query.get('with_response') !== 'true') return nothing;
  return ok(responseOf(world, interaction));
}

type Answering = { interaction: StoredInteraction; type: number; data: Fields; call: Call };

function answer(world: WorldState, { interaction, type, data, call }: Answering): void {
  const sent = { body: data, files: call.files };
  if (type === answers.choices) interaction.choices = listOf(data['choices']) as StoredInteraction['choices'];
  if (type === answers.modal) interaction.modal = data;
  if (type === answers.deferUpdate) interaction.original = interaction.source;
  if (type === answers.update && interaction.source) {
    checkMessage(data);
    interaction.original = edit(world, interaction.source, sent);
  }
  if (type === answers.defer) interaction.original = publish(world, deferred(world, interaction, data));
  if (type !== answers.message) return;
  checkMessage(data);
  interaction.original = answerMessage(world, interaction, sent);
}

/** "Thinking…": the flag of the first answer decides for ever who sees it. */
function deferred(world: WorldState, interaction: StoredInteraction, data: Fields): StoredMessage {
  const flags = Number(data['flags'] ?? 0);
  const others = Object.keys(data).filter((name) => !['flags', 'tts', 'enforce_nonce'].includes(name));
  if ((flags & ~messageFlags.ephemeral) !== 0 || others.length > 0) {
    world.options.violate(`a deferred answer takes the flag EPHEMERAL only: ${JSON.stringify(data)}`);
  }
  return {
    id: newId(world),
    channelId: interaction.channelId,
    type: interaction.type === 2 ? 20 : 19,
    author: world.bot,
    content: '',
    embeds: [],
    components: [],
    attachments: [],
    flags: (flags & messageFlags.ephemeral) | messageFlags.loading,
    createdAt: nowMs(world),
    interaction,
    reactions: new Map(),
    hasThread: false,
  };
}

/** A message by which an interaction is answered, now or later. @throws DiscordError 50006, 50035 */
export function answerMessage(
  world: WorldState,
  interaction: StoredInteraction,
  sent: Pick<Call, 'body' | 'files'>,
): StoredMessage {
  const channel = channelOf(world, interaction.channelId);
  const message = newMessage(world, channel, sent, world.bot);
  message.interaction = interaction;
  if (interaction.type === 2 && interaction.original === undefined) message.type = 20;
  return publish(world, message);
}

function responseOf(world: WorldState, { id, type, answeredWith, original }: StoredInteraction): Fields {
  const flags = original?.flags ?? 0;
  const response = original && {
    response_message_id: original.id,
    response_message_loading: (flags & messageFlags.loading) !== 0,
    response_message_ephemeral: (flags & messageFlags.ephemeral) !== 0,
  };
  const resource = { type: answeredWith, ...(original && { message: messageView(world, original) }) };
  return { interaction: { id, type, ...response }, resource };
}

/** The first answer to an interaction: its address holds its token, and no rate counts it. */
export const callbackRoutes: Route[] = [
  { verb: 'POST', path: '/interactions/:interaction/:token/callback', answer: callback, isOpen: true, hasFiles: true },
];
