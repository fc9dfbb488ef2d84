import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be cut. */
export type CutOff = {
  /** The server's address by this way. */
  url: string;
  /** Ends all connections and refuses new ones. */
  cut(): Promise<void>;
  restore(): Promise<void>;
};

/** Opens a way to the server of a URL, by a port of 127.0.0.1. */
export async function openCutOff(address: string): Promise<CutOff> {
  const url = new URL(address);
  const { hostname, port: there } = url;
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const join = (one: Socket, other: Socket) => {
    sockets.add(one);
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy() && sockets.delete(one));
    one.pipe(other);
  };
  const restore = async () => {
    const opened = createServer((near) => {
      const far = connect(Number(there), hostname);
      join(near, far);
      join(far, near);
    });
    await new Promise<void>((resolve) => opened.listen(port, '127.0.0.1', resolve));
    port = (opened.address() as { port: number }).port;
    server = opened;
  };
  await restore();
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    restore,
    async cut() {
      const closed = new Promise((resolve) => server?.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
