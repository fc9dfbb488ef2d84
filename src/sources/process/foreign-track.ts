import { packetBytes } from '../../media/ts.ts';

/** A track whose codec MPEG-TS cannot tell: ffmpeg writes it as private data, which nobody could read again. */
export class ForeignTrackError extends Error {
  override name = 'ForeignTrackError';
}

/** stream_type of private PES data. Source: ISO/IEC 13818-1 table 2-34. */
const privateData = 0x06;

/** Whether the table of a program (one whole PMT packet) names such a track. */
export function hasForeignTrack(packet: Buffer): boolean {
  const section = 5 + (packet[4] ?? 0);
  if (section + 12 > packetBytes) return false;
  const end = Math.min(section + 3 + (packet.readUInt16BE(section + 1) & 0xfff) - 4, packetBytes);
  let entry = section + 12 + (packet.readUInt16BE(section + 10) & 0xfff);
  for (; entry + 5 <= end; entry += 5 + (packet.readUInt16BE(entry + 3) & 0xfff))
    if (packet[entry] === privateData) return true;
  return false;
}
