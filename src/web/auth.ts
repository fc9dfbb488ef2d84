import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

const cookieName = 'aircheck';
const cookieDays = 90;

/** The login secret: WEB_TOKEN, or one made once and kept 0600 in the data folder. */
export async function readWebToken(given: string | undefined, dataDir: string): Promise<string> {
  if (given) return given;
  const path = join(dataDir, 'web-token');
  await mkdir(dataDir, { recursive: true });
  await writeFile(path, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' }).catch(() => undefined);
  return (await readFile(path, 'utf8')).trim();
}

/** What the cookie holds: proves that the token was known without being it. */
const cookieValue = (token: string) => createHmac('sha256', token).update('aircheck web login').digest('base64url');

function isEqual(a: string, b: string): boolean {
  const [x, y] = [
    createHmac('sha256', 'compare').update(a).digest(),
    createHmac('sha256', 'compare').update(b).digest(),
  ];
  return timingSafeEqual(x, y);
}

/** `/login?token=…`: sets the cookie and goes to the chat; a wrong token is refused. */
export function login(c: Context, token: string, isSecure: boolean): Response {
  if (!isEqual(c.req.query('token') ?? '', token))
    return c.text('This login link is wrong or old. Use the one that Aircheck printed at its start.', 401);
  setCookie(c, cookieName, cookieValue(token), {
    httpOnly: true,
    sameSite: 'Lax',
    secure: isSecure,
    path: '/',
    maxAge: cookieDays * 86_400,
  });
  return c.redirect('/');
}

/** Lets only those in who logged in (cookie) or bring `Authorization: Bearer <token>`. */
export function requireLogin(token: string): MiddlewareHandler {
  const expected = cookieValue(token);
  return async (c, next) => {
    const bearer = c.req.header('authorization')?.replace(/^Bearer /, '');
    if (isEqual(getCookie(c, cookieName) ?? '', expected) || (bearer !== undefined && isEqual(bearer, token)))
      return next();
    return c.text(
      'Please log in: open the login link that Aircheck printed at its start (http://…/login?token=…).',
      401,
    );
  };
}
