import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Chat, ChatEvent, OutgoingPost, PartFile, PostItem, TargetRef } from '../../src/core/ports.ts';
import { waitFor } from '../support/wait.ts';

/** What a driver's test gives the suite: the chat, its other side, and real Part files. */
export type ChatEnv = {
  chat: Chat;
  target: TargetRef;
  /** A person types; gives the message's id. */
  type(text: string): Promise<string>;
  /** Answers to a typed message, as the person sees them. */
  repliesTo(messageId: string): Promise<{ text: string; isError: boolean }[]>;
  /** A posted message as the chat shows it; undefined where there is none. */
  shown(messageId: string): Promise<{ text: string; fileNames: string[]; parentId?: string | undefined } | undefined>;
  /** The last message in the target's chat, as it is shown. */
  lastSaid(): Promise<string | undefined>;
  makePart(partId: number): Promise<PartFile>;
  close(): Promise<void>;
};

let nextPostId = 1000;

/** A Part as the chat takes it: staged before where that is possible, else as a file. */
async function itemOf({ chat, target }: ChatEnv, part: PartFile, signal: AbortSignal): Promise<PostItem> {
  const { partId } = part;
  if (!chat.canStage(target)) return { partId, file: part };
  return { partId, remote: await chat.stage(target, part, { signal, onProgress: () => {} }) };
}

/** What every chat driver promises (core/ports.ts, Chat). */
export function chatContract(name: string, open: () => Promise<ChatEnv>): void {
  describe(`the chat ${name}`, () => {
    let env: ChatEnv;
    const signal = AbortSignal.timeout(100_000);
    beforeAll(async () => {
      env = await open();
    });
    afterAll(() => env.close());

    const outgoing = (kind: OutgoingPost['kind'], text: string): OutgoingPost => ({
      id: nextPostId++,
      kind,
      chat: { kind: env.chat.kind, chatId: env.target.address },
      content: { text },
    });

    test('has limits that a target may change', async () => {
      const limits = await env.chat.limits(env.target);
      expect(limits.partBytes).toBeGreaterThan(1_000_000);
      expect(limits.albumItems).toBeGreaterThan(1);
      const changed = await env.chat.limits({ ...env.target, limits: { partBytes: 123_456 } });
      expect(changed.partBytes).toBe(123_456);
    });

    test('shows an album in order, and finds it again when the answer was lost', async () => {
      const parts = await Promise.all([901, 902, 903].map((id) => env.makePart(id)));
      const items: PostItem[] = [];
      for (const part of parts) {
        items.push(await itemOf(env, part, signal));
      }
      // What is sent as it is posted is nobody's to look for by what was staged.
      const known = items.every((item) => item.remote) ? items : [];
      const post = { ...outgoing('album', 'caption <b>&amp;</b>'), intentAt: new Date() };
      const ids = await env.chat.post(env.target, post, items, signal);
      const shown = await env.shown(ids.messageIds[0] ?? '');
      expect(shown?.fileNames).toEqual(parts.map((part) => part.fileName));
      expect(shown?.text).toBe('caption <b>&amp;</b>');
      const { remotes: _, ...stands } = ids;
      expect(await env.chat.reconcile(env.target, post, known, signal)).toEqual({ verdict: 'posted', ids: stands });
    });

    test('says that a post it never got is missing', async () => {
      expect(await env.chat.reconcile(env.target, outgoing('video', 'never sent'), [], signal)).toEqual({
        verdict: 'missing',
      });
    });

    test('edits a card in place', async () => {
      const card = outgoing('card', 'starting');
      const ids = await env.chat.post(env.target, card, [], signal);
      await env.chat.edit(env.target, { ...card, content: { text: 'recording' } }, ids, signal);
      await env.chat.edit(env.target, { ...card, content: { text: 'recording' } }, ids, signal);
      expect((await env.shown(ids.messageIds[0] ?? ''))?.text).toBe('recording');
    });

    test('takes a card away where it can; one that is gone is no error', async () => {
      const card = outgoing('card', 'announced');
      const ids = await env.chat.post(env.target, card, [], signal);
      await env.chat.remove?.(env.target, card, ids, signal);
      await env.chat.remove?.(env.target, card, ids, signal);
      expect((await env.shown(ids.messageIds[0] ?? '')) === undefined).toBe(env.chat.remove !== undefined);
    });

    test('hangs a comment under its post', async () => {
      const parent = await env.chat.post(env.target, outgoing('card', 'a post'), [], signal);
      const ids = await env.chat.post(env.target, { ...outgoing('comment', 'a comment'), parent }, [], signal);
      expect((await env.shown(ids.messageIds[0] ?? ''))?.parentId).toBe(parent.messageIds[0]);
    });

    test('hands every message over and shows its answer exactly once, also where two listen and one fails', async () => {
      const stop = new AbortController();
      const heard: string[] = [];
      const onEvent = async (event: ChatEvent) => {
        heard.push(event.text);
        if (event.text === '/break') throw new Error('handler broke');
        return { text: `echo ${event.text}` };
      };
      const listening = [env.chat.listen(onEvent, stop.signal), env.chat.listen(onEvent, stop.signal)];
      const ids: string[] = [];
      for (const text of ['/one', '/break', '/two']) ids.push(await env.type(text));
      const replies = await waitFor(async () => {
        const all = await Promise.all(ids.map((id) => env.repliesTo(id)));
        return all.every((list) => list.length > 0) ? all : undefined;
      });
      stop.abort();
      await Promise.all(listening);
      expect(replies.map((list) => list.length)).toEqual([1, 1, 1]);
      expect(replies[0]?.[0]?.text).toBe('echo /one');
      expect(replies[1]?.[0]?.isError).toBe(true);
      expect(replies[2]?.[0]?.text).toBe('echo /two');
      expect(new Set(heard)).toEqual(new Set(['/one', '/break', '/two']));
    });

    test('says something by itself', async () => {
      const { kind } = env.chat;
      const message = { key: 'notice 1', text: 'the disk is <b>full</b>' };
      expect(await env.chat.say({ kind, chatId: env.target.address }, message, signal)).toBe(true);
      expect(await env.lastSaid()).toBe('the disk is <b>full</b>');
    });

    test('finds nothing wrong with a good target', async () => {
      expect(await env.chat.doctor(env.target)).toEqual([]);
    });
  });
}
