import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

const cookieName = 'aircheck';
const cookieDays = 90;

/**
 * The login secret: WEB_TOKEN, or one made once and kept 0600 in the data folder.
 *
 * @throws where the folder takes no file: without a secret nobody may be let in
 */
export async function readWebToken(given: string | undefined, dataDir: string): Promise<string> {
  if (given) return given;
  const path = join(dataDir, 'web-token');
  await mkdir(dataDir, { recursive: true });
  const kept = await readKept(path);
  if (kept) return kept;
  // Cut off while it was written. Only then removed: where there is no file, another process may be making it.
  if (kept === '') await rm(path, { force: true });
  await keepNew(path);
  const made = await readKept(path);
  if (!made) throw new Error(`${path} cannot be kept`);
  return made;
}

/** Undefined where there is no file. */
async function readKept(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  return text?.trim();
}

/** Appears whole or not at all: an empty file would be a secret that everybody knows. The first one made stays. */
async function keepNew(path: string): Promise<void> {
  const temp = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeFile(temp, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' });
    await link(temp, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(temp, { force: true });
  }
}

/** What the cookie holds: proves that the token was known without being it. */
const cookieValue = (token: string) => createHmac('sha256', token).update('aircheck web login').digest('base64url');

/** Compares secrets in a time that tells nothing of them. */
export function isEqual(a: string, b: string): boolean {
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

/**
 * Lets only those in who logged in (cookie) or bring `Authorization: Bearer <token>`, and whom `isGuest` knows for this
 * one request.
 */
export function requireLogin(token: string, isGuest: (c: Context) => Promise<boolean>): MiddlewareHandler {
  const expected = cookieValue(token);
  return async (c, next) => {
    const bearer = c.req.header('authorization')?.replace(/^Bearer /, '');
    if (isEqual(getCookie(c, cookieName) ?? '', expected) || (bearer !== undefined && isEqual(bearer, token)))
      return next();
    if (await isGuest(c)) return next();
    return c.text(
      'Please log in: open the login link that Aircheck printed at its start (http://…/login?token=…).',
      401,
    );
  };
}
