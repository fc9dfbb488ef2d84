import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { App } from '../app.ts';
import { dispatch } from '../commands/dispatch.ts';
import { UserError } from '../core/errors.ts';
import { ownerChat } from '../core/model.ts';
import type { ChatEvent } from '../core/ports.ts';
import { noteAnswered } from './messages.ts';

/** What the largest file, and the form around it, may take. */
const maxSize = 1_100_000;

/** A cookie file comes by a form of its own: what is said in the chat is kept, and this must not be. */
export function addCookies(web: Hono, app: App): void {
  web.post('/chat/cookies', bodyLimit({ maxSize }), async (c) => {
    const { file } = await c.req.parseBody();
    if (!(file instanceof File) || file.size === 0) return c.text('Choose a cookie file.', 400);
    const reply = await dispatch(app, eventOf(file));
    const ids = reply ? await noteAnswered(app.db, '/cookies', reply) : [];
    for (const id of ids) await app.bus.tell('web_messages', id);
    return c.redirect('/');
  });
}

function eventOf(file: File): ChatEvent {
  return {
    kind: 'command',
    chat: ownerChat,
    user: { id: 'owner', name: 'you', isOwner: true },
    ...{ text: '/cookies', messageId: '', isPrivate: true },
    file: {
      name: file.name,
      async read(maxBytes) {
        if (file.size > maxBytes) throw new UserError('file_too_big', { maxBytes });
        return Buffer.from(await file.arrayBuffer());
      },
    },
  };
}
