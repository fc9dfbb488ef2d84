import { refusal } from '../api-error.ts';
import { type Call, nothing, ok, partOf, type Result, type Route } from '../call.ts';
import { interactionLimits, type StoredInteraction } from '../interaction-state.ts';
import { edit, messageFlags, remove } from '../messages.ts';
import { checkMessage } from '../rules.ts';
import { nowMs, type StoredMessage, type WorldState } from '../state.ts';
import { messageView } from '../views.ts';
import { answerMessage, answers } from './callback.ts';

/**
 * The interaction of a token, after its first answer and within 15 minutes.
 *
 * @throws DiscordError 10015 for a token that is none or was not answered yet, 50027 for one that has run out
 */
function answered(world: WorldState, call: Call): StoredInteraction {
  if (partOf(call, 'webhook') !== world.applicationId) throw refusal('unknownWebhook');
  const interaction = [...world.interactions.values()].find(({ token }) => token === partOf(call, 'token'));
  if (interaction === undefined) throw refusal('unknownWebhook');
  if (nowMs(world) - interaction.createdAt > interactionLimits.tokenMs) throw refusal('invalidWebhookToken');
  if (interaction.answeredWith === undefined) throw refusal('unknownWebhook');
  if (!world.channels.has(interaction.channelId)) throw refusal('unknownChannel');
  return interaction;
}

/** @throws DiscordError 10008 */
function messageOf(world: WorldState, call: Call): StoredMessage {
  const interaction = answered(world, call);
  const id = partOf(call, 'message');
  const all = [...(interaction.original ? [interaction.original] : []), ...interaction.followups];
  const message = id === '@original' ? interaction.original : all.find((candidate) => candidate.id === id);
  if (!message || isGone(world, message)) throw refusal('unknownMessage');
  return message;
}

/** Ephemeral messages stand in no channel; the others end with their channel or when somebody deletes them. */
function isGone(world: WorldState, message: StoredMessage): boolean {
  if ((message.flags & messageFlags.ephemeral) !== 0) return message.isDeleted === true;
  return !world.channels.get(message.channelId)?.messages.has(message.id);
}

function change(world: WorldState, call: Call): Result {
  const message = messageOf(world, call);
  checkMessage(call.body, message.flags);
  return ok(messageView(world, edit(world, message, call)));
}

function removeOne(world: WorldState, call: Call): Result {
  const message = messageOf(world, call);
  remove(world, message);
  message.isDeleted = true;
  return nothing;
}

/** Another answer; right after a deferral it fills the deferred one, whose flag for "only you see it" stays. */
function followUp(world: WorldState, call: Call): Result {
  const interaction = answered(world, call);
  checkMessage(call.body);
  const { original } = interaction;
  const isWaiting = interaction.answeredWith === answers.defer && ((original?.flags ?? 0) & messageFlags.loading) !== 0;
  if (original && isWaiting && !isGone(world, original)) return ok(messageView(world, edit(world, original, call)));
  const message = answerMessage(world, interaction, call);
  interaction.followups.push(message);
  return ok(messageView(world, message));
}

const path = '/webhooks/:webhook/:token';
const shared = { isOpen: true, rate: { limit: 5, perMs: 2000 } };

/** Later answers to an interaction. */
export const webhookRoutes: Route[] = [
  { verb: 'POST', path, answer: followUp, schema: 'IncomingWebhookInteractionRequest', hasFiles: true, ...shared },
  {
    verb: 'GET',
    path: `${path}/messages/:message`,
    answer: (world, call) => ok(messageView(world, messageOf(world, call))),
    ...shared,
  },
  {
    verb: 'PATCH',
    path: `${path}/messages/:message`,
    answer: change,
    schema: 'IncomingWebhookUpdateRequestPartial',
    hasFiles: true,
    ...shared,
  },
  { verb: 'DELETE', path: `${path}/messages/:message`, answer: removeOne, ...shared },
];
