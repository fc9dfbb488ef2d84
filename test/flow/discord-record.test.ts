import { expect, test } from 'vitest';
import { readOutcome, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { type DiscordApp, discordFrames } from '../support/discord-app.ts';
import type { LiveOrigin } from '../support/live.ts';
import { limitFor } from '../support/telegram-app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();
let s: DiscordApp;
let origin: LiveOrigin;
const messagesRoute = 'POST /channels/:channel/messages';

async function open(segments = 12): Promise<void> {
  s = await flow.discord();
  origin = await flow.origin(segments);
}

/** `/target add archive #archive` with so many bytes for a part, in three parts where none are told. */
async function addArchive(limit?: number): Promise<void> {
  const options = { action: 'add', name: 'archive', address: `<#${s.archive.id}>` };
  const bytes = limit ?? (await limitFor(origin, 3, 12));
  const reply = await s.say('target', { ...options, limit: `${bytes}B` });
  expect(reply.message.content).toContain('archive');
}

/** Records what there is, to its end and until it is posted. */
async function recordAll(): Promise<void> {
  expect((await s.say('record', { url: origin.url, to: 'archive' })).message.content).toContain('Recording');
  await waitForFrames(s.t.app, 1);
  origin.end();
  await waitUntilPosted(s.t.app);
}

test('a recording becomes one post with a comment in its thread, and the card links to it', async () => {
  await open();
  await addArchive();
  expect((await s.say('target', { action: 'test', name: 'archive' })).message.content).toContain('works');
  await recordAll();
  const [post, ...others] = s.posts();
  expect(others).toEqual([]);
  expect(post?.attachments.length).toBeGreaterThan(1);
  expect(await discordFrames(s, post ? [post] : [])).toBe(await origin.frames());
  const [thread] = s.world.threads(s.archive);
  expect(thread?.id).toBe(post?.id);
  const comments = s.world.messages(thread as NonNullable<typeof thread>).filter(({ content }) => content !== '');
  expect(comments.map(({ content }) => content)).toEqual([expect.stringContaining('Complete')]);
  const link = `https://discord.com/channels/${s.guild.id}/${s.archive.id}/${post?.id}`;
  await waitFor(() => JSON.stringify(s.card()?.components).includes(link), { what: 'the link on the card' });
});

test('a recording is posted where it was ordered, and stopped by the button of its card', async () => {
  await open();
  await s.say('record', { url: origin.url });
  await waitForFrames(s.t.app, 200);
  const card = await waitFor(() => s.card(), { what: 'the card' });
  const pressed = s.world.press(s.owner, s.home, card.id, '/stop s1');
  await waitUntilPosted(s.t.app);
  expect(pressed.replies()[0]?.message.content).toContain('Stopping');
  expect(s.posts(s.home)).toHaveLength(1);
  expect((await readOutcome(s.t.app)).sessions[0]?.endReason).toBe('stopped');
});

test('a post that was sent and whose answer was lost stands once', async () => {
  await open();
  await addArchive();
  s.discord.fault({ kind: 'dropAfter', route: messagesRoute, id: s.archive.id });
  await recordAll();
  expect(s.posts()).toHaveLength(1);
  expect(await discordFrames(s, s.posts())).toBe(await origin.frames());
});

test('what is refused for its size goes in smaller messages, then in smaller parts', async () => {
  await open();
  await addArchive(await limitFor(origin, 1, 12));
  s.discord.fault({ kind: 'tooLarge', route: messagesRoute, id: s.archive.id });
  await recordAll();
  const files = s.posts().flatMap(({ attachments }) => attachments);
  expect(files.length).toBeGreaterThan(1);
  expect(await discordFrames(s, s.posts())).toBe(await origin.frames());
});

test('who has no right in the server is told so, and may be given one', async () => {
  await open();
  const guest = s.world.addUser();
  s.world.addMember(s.guild, guest);
  const refused = await s.say('record', { url: origin.url }, { user: guest });
  expect(refused).toMatchObject({ isEphemeral: true });
  await s.say('grant', { user: guest.id, role: 'operator' });
  expect((await s.say('status', {}, { user: guest })).isEphemeral).toBe(false);
});

test('ids and targets are suggested from what there is', async () => {
  await open();
  await addArchive();
  await s.say('record', { url: origin.url, to: 'archive' });
  const typing = (name: string, argument: string, typed: string, more = {}) =>
    s.world.autocomplete(s.owner, s.home, { name, options: { ...more, [argument]: typed }, focused: argument });
  const ids = await waitFor(async () => {
    const asked = typing('stop', 'id', '');
    const found = await waitFor(() => asked.choices());
    return found.length > 0 ? found : undefined;
  });
  expect(ids.map(({ value }) => value)).toEqual(['s1']);
  const targets = typing('record', 'to', 'here,ar', { url: origin.url });
  expect(await waitFor(() => targets.choices())).toEqual([{ name: 'here,archive', value: 'here,archive' }]);
});
