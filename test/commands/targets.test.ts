import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dispatch } from '../../src/commands/dispatch.ts';
import { UserError } from '../../src/core/errors.ts';
import type { ChatAddress } from '../../src/core/model.ts';
import { setGrant } from '../../src/db/grants.ts';
import { targets } from '../../src/db/schema.ts';
import { startTestApp, type TestApp } from '../support/app.ts';
import { startTelegram, type Telegram } from '../support/telegram/server.ts';

let server: Telegram;
let product: TestApp;
const installer = 1;
const groupAdmin = 2;
beforeAll(async () => {
  server = await startTelegram();
  for (const id of [installer, groupAdmin]) server.world.addUser({ id, firstName: `Person ${id}` });
  product = await startTestApp(
    { TELEGRAM_TOKEN: server.token, TELEGRAM_API_ROOT: server.root, ADMINS: `telegram:${installer}` },
    [],
  );
});
afterAll(async () => {
  await product?.close();
  await server?.close();
  expect(server.violations).toEqual([]);
});

const person = (id: number) => server.world.users.get(id) as never;
let messages = 0;
async function say(chatId: number | string, text: string, userId = installer): Promise<string> {
  const chat: ChatAddress = { kind: 'telegram', chatId: String(chatId) };
  const user = { id: String(userId), name: 'A', isOwner: false };
  const reply = await dispatch(product.app, { kind: 'command', chat, user, text, messageId: String(++messages) });
  return reply?.text ?? '';
}
async function rowOf(name: string) {
  const [row] = await product.app.db.select().from(targets).where(eq(targets.name, name));
  return row;
}
const findPlace = (address: string, userId = String(installer)) =>
  product.app.chats.get('telegram')?.findPlace(address, userId);

describe('a place', () => {
  test('is found by name, number or link, and kept by its number', async () => {
    const channel = server.world.addChannel({ title: 'Archive', username: 'the_archive' });
    server.world.setMember(channel, person(installer), 'administrator');
    const place = { address: String(channel.id), name: 'Archive', isTheirs: true };
    for (const typed of ['@the_archive', String(channel.id), 'https://t.me/the_archive', 't.me/the_archive/12'])
      expect(await findPlace(typed)).toEqual(place);
    expect(await findPlace(`https://t.me/c/${String(channel.id).slice(4)}/5`)).toEqual(place);
    expect(await findPlace('@the_archive', String(groupAdmin))).toEqual({ ...place, isTheirs: false });
    expect(await findPlace('@the_archive', '')).toEqual({ ...place, isTheirs: false });
  });

  test('in a forum may be a topic', async () => {
    const forum = server.world.addGroup({ title: 'Forum', type: 'forum' });
    expect(await findPlace(`${forum.id}/7`)).toMatchObject({ address: `${forum.id}/7`, name: 'Forum' });
    expect(await findPlace(`${forum.id}/1`)).toMatchObject({ address: String(forum.id) });
    const group = server.world.addGroup({ title: 'Group' });
    expect(await findPlace(`${group.id}/7`)).toMatchObject({ address: String(group.id) });
  });

  test('is the own private chat, never another one', async () => {
    server.world.privateChat(person(installer));
    const mine = { address: String(installer), name: 'Person 1', isTheirs: true };
    expect(await findPlace(String(installer))).toEqual(mine);
    expect(await findPlace(String(installer), '99')).toEqual({ ...mine, isTheirs: false });
  });

  test('that nobody knows, or that put the bot out, is told', async () => {
    for (const typed of ['@nobody_here', '-100999', 'https://t.me/+invite', 'some where', ''])
      await expect(findPlace(typed)).rejects.toMatchObject({ name: 'UserError', code: 'place_unknown' });
    const channel = server.world.addChannel({ title: 'Closed' });
    server.world.kick(channel);
    await expect(findPlace(String(channel.id))).rejects.toEqual(
      new UserError('place_closed', { place: String(channel.id) }),
    );
  });

  test('of a group that became a supergroup is the supergroup', async () => {
    const group = server.world.addGroup({ title: 'Grown', type: 'group' });
    const moved = server.world.migrate(group);
    expect(await findPlace(String(group.id))).toMatchObject({ address: String(moved.id), name: 'Grown' });
  });
});

describe('/target', () => {
  test('add and set keep numbers, name the place, and tell what is missing', async () => {
    const home = server.world.addGroup({ title: 'Home' });
    const channel = server.world.addChannel({ title: 'Shows', username: 'shows_here' });
    const talk = server.world.addGroup({ title: 'Talk', username: 'talk_here' });
    server.world.link(channel, talk);
    const vault = server.world.addChannel({ title: 'Vault' });
    const added = await say(home.id, '/target add shows @shows_here discussion=@talk_here limit=50MB');
    expect(added).toMatch(/^Target "shows" is set: Shows\.\nThere is no vault/);
    expect(await say(home.id, `/target set shows vault=${vault.id}`)).toBe('Target "shows" is set: Shows.');
    expect(await rowOf('shows')).toMatchObject({
      kind: 'telegram',
      address: String(channel.id),
      discussion: String(talk.id),
      vault: String(vault.id),
    });
    expect(await say(home.id, '/target test shows')).toContain('works');
    expect(await say(home.id, '/target list')).toBe(
      [
        `here: Home (telegram:${home.id}) · default`,
        `shows: Shows (telegram:${channel.id}) · comments in Talk (telegram:${talk.id}) · staged in Vault (telegram:${vault.id}) · parts up to 50.0 MB`,
      ].join('\n'),
    );
    server.world.setRights(channel, { can_post_messages: false });
    expect(await say(home.id, '/target test shows')).toContain('Post messages');
  });

  test('an admin of one chat may name their own places and this chat, not those of others', async () => {
    const home = server.world.addGroup({ title: 'Home' });
    const [theirs, others] = [
      server.world.addChannel({ title: 'Mine' }),
      server.world.addChannel({ title: 'Not mine' }),
    ];
    server.world.setMember(theirs, person(groupAdmin), 'creator');
    const chat = { kind: 'telegram', chatId: String(home.id) } as const;
    await setGrant(product.app.db, chat, { userId: String(groupAdmin), role: 'admin', grantedBy: '1' });
    const tell = (text: string) => say(home.id, text, groupAdmin);
    expect(await tell(`/target add a ${theirs.id}`)).toContain('is set: Mine.');
    expect(await tell(`/target add b ${home.id}`)).toContain('is set: Home.');
    for (const text of [
      `c ${others.id}`,
      `c ${theirs.id} vault=${others.id}`,
      `c ${theirs.id} discussion=${others.id}`,
    ])
      expect(await tell(`/target add ${text}`)).toContain(`not an admin of "${others.id}"`);
    expect(await tell('/target add c web:main')).toContain('not an admin of "main"');
    expect(await tell(`/target set a ${others.id}`)).toContain('not an admin');
    expect(await rowOf('c')).toBeUndefined();
    expect(await say(home.id, `/target add c ${others.id}`)).toContain('is set: Not mine.');
  });

  test('that cannot be looked up now says so', async () => {
    const home = server.world.addGroup({ title: 'Home' });
    server.fault({ method: 'getChat', kind: 'error500' });
    expect(await say(home.id, `/target add x ${home.id}`)).toContain('does not answer just now');
    server.fault({ method: 'getChat', kind: 'error500', times: 2 });
    expect(await say(home.id, '/target list')).toBe(`here: telegram:${home.id} · default`);
  });
});
