import { eq } from 'drizzle-orm';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { Database } from '../db/client.ts';
import { sessions } from '../db/schema.ts';
import { isEqual } from './auth.ts';

const shownDays = 30;

/**
 * Whether a request is for one recording and brings its key: in the link (`/sessions/12?key=…`, as chats post it), or
 * in the cookie that the link left. Nothing else is opened by it.
 */
export async function isShared(c: Context, db: Database): Promise<boolean> {
  const [, id] = /^\/sessions\/(\d{1,15})(?:\.mp4|\/|$)/.exec(c.req.path) ?? [];
  if (id === undefined) return false;
  const name = `aircheck-s${id}`;
  const key = c.req.query('key') ?? getCookie(c, name);
  if (!key) return false;
  const [session] = await db
    .select({ shareKey: sessions.shareKey })
    .from(sessions)
    .where(eq(sessions.id, Number(id)));
  if (!session || !isEqual(key, session.shareKey)) return false;
  setCookie(c, name, key, { httpOnly: true, sameSite: 'Lax', path: '/sessions', maxAge: shownDays * 86_400 });
  return true;
}
