import { packetBytes } from './ts.ts';

/** Packet ids of the first video and the first audio track of an MPEG-TS program; absent where there is none. */
export type Program = { video?: number; audio?: number };

/** stream_type of a PMT. Source: ISO/IEC 13818-1 table 2-34, ATSC A/53 for AC-3. */
const videoTypes = [0x01, 0x02, 0x10, 0x1b, 0x24];
const audioTypes = [0x03, 0x04, 0x0f, 0x11, 0x81, 0x87];
/** Packets with this id are padding: a reader passes over them. */
const nullPid = 0x1fff;

/** The program of whole packets, from the first PAT and PMT; undefined where they hold none with tracks we know. */
export function readProgram(bytes: Buffer): Program | undefined {
  let pmtPid: number | undefined;
  for (let at = 0; at + packetBytes <= bytes.length; at += packetBytes) {
    const pid = pidOf(bytes, at);
    if (pid !== 0 && pid !== pmtPid) continue;
    const packet = bytes.subarray(at, at + packetBytes);
    const section = sectionOf(packet);
    if (section === undefined) continue;
    if (pid === 0) pmtPid = firstPmtPid(packet, section) ?? pmtPid;
    else return readPmt(packet, section);
  }
  return undefined;
}

const pidOf = (bytes: Buffer, at: number) => bytes.readUInt16BE(at + 1) & 0x1fff;

/** Where the table of a packet begins; undefined where it holds no beginning. */
function sectionOf(packet: Buffer): number | undefined {
  const control = (packet[3] ?? 0) & 0x30;
  if (((packet[1] ?? 0) & 0x40) === 0 || (control & 0x10) === 0) return undefined;
  const payload = control === 0x30 ? 5 + (packet[4] ?? 0) : 4;
  const section = payload + (packet[payload] ?? 0) + 1;
  return section + 12 <= packetBytes ? section : undefined;
}

/** Program number 0 is the network's own table, not a program. */
function firstPmtPid(packet: Buffer, section: number): number | undefined {
  const end = Math.min(section + 3 + (packet.readUInt16BE(section + 1) & 0xfff) - 4, packetBytes);
  for (let entry = section + 8; entry + 4 <= end; entry += 4) {
    if (packet.readUInt16BE(entry) !== 0) return packet.readUInt16BE(entry + 2) & 0x1fff;
  }
  return undefined;
}

function readPmt(packet: Buffer, section: number): Program | undefined {
  const program: Program = {};
  const end = Math.min(section + 3 + (packet.readUInt16BE(section + 1) & 0xfff) - 4, packetBytes);
  let entry = section + 12 + (packet.readUInt16BE(section + 10) & 0xfff);
  while (entry + 5 <= end) {
    const type = packet[entry] ?? 0;
    const pid = packet.readUInt16BE(entry + 1) & 0x1fff;
    if (videoTypes.includes(type)) program.video ??= pid;
    if (audioTypes.includes(type)) program.audio ??= pid;
    entry += 5 + (packet.readUInt16BE(entry + 3) & 0xfff);
  }
  return program.video === undefined && program.audio === undefined ? undefined : program;
}

/** Whether both name the same packet ids. */
export function isSameProgram(a: Program, b: Program): boolean {
  return a.video === b.video && a.audio === b.audio;
}

/**
 * Gives the tracks of `from` the packet ids of `to`, in place, and makes padding of everything else, tables too: one
 * ffmpeg reads a stream whose encoder changed, and would leave out tracks that appear under other ids.
 */
export function moveProgram(bytes: Buffer, from: Program, to: Program): void {
  for (let at = 0; at + packetBytes <= bytes.length; at += packetBytes) {
    const pid = pidOf(bytes, at);
    let moved = nullPid;
    if (pid === from.video) moved = to.video ?? nullPid;
    else if (pid === from.audio) moved = to.audio ?? nullPid;
    bytes.writeUInt16BE((bytes.readUInt16BE(at + 1) & 0xe000) | moved, at + 1);
  }
}
