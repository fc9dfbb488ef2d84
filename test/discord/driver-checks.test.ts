import { expect, test } from 'vitest';
import { checkDiscordBot } from '../../src/bots/discord/checks.ts';
import { setup } from './setup.ts';

test('a good token tells who the bot is and how it is invited', async () => {
  const { root: apiRoot, token, applicationId, guild } = await setup();
  const report = await checkDiscordBot({ token, apiRoot, guilds: [guild.id] });
  expect(report).toMatchObject({ detail: 'aircheck', invite: expect.stringContaining(`client_id=${applicationId}`) });
  expect(report.fault).toBeUndefined();
});

test('a server of DISCORD_GUILDS where the bot is not is a fault', async () => {
  const { root: apiRoot, token, world } = await setup();
  const { id } = world.addGuild({ hasBot: false });
  const { fault } = await checkDiscordBot({ token, apiRoot, guilds: [id] });
  expect(fault?.text).toContain(id);
  expect(fault?.advice).toContain('https://discord.com/oauth2/authorize');
});

test('a refused token is a fault, and no answer an error', async () => {
  const { root: apiRoot, token, world } = await setup();
  world.revoke();
  const { fault } = await checkDiscordBot({ token, apiRoot, guilds: [] });
  expect(fault?.text).toContain('refused');
  const away = checkDiscordBot({ token, apiRoot: 'http://127.0.0.1:1/api', guilds: [] });
  await expect(away).rejects.toThrow('127.0.0.1:1 does not answer');
});
