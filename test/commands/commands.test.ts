import { and, eq } from 'drizzle-orm';
import { beforeAll, describe, expect, test } from 'vitest';
import { advance } from '../../src/advance.ts';
import type { App } from '../../src/app.ts';
import { dispatch } from '../../src/commands/dispatch.ts';
import type { ChatAddress } from '../../src/core/model.ts';
import type { ChatReply } from '../../src/core/ports.ts';
import {
  audit,
  deliveries,
  renditions,
  sessions,
  streams,
  targets,
  watches,
  watchTargets,
} from '../../src/db/schema.ts';
import { openQuietApp } from './quiet-app.ts';
import { steeredPlatform } from './steered-platform.ts';

const site = steeredPlatform('site.example');
let app: App;
beforeAll(async () => {
  const quiet = await openQuietApp(site.platform);
  app = quiet.app;
  return quiet.close;
});

let chats = 0;
/** A chat nobody used before. */
const newChat = (kind: ChatAddress['kind'] = 'telegram'): ChatAddress => ({ kind, chatId: `chat${++chats}` });
let messages = 0;
async function answer(chat: ChatAddress, text: string, userId = '1'): Promise<ChatReply | undefined> {
  const user = { id: userId, name: `user ${userId}`, isOwner: false };
  return dispatch(app, { kind: 'command', chat, user, text, messageId: String(++messages) });
}
async function say(chat: ChatAddress, text: string, userId = '1'): Promise<string> {
  return (await answer(chat, text, userId))?.text ?? '';
}
const idIn = (text: string, letter: string) => Number(new RegExp(`\\b${letter}(\\d+)`).exec(text)?.[1]);
const deliveriesOf = (sessionId: number) =>
  app.db.select().from(deliveries).where(eq(deliveries.sessionId, sessionId)).orderBy(deliveries.id);

describe('/record', () => {
  test('a live stream is recorded for this chat', async () => {
    site.set('live1', { state: 'live', title: 'Morning show', broadcastId: 'b1' });
    const chat = newChat();
    const text = await say(chat, '/record https://site.example/Live1?utm_source=x quality=720p for=2h');
    expect(text).toContain('Recording Morning show as s');
    const [delivery] = await deliveriesOf(idIn(text, 's'));
    const [watch] = await app.db
      .select()
      .from(watches)
      .where(eq(watches.id, delivery?.watchId ?? 0));
    expect(watch).toMatchObject({
      once: true,
      quality: '720p',
      rules: { maxLengthMs: 7_200_000 },
      chatId: chat.chatId,
    });
    const [target] = await app.db
      .select()
      .from(targets)
      .where(eq(targets.id, delivery?.targetId ?? 0));
    expect(target).toMatchObject({ name: 'here', kind: 'telegram', address: chat.chatId, isDefault: true });
  });

  test('said six times at once is one order', async () => {
    site.set('live2', { state: 'live', broadcastId: 'b2' });
    const chat = newChat();
    const replies = await Promise.all(Array.from({ length: 6 }, () => say(chat, '/record site.example/live2')));
    expect(replies.filter((text) => text.startsWith('Recording')).length).toBe(1);
    const ids = new Set(replies.map((text) => idIn(text, 's')));
    expect(ids.size).toBe(1);
    expect(await deliveriesOf([...ids][0] ?? 0)).toHaveLength(1);
  });

  test.each([
    [{ state: 'offline' }, 'Use /watch'],
    [{ state: 'scheduled', scheduledFor: new Date('2030-01-02T03:04:05Z') }, 'announced for Wed 2 Jan 2030 03:04 UTC'],
    [{ state: 'ended' }, 'is over'],
    [{ state: 'unknown', reason: 'timeout' }, 'did not say whether this is live'],
    [{ state: 'unknown', reason: 'members_only' }, 'for members only'],
    [{ state: 'unknown', reason: 'address_refused' }, 'site.example is in a private network'],
    [{ state: 'unknown', reason: 'TypeError: boom' }, 'did not say whether this is live'],
  ] as const)('of %j says what to do and leaves no order', async (status, sentence) => {
    site.set('quiet', status);
    const chat = newChat();
    const reply = await answer(chat, '/record site.example/quiet');
    expect(reply).toMatchObject({ isError: true, text: expect.stringContaining(sentence) });
    expect(await say(chat, '/list')).toContain('Nothing is watched');
  });

  test('goes on as the next recording after /stop', async () => {
    site.set('again', { state: 'live', broadcastId: 'b3' });
    const chat = newChat();
    const first = idIn(await say(chat, '/record site.example/again'), 's');
    expect(await say(chat, '/stop')).toContain(`s${first}`);
    const second = idIn(await say(chat, '/record site.example/again'), 's');
    expect(second).toBeGreaterThan(first);
    const [session] = await app.db.select().from(sessions).where(eq(sessions.id, second));
    expect(session?.continuesId).toBe(first);
  });

  test('a site nobody knows and an unknown target are told', async () => {
    expect(await say(newChat(), '/record https://other.example/x')).toContain('do not know this site');
    site.set('live3', { state: 'live' });
    expect(await say(newChat(), '/record site.example/live3 to=nowhere')).toContain('no target "nowhere"');
  });

  test('goes to every target that is named, once to each place, or to none', async () => {
    site.set('many', { state: 'live' });
    const chat = newChat();
    for (const name of ['archive', 'twin']) await say(chat, `/target add ${name} web:archive`);
    await say(chat, '/target add backup web:backup');
    expect(await say(chat, '/record site.example/many to=archive,nowhere')).toContain('no target "nowhere"');
    const id = idIn(await say(chat, '/record site.example/many to=backup,archive,twin,here'), 's');
    const rows = await app.db
      .select({ name: targets.name, position: watchTargets.position })
      .from(deliveries)
      .innerJoin(targets, eq(targets.id, deliveries.targetId))
      .innerJoin(watchTargets, eq(watchTargets.targetId, targets.id))
      .where(eq(deliveries.sessionId, id))
      .orderBy(watchTargets.position);
    expect(rows.map(({ name }) => name)).toEqual(['backup', 'archive', 'here']);
    expect((await say(chat, `/status s${id}`)).match(/many/g)).toHaveLength(1);
    expect(await say(chat, '/stop')).toContain(`Stopping s${id}`);
    expect((await deliveriesOf(id)).every((row) => row.closeReason === 'stopped')).toBe(true);
  });
});

describe('/stop and /cancel', () => {
  test('stop closes the windows of this chat alone', async () => {
    site.set('shared', { state: 'live', broadcastId: 'b4' });
    const [mine, theirs] = [newChat(), newChat()];
    const id = idIn(await say(mine, '/record site.example/shared'), 's');
    expect(idIn(await say(theirs, '/record site.example/shared'), 's')).toBe(id);
    expect(await say(mine, `/stop s${id}`)).toContain(`Stopping s${id}`);
    const rows = await deliveriesOf(id);
    expect(rows.map((row) => row.closeReason)).toEqual(['stopped', null]);
    const [session] = await app.db.select().from(sessions).where(eq(sessions.id, id));
    expect(session?.state).toBe('starting');
    expect(await say(mine, `/stop s${id}`)).toContain('Nothing is being recorded');
    expect(await say(theirs, '/stop site.example/SHARED')).toContain(`Stopping s${id}`);
    const [rendition] = await app.db.select().from(renditions).where(eq(renditions.sessionId, id));
    expect(rendition?.endReason).toBe('stopped');
  });

  test('without an id asks which, where several run', async () => {
    const chat = newChat();
    expect(await say(chat, '/stop')).toContain('Nothing is being recorded');
    site.set('one', { state: 'live' });
    site.set('two', { state: 'live' });
    const one = idIn(await say(chat, '/record site.example/one'), 's');
    const two = idIn(await say(chat, '/record site.example/two'), 's');
    const question = await say(chat, '/stop');
    expect(question).toContain(`s${one} (`);
    expect(question).toContain(`s${two} (`);
  });

  test('another chat cannot stop, see or cancel it', async () => {
    site.set('private', { state: 'live' });
    const id = idIn(await say(newChat(), '/record site.example/private'), 's');
    const other = newChat();
    for (const command of ['stop', 'cancel', 'retry', 'status'])
      expect(await say(other, `/${command} s${id}`)).toContain('I find nothing');
  });

  test('cancel posts nothing, and there is nothing to cancel twice', async () => {
    site.set('dropped', { state: 'live' });
    const chat = newChat();
    const id = idIn(await say(chat, '/record site.example/dropped'), 's');
    expect(await say(chat, '/cancel')).toContain(`s${id} is cancelled`);
    expect((await deliveriesOf(id))[0]?.state).toBe('cancelled');
    expect(await say(chat, `/cancel s${id}`)).toContain('over already');
    expect(await say(chat, '/status')).toContain('Nothing is being recorded');
  });

  test('retry is for what failed', async () => {
    site.set('failing', { state: 'live' });
    const chat = newChat();
    const id = idIn(await say(chat, '/record site.example/failing'), 's');
    expect(await say(chat, `/retry s${id}`)).toContain('has failed');
    const [delivery] = await deliveriesOf(id);
    await advance(app, 'deliveries', delivery?.id ?? 0, 'postFailed', { error: 'part_too_big' });
    expect(await say(chat, `/status s${id}`)).toContain('Raise the limit');
    expect(await say(chat, `/retry s${id}`)).toContain(`Trying s${id} again`);
    expect((await deliveriesOf(id))[0]?.state).toBe('collecting');
  });
});

describe('/watch', () => {
  test('is one order however often and fast it is said, and the monitor is told', async () => {
    const chat = newChat();
    const told: number[] = [];
    const unhear = app.bus.hear('streams', (id) => told.push(id));
    const replies = await Promise.all(
      Array.from({ length: 6 }, () => say(chat, '/watch https://site.example/later split=30m')),
    );
    const ids = new Set(replies.map((text) => idIn(text, 'w')));
    expect(ids.size).toBe(1);
    await expect.poll(() => told.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(6);
    unhear();
    const [watch] = await app.db
      .select()
      .from(watches)
      .where(eq(watches.id, [...ids][0] ?? 0));
    expect(watch).toMatchObject({ once: false, rules: { splitMs: 1_800_000 } });
    expect(await say(chat, '/list')).toBe(`w${watch?.id} later (best) · parts of 30:00`);
  });

  test('unwatch takes its id or link, and only its own', async () => {
    const chat = newChat();
    const id = idIn(await say(chat, '/watch site.example/x1'), 'w');
    expect(await say(chat, `/unwatch s${id}`)).toContain('I find nothing');
    expect(await say(newChat(), `/unwatch w${id}`)).toContain('I find nothing');
    expect(await say(chat, '/unwatch site.example/X1')).toContain(`w${id} ended`);
    expect(await say(chat, `/unwatch w${id}`)).toContain('I find nothing');
  });

  test('the list has pages of 20', async () => {
    const chat = newChat();
    for (let i = 0; i < 21; i++) await say(chat, `/watch site.example/page${i}`);
    expect((await say(chat, '/list')).split('\n')).toHaveLength(21);
    expect(await say(chat, '/list page=9')).toMatch(/^w\d+ page0 \(best\)\nPage 2 of 2$/);
  });
});

describe('/target', () => {
  test('is added, changed, used and removed', async () => {
    const chat = newChat();
    expect(await say(chat, '/target add archive web:shelf limit=50MB post=link')).toBe(
      'Target "archive" is set: shelf.',
    );
    await say(chat, '/target set archive limit=20MB');
    expect((await say(chat, '/target list')).split('\n')).toEqual([
      `here: telegram:${chat.chatId} · default`,
      'archive: web:shelf · parts up to 20.0 MB · a link',
    ]);
    expect(await say(chat, '/target add gone discord:1')).toContain('does not run here');
    const watch = idIn(await say(chat, '/watch site.example/archived to=archive'), 'w');
    expect(await say(chat, '/target remove archive')).toContain(`used by w${watch}`);
    await say(chat, `/unwatch w${watch}`);
    expect(await say(chat, '/target remove archive')).toContain('removed');
    expect(await say(chat, '/target remove here')).toContain('default of this chat');
    expect(await say(chat, '/target set archive limit=1MB')).toContain('no target "archive"');
    const [row] = await app.db
      .select()
      .from(targets)
      .where(and(eq(targets.name, 'archive'), eq(targets.chatId, chat.chatId)));
    expect(row).toMatchObject({ limits: { partBytes: 20_000_000 }, postMode: 'link' });
  });

  test('is tested by the chat it names', async () => {
    expect(await say(newChat('web'), '/target test here', 'nobody')).toContain('private');
    const chat = newChat();
    expect(await say(chat, '/target test here')).toContain('does not run here');
    await say(chat, '/target add page web:main');
    expect(await say(chat, '/target test page')).toContain('"page" works');
  });
});

describe('rights', () => {
  test('a stranger gets one short answer an hour, however fast they type', async () => {
    const chat = newChat();
    const replies = await Promise.all(Array.from({ length: 5 }, () => answer(chat, '/status', '666')));
    const answered = replies.filter((reply) => reply !== undefined);
    expect(answered).toHaveLength(1);
    expect(answered[0]?.text).toContain('666');
    expect(await answer(newChat(), '/record site.example/live1', '666')).toBeUndefined();
    expect(await answer(chat, 'hello', '667')).toBeUndefined();
  });

  test('are given and taken in one chat', async () => {
    const chat = newChat();
    await say(chat, '/grant <@42> viewer');
    expect(await say(chat, '/whoami', '42')).toContain(`42, viewer, in chat telegram:${chat.chatId}`);
    expect(await say(chat, '/watch site.example/y', '42')).toContain('"operator"');
    await say(chat, '/grant 42 operator');
    expect(await say(chat, '/watch site.example/y', '42')).toContain('Watching');
    expect(await say(chat, '/grant 43 admin', '42')).toContain('"admin"');
    expect(await answer(newChat(), '/watch site.example/y', '42')).toMatchObject({ isError: true });
    await say(chat, '/revoke 42');
    expect(await answer(chat, '/status', '42')).toBeUndefined();
    expect(await say(chat, '/grant @name viewer')).toContain('not an id');
  });

  test('the owner of the web chat may do everything', async () => {
    const user = { id: 'owner', name: 'Owner', isOwner: true };
    const event = { kind: 'command', chat: newChat('web'), user, messageId: '1' } as const;
    expect((await dispatch(app, { ...event, text: '/whoami' }))?.text).toContain('admin');
    expect((await dispatch(app, { ...event, text: 'hello' }))?.text).toContain('/record');
  });
});

describe('every command', () => {
  test('that changes something leaves an audit row without secrets', async () => {
    const chat = newChat();
    await say(chat, '/watch https://u:p@site.example/aud?sig=SECRET quality=audio');
    await say(chat, '/list');
    const rows = await app.db.select().from(audit).where(eq(audit.chatId, chat.chatId));
    expect(rows).toMatchObject([
      { action: 'watch', userId: '1', userName: 'user 1', detail: { url: 'site.example/aud', quality: 'audio' } },
    ]);
  });

  test('is answered in the language it is typed in', async () => {
    expect(await say(newChat(), '/record e.example/x to=архив')).toContain('Я не знаю этот сайт');
    expect(await say(newChat(), '/help record')).toContain('/record –');
  });

  test('without a word of Russian is answered in the language of the app', async () => {
    const user = { id: '1', name: 'a', isOwner: false, language: 'ru' } as const;
    const event = { kind: 'command', chat: newChat(), user, messageId: '1' } as const;
    expect((await dispatch(app, { ...event, text: '/status' }))?.text).toContain('Ничего не записывается');
    const stranger = { ...event, user: { ...user, id: '668' }, text: '/status' };
    expect((await dispatch(app, stranger))?.text).toContain('бот закрытый');
    const spoken = { ...event, user: { ...user, language: 'en' as const }, text: '/record e.example/x to=архив' };
    expect((await dispatch(app, spoken))?.text).toContain('Я не знаю этот сайт');
  });

  test('that fails inside is told as internal, with an id', async () => {
    const broken = { ...app, platforms: [{ ...site.platform, check: () => Promise.reject(new Error('pw=1')) }] };
    const user = { id: '1', name: 'a', isOwner: false };
    const text = '/record site.example/broken';
    const reply = await dispatch(broken, { kind: 'command', chat: newChat(), user, text, messageId: '1' });
    expect(reply).toMatchObject({ isError: true, text: expect.stringMatching(/error [0-9a-f]{6}/) });
    expect(reply?.text).not.toContain('pw=1');
  });

  test('is answered whole, however long: cutting is for the chat that shows it', async () => {
    const chat = newChat();
    for (let i = 0; i < 12; i++) {
      site.set(`long${i}`, { state: 'live', title: 'word '.repeat(1000) });
      await say(chat, `/record site.example/long${i}`);
    }
    const text = await say(chat, '/status');
    expect(text.match(/^s\d+ word/gm)).toHaveLength(12);
    expect(text.length).toBeLessThan(4096);
    const rows = await app.db.select().from(streams).where(eq(streams.channel, 'long1'));
    expect(rows).toHaveLength(1);
  });
});
