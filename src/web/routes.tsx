import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { Readable } from 'node:stream';
import { eq } from 'drizzle-orm';
import { type Context, Hono } from 'hono';
import { csrf } from 'hono/csrf';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import { streamSSE } from 'hono/streaming';
import type { App } from '../app.ts';
import type { Container } from '../core/model.ts';
import { webMessages } from '../db/schema.ts';
import { login, requireLogin } from './auth.ts';
import { addCookies } from './bring-cookies.ts';
import { sendFile } from './files.ts';
import { startHeartbeat } from './heartbeat.ts';
import { findThread, findThreads, say } from './messages.ts';
import { ChatPage } from './pages/chat.tsx';
import { Message } from './pages/message.tsx';
import { SessionPage, SessionsPage } from './pages/session.tsx';
import { StreamsPage } from './pages/streams.tsx';
import { buildMaster, buildPlaylist } from './playlist.ts';
import { findInitKeys, findPlaylist, findSegmentKey, findSessionView, findSessionViews } from './sessions.ts';
import { isShared } from './share.ts';
import { findStreamViews } from './streams.ts';
import { addWebhooks } from './webhooks.ts';

export type WebOptions = {
  token: string;
  /** Aborted when the server closes: ends open event streams. */
  closing: AbortSignal;
  /** The whole Session as one MP4, made while it is sent; undefined where there is nothing. */
  openMp4: (sessionId: number, signal: AbortSignal) => Promise<Readable | undefined>;
};

const maxTextChars = 4096;

/** An id from an address: whole and no larger than a number holds exactly; 0, which no row has, for anything else. */
const idOf = (text: string | undefined) => Number(/^(\d{1,15})(?!\d)/.exec(text ?? '')?.[1] ?? 0);

/** All pages and files of the web. */
export function createRoutes(app: App, options: WebOptions): Hono {
  const web = new Hono();
  web.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        mediaSrc: ["'self'", 'blob:'],
        workerSrc: ["'self'", 'blob:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
      },
    }),
  );
  addWebhooks(web, app);
  web.use(csrf());
  web.get('/healthz', (c) => c.text('ok'));
  web.get('/login', (c) => login(c, options.token, app.config.publicUrl?.startsWith('https:') ?? false));
  web.get('/assets/:name', (c) => sendAsset(c));
  web.use(requireLogin(options.token, (c) => isShared(c, app.db)));
  web.onError((err, c) => {
    if (err instanceof HTTPException) return err.getResponse();
    app.log.error({ err, path: c.req.path }, 'a page failed');
    return c.text('Something went wrong here; it is in the log.', 500);
  });
  addChat(web, app, options);
  addCookies(web, app);
  addSessions(web, app, options);
  return web;
}

function addChat(web: Hono, app: App, { closing }: WebOptions): void {
  web.get('/', async (c) => c.html(<ChatPage threads={await findThreads(app.db)} />));
  web.post('/chat', async (c) => {
    const { text } = await c.req.parseBody();
    if (typeof text !== 'string' || text.trim() === '') return c.text('Type a command.', 400);
    if (text.length > maxTextChars) return c.text(`At most ${maxTextChars} characters.`, 400);
    await app.bus.tell('web_messages', await say(app.db, text.trim()));
    return c.req.header('hx-request') ? c.body(null, 204) : c.redirect('/');
  });
  web.get('/chat/events', (c) => sendEvents(c, app, closing));
  const media = async (c: Context, isPoster: boolean) => {
    const [row] = await app.db
      .select()
      .from(webMessages)
      .where(eq(webMessages.id, idOf(c.req.param('id'))));
    const item = row?.media[Number(c.req.param('index'))];
    const key = isPoster ? item?.thumbnailKey : item?.key;
    return key ? sendFile(c, app.storage, key, isPoster ? 'image/jpeg' : 'video/mp4') : c.notFound();
  };
  web.get('/messages/:id/media/:index', (c) => media(c, false));
  web.get('/messages/:id/media/:index/poster', (c) => media(c, true));
}

/** Each message that appears or changes, as HTML; at first what changed while nobody listened. */
function sendEvents(c: Context, app: App, closing: AbortSignal) {
  return streamSSE(c, async (stream) => {
    const ids = new Set<number>();
    let wake = () => {};
    const unhear = app.bus.hear('web_messages', (id) => {
      ids.add(id);
      wake();
    });
    const end = () => wake();
    const stopHeartbeat = startHeartbeat(stream);
    stream.onAbort(end);
    closing.addEventListener('abort', end, { once: true });
    try {
      for (const thread of await findThreads(app.db))
        await stream.writeSSE({ data: String(<Message thread={thread} />) });
      while (!stream.aborted && !stream.closed && !closing.aborted) {
        if (ids.size === 0) await new Promise<void>((resolve) => void (wake = resolve));
        const batch = [...ids];
        ids.clear();
        const threads = batch.includes(0)
          ? await findThreads(app.db)
          : await Promise.all(batch.map((id) => findThread(app.db, id)));
        for (const thread of threads) if (thread) await stream.writeSSE({ data: String(<Message thread={thread} />) });
        const gone = threads.flatMap((thread, index) => (thread ? [] : [String(batch[index])]));
        for (const data of gone) await stream.writeSSE({ event: 'gone', data });
      }
    } finally {
      stopHeartbeat();
      unhear();
      closing.removeEventListener('abort', end);
    }
  });
}

function addSessions(web: Hono, app: App, { openMp4, closing }: WebOptions): void {
  web.get('/streams', async (c) => c.html(<StreamsPage {...(await findStreamViews(app.db))} />));
  web.get('/sessions', async (c) => c.html(<SessionsPage sessions={await findSessionViews(app.db)} />));
  web.get('/sessions/:file{[0-9]+\\.mp4}', async (c) => {
    const id = idOf(c.req.param('file'));
    const headers = {
      'content-type': 'video/mp4',
      'content-disposition': `attachment; filename="session-${id}.mp4"`,
    };
    // Nobody would read the body of a HEAD: its ffmpeg would run until the server closes.
    if (c.req.method === 'HEAD') {
      const found = await findPlaylist(app.db, id);
      return found?.segments.length ? c.body(null, 200, headers) : c.notFound();
    }
    const file = await openMp4(id, AbortSignal.any([c.req.raw.signal, closing]));
    if (!file) return c.notFound();
    return c.body(Readable.toWeb(file) as ReadableStream, 200, headers);
  });
  web.get('/sessions/:id{[0-9]+}', async (c) => {
    const session = await findSessionView(app.db, idOf(c.req.param('id')));
    return session ? c.html(<SessionPage session={session} />) : c.notFound();
  });
  web.get('/sessions/:id{[0-9]+}/:list{(index|pictures|sound)\\.m3u8}', async (c) => {
    const found = await findPlaylist(app.db, idOf(c.req.param('id')));
    if (!found || found.segments.length === 0) return c.notFound();
    const list = c.req.param('list').replace('.m3u8', '');
    const isApart = found.segments.some(({ sound }) => sound !== undefined);
    if (list === 'sound' && !isApart) return c.notFound();
    const text =
      list === 'index' && isApart
        ? buildMaster(found.bitsPerSecond)
        : buildPlaylist(found.segments, { hasEnded: found.hasEnded, isSound: list === 'sound', ...addressesOf(list) });
    return c.body(text, 200, { 'content-type': 'application/vnd.apple.mpegurl', 'cache-control': 'no-store' });
  });
  web.get('/sessions/:id{[0-9]+}/segments/:segment{[0-9]+\\.(ts|m4s|aac)}', async (c) => {
    const key = await findSegmentKey(app.db, idOf(c.req.param('id')), idOf(c.req.param('segment')));
    return key ? sendFile(c, app.storage, key, segmentTypes[extname(key)] ?? 'video/mp4') : c.notFound();
  });
  web.get('/sessions/:id{[0-9]+}/inits/:track{(pictures|sound)}/:take{[0-9]+\\.mp4}', async (c) => {
    const keys = await findInitKeys(app.db, idOf(c.req.param('id')), idOf(c.req.param('take')));
    const key = c.req.param('track') === 'sound' ? keys?.sound : keys?.pictures;
    return key ? sendFile(c, app.storage, key, 'video/mp4') : c.notFound();
  });
}

const segmentTypes: Record<string, string> = { '.ts': 'video/mp2t', '.aac': 'audio/aac' };

/** Where a playlist's Segments and initialization sections are, from the playlist. */
const addressesOf = (list: string) => ({
  segmentUrl: (id: number, container: Container) => `segments/${id}.${container === 'fmp4' ? 'm4s' : container}`,
  initUrl: (takeId: number) => `inits/${list === 'sound' ? 'sound' : 'pictures'}/${takeId}.mp4`,
});

const require = createRequire(import.meta.url);
const own = new URL('../../src/web/assets/', import.meta.url).pathname;
/** What pages load: our own files and two libraries from npm. */
const assets: Record<string, [path: () => string, type: string]> = {
  'style.css': [() => join(own, 'style.css'), 'text/css'],
  'app.js': [() => join(own, 'app.js'), 'text/javascript'],
  'icon.svg': [() => join(own, 'icon.svg'), 'image/svg+xml'],
  'htmx.js': [() => join(dirname(require.resolve('htmx.org/package.json')), 'dist/htmx.min.js'), 'text/javascript'],
  // The light one knows no sound that lies apart.
  'hls.js': [() => join(dirname(require.resolve('hls.js')), 'hls.min.js'), 'text/javascript'],
};

async function sendAsset(c: Context): Promise<Response> {
  const name = c.req.param('name') ?? '';
  // Not what every object has (`constructor`).
  const [path, type] = (Object.hasOwn(assets, name) && assets[name]) || [];
  if (!path || !type) return c.notFound();
  return c.body(await readFile(path(), 'utf8'), 200, {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'private, max-age=600',
  });
}
