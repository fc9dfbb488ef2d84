import { readSpsSize } from '../../media/nal.ts';
import type { Program } from '../../media/program.ts';
import { packetBytes } from '../../media/ts.ts';

/** What an encoder says of itself stands before the size, and takes a kilobyte. */
const lookedAtBytes = 8_192;

/**
 * Size in pixels from the first H.264 picture of whole packets, wherever in it the size stands; the scanner looks into
 * first packets alone.
 */
export function readPictureSize(bytes: Buffer, { video }: Program): { width: number; height: number } | undefined {
  const payloads: Buffer[] = [];
  let sizeBytes = 0;
  for (let at = 0; at + packetBytes <= bytes.length && sizeBytes < lookedAtBytes; at += packetBytes) {
    const packet = bytes.subarray(at, at + packetBytes);
    if ((packet.readUInt16BE(1) & 0x1fff) !== video) continue;
    const isStart = (packet.readUInt8(1) & 0x40) !== 0;
    if (isStart && sizeBytes > 0) break;
    const payload = packet.subarray(payloadStart(packet));
    payloads.push(payload);
    sizeBytes += payload.length;
  }
  return readSpsSize(Buffer.concat(payloads), 0);
}

/** Source: ISO/IEC 13818-1 §2.4.3.3. */
function payloadStart(packet: Buffer): number {
  const hasAdaptation = ((packet[3] ?? 0) & 0x20) !== 0;
  return hasAdaptation ? Math.min(packetBytes, 5 + (packet[4] ?? 0)) : 4;
}
