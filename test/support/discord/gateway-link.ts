import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Link } from './gateway-types.ts';

/** Speaks through one WebSocket; `socket` is the connection below it. */
export function createLink(ws: WebSocket, socket: Duplex): Link & { readonly isSilent: boolean } {
  let isSilent = false;
  return {
    get isSilent() {
      return isSilent;
    },
    send(payload, whenSent) {
      if (isSilent || ws.readyState !== ws.OPEN) return;
      // A client that left in the meantime is told again by its RESUME.
      ws.send(JSON.stringify(payload), () => whenSent?.());
    },
    close(code, reason) {
      if (!isSilent) ws.close(code, reason);
    },
    cut: () => void ws.terminate(),
    end: () => void socket.end(),
    silence() {
      isSilent = true;
    },
  };
}
