import type { App } from '../../src/app.ts';
import type { Chat, OutgoingPost, PostedIds, PostItem } from '../../src/core/ports.ts';

/** What becomes of the next call for one kind of Post in one chat. */
export type Steering = {
  /** Thrown before the web chat is asked: nothing was sent. */
  refuse?: Error;
  /** Thrown after it answered: it was sent. */
  lose?: Error;
  /** What the chat answers instead. */
  answer?: (ids: PostedIds) => PostedIds;
};

export type SteeredChat = {
  /** The next posts of this kind to this chat meet these, one after the other; then all goes well. */
  steer(chatId: string, kind: OutgoingPost['kind'], ...steerings: Steering[]): void;
  /** Calls of `post` so far, oldest first. */
  calls: { post: OutgoingPost; items: PostItem[]; at: number }[];
  /** What was looked for so far. */
  looks: { post: OutgoingPost; items: PostItem[] }[];
  /** Calls of `edit` so far. */
  edits: OutgoingPost[];
};

/** The web chat of an App, real but for what a test says of single calls; `change` replaces whole functions. */
export function steerChat(app: App, change: (web: Chat) => Partial<Chat> = () => ({})): SteeredChat {
  const web = app.chats.get('web') as Chat;
  const plans = new Map<string, Steering[]>();
  const steered: SteeredChat = {
    calls: [],
    looks: [],
    edits: [],
    steer: (chatId, kind, ...steerings) => void plans.set(`${chatId} ${kind}`, steerings),
  };
  app.chats.set('web', {
    ...web,
    post: async (target, post, items, signal) => {
      steered.calls.push({ post, items, at: Date.now() });
      const { refuse, lose, answer } = plans.get(`${post.chat.chatId} ${post.kind}`)?.shift() ?? {};
      if (refuse) throw refuse;
      const ids = await web.post(target, post, items, signal);
      if (lose) throw lose;
      return answer ? answer(ids) : ids;
    },
    reconcile: async (target, post, items, signal) => {
      steered.looks.push({ post, items });
      return web.reconcile(target, post, items, signal);
    },
    edit: async (target, post, ids, signal) => {
      steered.edits.push(post);
      await web.edit(target, post, ids, signal);
    },
    ...change(web),
  });
  return steered;
}
