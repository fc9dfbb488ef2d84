import { type APIInteraction, MessageFlags, Routes } from 'discord.js';
import { AmbiguousError, TemporaryError } from '../../core/errors.ts';
import type { ChatReply } from '../../core/ports.ts';
import { pause } from '../pause.ts';
import type { Discord } from './client.ts';
import { isApiCode, toChatError } from './errors.ts';
import { toEvent } from './event.ts';
import { isPrivate } from './interaction.ts';
import { textPieces } from './markup.ts';
import { sendPiece } from './message.ts';

const unreachableMs = 3_000;
/** What Discord says of an interaction whose time is over, or that was never deferred. */
const overCodes = [10008, 10015, 10062, 50027];

/** What is answered, and until when. */
export type Asked = { interaction: APIInteraction; signal: AbortSignal };

/**
 * Shows a reply in place of "thinking …": errors only to the person. Where the time of the interaction is over, the bot
 * says it in the channel. What Discord clearly did not take for lack of time or connection is sent again until it is
 * taken; the first piece, which replaces what stands, also where it may have been taken.
 *
 * @returns false where the signal came before anything was sent
 * @throws AmbiguousError, FatalError as `errors.ts` says
 */
export async function sendReply(discord: Discord, reply: ChatReply, asked: Asked): Promise<boolean> {
  const pieces = textPieces({ text: reply.text });
  const event = toEvent(asked.interaction);
  const isHidden = event !== undefined && isPrivate(asked.interaction, event);
  await discord.deferring.get(asked.interaction.id);
  try {
    if (reply.isError && !isHidden) return await sendHidden(discord, pieces, asked);
    return await replaceOriginal(discord, pieces, { ...asked, isHidden });
  } catch (error) {
    if (!isApiCode(error, ...overCodes)) throw error;
    // Which sites there are logins for is nobody else's business; /cookies shows it again.
    const isSecret = event?.text.startsWith('/cookies') && asked.interaction.guild_id !== undefined;
    return isSecret || sendToChannel(discord, pieces, asked);
  }
}

/** "Thinking …" was for all to see: it is taken away, and the person told apart. */
async function sendHidden(discord: Discord, pieces: string[], asked: Asked): Promise<boolean> {
  const { application_id: applicationId, token } = asked.interaction;
  const original = Routes.webhookMessage(applicationId, token);
  const isGone = await persist(asked.signal, true, async () => {
    await discord.api.delete(original, { auth: false }).catch((error: unknown) => {
      if (!isApiCode(error, 10008)) throw error;
    });
  });
  return isGone && followUp(discord, pieces, { ...asked, isHidden: true });
}

async function replaceOriginal(
  discord: Discord,
  [first = '…', ...rest]: string[],
  asked: Asked & { isHidden: boolean },
): Promise<boolean> {
  const { application_id: applicationId, token } = asked.interaction;
  const body = { content: first, allowed_mentions: { parse: [] } };
  const isSaid = await persist(asked.signal, true, () =>
    discord.api.patch(Routes.webhookMessage(applicationId, token), { body, auth: false }),
  );
  return isSaid && ((await followUp(discord, rest, asked)) || true);
}

async function followUp(
  discord: Discord,
  pieces: string[],
  { interaction, signal, isHidden }: Asked & { isHidden: boolean },
): Promise<boolean> {
  const { application_id: applicationId, token } = interaction;
  for (const [index, content] of pieces.entries()) {
    const flags = isHidden ? { flags: MessageFlags.Ephemeral } : {};
    const body = { content, allowed_mentions: { parse: [] }, ...flags };
    const isSaid = await persist(signal, false, () =>
      discord.api.post(Routes.webhook(applicationId, token), { body, auth: false }),
    );
    if (!isSaid) return index > 0;
  }
  return true;
}

async function sendToChannel(discord: Discord, pieces: string[], { interaction, signal }: Asked): Promise<boolean> {
  const channelId = interaction.channel?.id;
  return channelId === undefined || sayPieces(discord, { channelId, key: `reply ${interaction.id}`, pieces }, signal);
}

/** Says something by itself. @returns false where the signal came before anything was sent @throws as `sendReply` */
export function sayText(
  discord: Discord,
  { channelId, key, text }: { channelId: string; key: string; text: string },
  signal: AbortSignal,
): Promise<boolean> {
  return sayPieces(discord, { channelId, key, pieces: textPieces({ text }) }, signal);
}

/** As messages of the bot: their nonce keeps them from standing twice. */
async function sayPieces(
  discord: Discord,
  { channelId, key, pieces }: { channelId: string; key: string; pieces: string[] },
  signal: AbortSignal,
): Promise<boolean> {
  for (const [index, content] of pieces.entries()) {
    const piece = { key: `${key} ${index}`, content };
    const isSaid = await persist(signal, true, () => sendPiece(discord, channelId, piece, signal));
    if (!isSaid) return index > 0;
  }
  return true;
}

/** Calls until it is taken. @returns false where the signal came first */
async function persist(signal: AbortSignal, isHarmless: boolean, call: () => Promise<unknown>): Promise<boolean> {
  while (!signal.aborted) {
    try {
      await call();
      return true;
    } catch (error) {
      const known = toChatError(error);
      if (signal.aborted && error instanceof Error && error.name === 'AbortError') return false;
      if (!(known instanceof TemporaryError) || (known instanceof AmbiguousError && !isHarmless)) throw known;
      await pause(known.retryAfterMs ?? unreachableMs, signal);
    }
  }
  return false;
}
