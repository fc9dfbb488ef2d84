import { type Program, readProgram } from '../../media/program.ts';
import { packetBytes } from '../../media/ts.ts';
import { ForeignTrackError, hasForeignTrack } from './foreign-track.ts';
import { openUnit, type Unit } from './unit.ts';

/** Sound alone is cut at the first table past this many bytes: some seconds at usual rates. */
const soundUnitBytes = 64_000;
/** Pictures without a keyframe are cut here anyway, so that no stream fills the memory. */
const longestUnitBytes = 24_000_000;
const tablesAtOnce = 3;
/** So much sound is waited through for the first picture. */
const leadBytes = 2_000_000;
/** Tables of a muxer that come before a keyframe: PAT, SDT and the PMT. Source: ISO/IEC 13818-1, ETSI EN 300 468. */
const tablePids = [0x00, 0x11];

/**
 * Cuts MPEG-TS as ffmpeg writes it into Units: each begins with the tables in front of a keyframe, so it plays alone.
 * A live stream begins with its first picture: who joins hears sound for up to a keyframe's distance before it. The same
 * bytes are always cut at the same places. A last packet that is not whole is left out.
 *
 * @throws ForeignTrackError before the first Unit
 */
export async function* cutTs(chunks: AsyncIterable<Buffer>, { isLive }: { isLive: boolean }): AsyncGenerator<Unit> {
  const cutter = createCutter(isLive ? leadBytes : 0);
  let failure: { error: unknown } | undefined;
  try {
    for await (const chunk of chunks) yield* cutter.push(chunk);
  } catch (error) {
    failure = { error };
  }
  // What came before the input failed is kept.
  yield* cutter.finish();
  if (failure) throw failure.error;
}

function createCutter(leadMaxBytes: number) {
  let rest: Buffer = Buffer.alloc(0);
  let unit = openUnit();
  let program: Program | undefined;
  let pmtPid = -1;
  let hasPicture = false;
  /** Bytes of sound that may still be passed over before the first picture. */
  let leadLeft = leadMaxBytes;
  /** Tables that may turn out to begin the next Unit. */
  let tables: Buffer[] = [];

  const note = (packet: Buffer, pid: number): void => {
    tables.push(packet);
    if (pid === 0) pmtPid = pmtPidOf(packet);
    program ??= readProgram(Buffer.concat(tables));
    if (pid === pmtPid && hasForeignTrack(packet)) throw new ForeignTrackError();
  };

  const isLead = (pid: number): boolean => {
    if (leadLeft <= 0 || !program) return false;
    leadLeft = program.video === undefined || pid === program.video ? 0 : leadLeft - packetBytes;
    return leadLeft > 0;
  };

  const isBoundary = (packet: Buffer, pid: number): boolean => {
    if (tables.length === 0 || unit.sizeBytes === 0 || (packet[1] ?? 0) < 0x40) return false;
    if (program?.video === undefined) return unit.sizeBytes >= soundUnitBytes;
    if (unit.sizeBytes >= longestUnitBytes) return true;
    return pid === program.video && hasPicture && isRandomAccess(packet);
  };

  return {
    *push(chunk: Buffer): Generator<Unit> {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const end = bytes.length - (bytes.length % packetBytes);
      rest = bytes.subarray(end);
      let from = 0;
      const take = (to: number) => {
        if (to > from) unit.add(bytes.subarray(from, to));
        from = to;
      };
      for (let at = 0; at < end; at += packetBytes) {
        const packet = bytes.subarray(at, at + packetBytes);
        const pid = packet.readUInt16BE(1) & 0x1fff;
        if (tablePids.includes(pid) || pid === pmtPid) {
          take(at);
          from = at + packetBytes;
          note(packet, pid);
          continue;
        }
        if (isLead(pid)) {
          from = at + packetBytes;
          tables = tables.slice(-tablesAtOnce);
          continue;
        }
        if (isBoundary(packet, pid)) {
          take(at);
          yield unit.close(program);
          unit = openUnit();
          hasPicture = false;
        }
        for (const table of tables) unit.add(table);
        tables = [];
        hasPicture ||= pid === program?.video && (packet[1] ?? 0) >= 0x40;
      }
      take(end);
    },
    *finish(): Generator<Unit> {
      if (unit.sizeBytes > 0) yield unit.close(program);
    },
  };
}

/** The muxer marks the first packet of each keyframe. Source: ISO/IEC 13818-1 §2.4.3.5. */
function isRandomAccess(packet: Buffer): boolean {
  const hasAdaptation = ((packet[3] ?? 0) & 0x20) !== 0;
  return hasAdaptation && (packet[4] ?? 0) > 0 && ((packet[5] ?? 0) & 0x40) !== 0;
}

function pmtPidOf(packet: Buffer): number {
  const section = 5 + (packet[4] ?? 0);
  return section + 12 <= packetBytes ? packet.readUInt16BE(section + 10) & 0x1fff : -1;
}
