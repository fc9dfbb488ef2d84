/** What a client sent, taken apart. */
export type ClientPayload = { op: number; d: unknown };

/**
 * Source: https://docs.discord.com/developers/events/gateway#sending-events
 */
export const maxPayloadBytes = 4096;

/** Operations that a client may send. Source: https://docs.discord.com/developers/topics/opcodes-and-status-codes */
const clientOps = new Set([1, 2, 3, 4, 6, 8, 31, 43]);

/** A payload, or the code with which the connection is closed: 4002 cannot be read or is too long, 4001 is no operation. */
export function readPayload(data: Buffer): ClientPayload | { closeCode: 4001 | 4002 } {
  if (data.length > maxPayloadBytes) return { closeCode: 4002 };
  const payload = parse(data.toString('utf8'));
  if (!isFields(payload)) return { closeCode: 4002 };
  const { op } = payload;
  if (typeof op !== 'number' || !clientOps.has(op)) return { closeCode: 4001 };
  return { op, d: payload['d'] };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether it is an object of JSON. */
export function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** IDENTIFY as far as the server uses it. */
export type Identify = { token: string; intents: unknown; shard: [number, number]; isCompressed: boolean };

/** The fields, or the close code for what is missing (4002) or for a shard that cannot be (4010). */
export function readIdentify(d: unknown): Identify | { closeCode: 4002 | 4010 } {
  if (!isFields(d) || typeof d['token'] !== 'string' || !isFields(d['properties'])) return { closeCode: 4002 };
  const shard = d['shard'] ?? [0, 1];
  if (!Array.isArray(shard) || shard.length !== 2 || !shard.every(Number.isInteger)) return { closeCode: 4002 };
  const [id, count] = shard as [number, number];
  if (id < 0 || count < 1 || id >= count) return { closeCode: 4010 };
  return { token: d['token'], intents: d['intents'], shard: [id, count], isCompressed: d['compress'] === true };
}

/** RESUME. `seq` is the number of the last event that the client has. */
export type Resume = { token: string; sessionId: string; seq: number };

/** The fields, or the close code for what cannot be read. */
export function readResume(d: unknown): Resume | { closeCode: 4002 } {
  if (!isFields(d)) return { closeCode: 4002 };
  const { token, session_id: sessionId, seq } = d;
  if (typeof token !== 'string' || typeof sessionId !== 'string' || !Number.isInteger(seq)) return { closeCode: 4002 };
  return { token, sessionId, seq: seq as number };
}
