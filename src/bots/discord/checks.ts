import { type APIApplication, type APIUser, DiscordAPIError, REST, Routes } from 'discord.js';
import { errorText } from '../../core/errors.ts';
import { redact } from '../../lib/log.ts';
import { restOptions } from './client.ts';
import { invitePermissions } from './permissions.ts';

/** What was found: who the bot is, how it is invited, and what is to be put right. */
export type DiscordReport = { detail: string; fault?: { text: string; advice: string }; invite?: string };

const limitMs = 10_000;

/**
 * Looks whether the token is good, and in which of the named servers the bot is. Disturbs no running bot.
 *
 * @throws where Discord cannot be reached
 */
export async function checkDiscordBot(settings: {
  token: string;
  apiRoot: string;
  guilds: string[];
}): Promise<DiscordReport> {
  const { token, guilds } = settings;
  const apiRoot = settings.apiRoot.replace(/\/+$/, '');
  const api = new REST(restOptions(apiRoot, limitMs)).setToken(token);
  const me = await api.get('/users/@me').catch((error: unknown) => {
    if (error instanceof DiscordAPIError) return error;
    throw new Error(`${new URL(apiRoot).host} does not answer`, { cause: new Error(redact(errorText(error))) });
  });
  if (me instanceof DiscordAPIError) {
    const advice = 'take the token from https://discord.com/developers/applications → Bot, and set DISCORD_TOKEN';
    return { detail: '', fault: { text: `the token is refused (${me.status})`, advice } };
  }
  const invite = inviteLink(((await api.get(Routes.currentApplication())) as APIApplication).id);
  const away: string[] = [];
  for (const id of guilds) if (!(await isIn(api, id))) away.push(id);
  const detail = (me as APIUser).username;
  if (away.length === 0) return { detail, invite };
  const text = `the bot is not in the servers ${away.join(', ')} of DISCORD_GUILDS`;
  return { detail, invite, fault: { text, advice: `invite it: ${invite}` } };
}

async function isIn(api: REST, guildId: string): Promise<boolean> {
  try {
    await api.get(Routes.guild(guildId));
    return true;
  } catch (error) {
    if (error instanceof DiscordAPIError) return false;
    throw error;
  }
}

/** Where an admin of a server lets the bot in. Source: https://discord.com/developers/docs/topics/oauth2 */
export const inviteLink = (applicationId: string): string =>
  `https://discord.com/oauth2/authorize?client_id=${applicationId}&scope=bot+applications.commands&permissions=${invitePermissions}`;
