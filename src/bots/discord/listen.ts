import { randomBytes } from 'node:crypto';
import { type APIInteraction, Client, Events, GatewayDispatchEvents, GatewayIntentBits } from 'discord.js';
import { errorText, UserError } from '../../core/errors.ts';
import type { ChatEvent, ChatReply } from '../../core/ports.ts';
import { codeSentence, errorSentence, languageOf } from '../../core/text/text.ts';
import { redact } from '../../lib/log.ts';
import { answerInbox } from '../answer-inbox.ts';
import type { InboxRow } from '../inbox.ts';
import { listenByLease } from '../listen-by-lease.ts';
import { pause } from '../pause.ts';
import { type Discord, restOptions } from './client.ts';
import { toEvent } from './event.ts';
import { isPrivate, takeInteraction } from './interaction.ts';
import { registerCommands } from './menu.ts';
import { sendReply } from './reply.ts';
import { fileOf } from './said-file.ts';

/** What the product does with what was said; nothing where nothing is to be answered. */
export type OnEvent = (event: ChatEvent) => Promise<ChatReply | undefined>;

const longestMs = 60_000;

/** Hears and answers until the signal; of all processes one at a time. Never throws. */
export async function listen(discord: Discord, onEvent: OnEvent, signal: AbortSignal): Promise<void> {
  const serve = async (until: AbortSignal) => {
    const answerer = {
      ...discord,
      handle: (row: InboxRow) => replyTo(discord, interactionOf(row), onEvent),
      show: (row: InboxRow, reply: ChatReply, isOver: AbortSignal) =>
        sendReply(discord, reply, { interaction: interactionOf(row), signal: isOver }),
    };
    await Promise.all([answerInbox(answerer, until), hearUntil(discord, until)]);
  };
  await listenByLease({ ...discord, serve }, signal);
}

const interactionOf = ({ body }: InboxRow) => body as unknown as APIInteraction;

/** What is to be said. A fault of the handler is told to the person, and the log has more; silence is none here. */
async function replyTo(
  { log }: Discord,
  interaction: APIInteraction,
  onEvent: OnEvent,
): Promise<ChatReply | undefined> {
  const said = toEvent(interaction);
  if (!said) return undefined;
  const file = fileOf(interaction);
  // What came with a command is seen by all who see its answer.
  const isSecret = interaction.guild_id === undefined || isPrivate(interaction, said);
  const event = { ...said, isPrivate: isSecret, ...(file && { file }) };
  const { user } = event;
  const language = languageOf(event.text, user.language);
  try {
    // Whoever uses a command waits for an answer, which only they see.
    const stranger = () => ({
      text: errorSentence(language, new UserError('stranger', { user: user.id })),
      isError: true,
    });
    return (await onEvent(event)) ?? stranger();
  } catch (err) {
    const id = randomBytes(3).toString('hex');
    log.error({ err, id, interaction: interaction.id }, 'a command could not be handled');
    return { text: errorSentence(language, err, id), isError: true };
  }
}

/** Keeps a connection to the gateway; discord.js mends what can be mended, after that a new one is made. */
async function hearUntil(discord: Discord, signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      await hearOnce(discord, signal, () => {
        failures = 0;
      });
    } catch (error) {
      const isRefused = /invalid token|TokenInvalid/i.test(errorText(error));
      const detail = redact(errorText(error));
      if (isRefused) discord.log.error(codeSentence('en', 'discord_token_refused'));
      else discord.log.warn({ detail }, 'the gateway of Discord does not answer; it is tried again');
    }
    await pause(Math.min(longestMs, 1_000 * 2 ** Math.min(failures, 6)), signal);
  }
}

/** Returns where the signal came or Discord closed the session for good. @throws where it cannot be opened */
async function hearOnce(discord: Discord, signal: AbortSignal, onReady: () => void): Promise<void> {
  const { log, apiRoot, token } = discord;
  const client = new Client({ intents: [GatewayIntentBits.Guilds], rest: restOptions(apiRoot) });
  const closed = new Promise<void>((resolve) => {
    client.once(Events.Invalidated, resolve);
    client.once(Events.ShardDisconnect, ({ code }) => {
      log.error({ code }, 'Discord closed the session');
      resolve();
    });
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  client.on(Events.Error, (err) => log.warn({ err }, 'Discord'));
  client.on(Events.ShardError, (err) => log.warn({ err }, 'the connection to Discord broke off; it is made anew'));
  client.once(Events.ClientReady, ({ user, application }) => {
    log.info({ bot: user.username }, 'listening to Discord');
    onReady();
    void registerCommands(discord, application.id);
  });
  client.ws.on(GatewayDispatchEvents.InteractionCreate, (interaction: APIInteraction) => {
    void takeInteraction(discord, interaction, signal);
  });
  try {
    if (signal.aborted) return;
    await Promise.race([client.login(token), closed]);
    await closed;
  } finally {
    await client.destroy();
  }
}
