import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import type { App } from '../app.ts';
import { UserError } from '../core/errors.ts';
import { readWebToken } from './auth.ts';
import { createRoutes, type WebOptions } from './routes.tsx';

export type Web = { url: string; loginUrl: string; close(): Promise<void> };

/**
 * Starts the web role. It listens on this machine only, unless PUBLIC_URL says that others are meant to reach it.
 *
 * @throws UserError `port_in_use`
 */
export async function startWeb(app: App, options: Pick<WebOptions, 'openMp4'>): Promise<Web> {
  const token = await readWebToken(app.config.webToken, app.config.dataDir);
  const closing = new AbortController();
  const routes = createRoutes(app, { ...options, token, closing: closing.signal });
  const hostname = app.config.publicUrl ? '0.0.0.0' : '127.0.0.1';
  const server = await new Promise<Server>((resolve, reject) => {
    const started = serve({ fetch: routes.fetch, port: app.config.port, hostname }, () =>
      resolve(started as Server),
    ) as Server;
    started.once('error', (cause: NodeJS.ErrnoException) => {
      reject(cause.code === 'EADDRINUSE' ? new UserError('port_in_use', { port: app.config.port }, { cause }) : cause);
    });
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : app.config.port;
  const url = app.config.publicUrl ?? `http://localhost:${port}`;
  return {
    url,
    loginUrl: `${url.replace(/\/$/, '')}/login?token=${encodeURIComponent(token)}`,
    async close() {
      closing.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
