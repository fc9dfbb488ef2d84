import { expect, test } from 'vitest';
import { checkTelegramBot, type TelegramSettings } from '../../src/bots/telegram/checks.ts';
import { webhookUrl } from '../../src/bots/telegram/webhook.ts';
import { setup } from './setup.ts';

async function open() {
  const server = await setup({ mode: 'local' });
  const vault = server.world.addChannel({ title: 'Vault' });
  const good = { token: server.token, apiRoot: server.root, isLocal: true, vault: String(vault.id) };
  const look = async (more: Partial<TelegramSettings> = {}) => {
    const { detail, troubles } = await checkTelegramBot({ ...good, ...more });
    expect(troubles.every(({ advice }) => advice.length > 10)).toBe(true);
    return { detail, found: troubles.map(({ text, isFault }) => `${isFault ? 'FAULT ' : ''}${text}`) };
  };
  return { server, vault, look, good };
}

test('a good installation has no trouble', async () => {
  const { server, look } = await open();
  expect(await look()).toEqual({ detail: `@${server.bot.username}`, found: [] });
});

test('a token that is refused is the one fault', async () => {
  const { server, look } = await open();
  server.revoke(server.token);
  expect(await look()).toEqual({ detail: '', found: ['FAULT the token is refused (401)'] });
});

test('a server that does not answer is named, without the token', async () => {
  const { look, good } = await open();
  const error: unknown = await look({ apiRoot: 'http://127.0.0.1:1' }).catch((reason: unknown) => reason);
  expect(String(error)).toContain('127.0.0.1:1 does not answer');
  expect(`${String(error)} ${String((error as Error).cause)}`).not.toContain(good.token);
});

test('a vault that is missing, unknown or closed is told', async () => {
  const { server, look, vault } = await open();
  expect((await look({ vault: undefined })).found).toEqual(['no vault: albums are not possible']);
  expect((await look({ vault: '-100999' })).found).toEqual([
    'FAULT TELEGRAM_VAULT is not reachable (Bad Request: chat not found)',
  ]);
  server.world.setRights(vault, { can_post_messages: false });
  expect((await look()).found).toEqual(['FAULT the bot may not post in TELEGRAM_VAULT']);
  server.world.kick(vault);
  expect((await look()).found).toEqual([expect.stringMatching(/^FAULT TELEGRAM_VAULT is not reachable \(Forbidden/)]);
});

test("another program's webhook is a fault; our own is none", async () => {
  const { server, look, good } = await open();
  await server.api.setWebhook('https://other.example/x');
  expect((await look()).found).toEqual(["FAULT updates go to another program's webhook at other.example"]);
  const publicUrl = 'https://aircheck.example';
  await server.api.setWebhook(webhookUrl({ ...good, publicUrl }) ?? '');
  expect((await look({ publicUrl })).found).toEqual([]);
});

test('what does not fit the server is told', async () => {
  const { look } = await open();
  expect((await look({ isLocal: false })).found).toEqual([expect.stringContaining('without TELEGRAM_LOCAL')]);
});
