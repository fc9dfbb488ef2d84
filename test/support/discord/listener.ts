import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerRequest, type HttpContext } from './http.ts';

export type Listener = {
  port: number;
  /** Ends what is delayed or read slowly, cuts all connections, and waits until nothing is in hand. */
  close(): Promise<void>;
};

/** Answers REST on a free port of 127.0.0.1. */
export async function listen(server: Server, context: Omit<HttpContext, 'signal'>): Promise<Listener> {
  const controller = new AbortController();
  const inHand = new Set<Promise<void>>();
  server.on('request', (request, response) => {
    const work = answerRequest({ ...context, signal: controller.signal }, request, response).catch((error: unknown) => {
      context.world.options.violate(`bug: ${String(error)}`);
      request.socket.destroy();
    });
    inHand.add(work);
    void work.finally(() => inHand.delete(work));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      controller.abort();
      const stopped = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await Promise.all([stopped, ...inHand]);
    },
  };
}
