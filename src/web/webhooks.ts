import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { App } from '../app.ts';

/** Far above any update. Source: Telegram's own servers take parameters up to 1 MiB. */
const maxBodyBytes = 1024 * 1024;

/** What chats bring by HTTP, for those that do. Each proves by a secret of its own who it is; people log in elsewhere. */
export function addWebhooks(web: Hono, app: App): void {
  for (const { webhook, kind } of app.chats.values()) {
    if (!webhook) continue;
    const tooBig = bodyLimit({ maxSize: maxBodyBytes, onError: (c) => c.text('Too big.', 413) });
    web.post(webhook.path, tooBig, async (c) => {
      const body: unknown = await c.req.json().catch(() => undefined);
      const verdict = await webhook.receive(body, c.req.raw.headers);
      if (verdict === 'taken') return c.text('ok');
      app.log.warn({ chat: kind }, 'a webhook was called by somebody else');
      return c.text('Refused.', 401);
    });
  }
}
