/** Whether the first packet of a frame shows an IDR (H.264) or IRAP (HEVC) picture, or the parameter sets before one. */
export function hasKeyframe(packet: Buffer, from: number, codec: string): boolean {
  for (let at = from; at + 4 < packet.length; at++) {
    if (packet[at] !== 0 || packet[at + 1] !== 0 || packet[at + 2] !== 1) continue;
    const head = packet[at + 3] ?? 0;
    const type = codec === 'hevc' ? (head >> 1) & 0x3f : head & 0x1f;
    if (codec === 'hevc' ? (type >= 16 && type <= 23) || type === 32 : type === 5 || type === 7) return true;
  }
  return false;
}

/** Width and height in pixels from an H.264 sequence parameter set that begins in the packet at or after `from`. */
export function readSpsSize(packet: Buffer, from: number): { width: number; height: number } | undefined {
  for (let at = from; at + 10 < packet.length; at++) {
    if (packet[at] !== 0 || packet[at + 1] !== 0 || packet[at + 2] !== 1 || ((packet[at + 3] ?? 0) & 0x1f) !== 7)
      continue;
    return parseSps(packet.subarray(at + 4));
  }
  return undefined;
}

const chromaProfiles = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128]);

/** Source: ITU-T H.264 §7.3.2.1.1. `bytes` begins behind the NAL header. */
function parseSps(bytes: Buffer): { width: number; height: number } | undefined {
  const bits = bitReader(bytes);
  const profile = bits.read(8);
  bits.read(16);
  bits.golomb();
  let chroma = 1;
  if (chromaProfiles.has(profile)) {
    chroma = bits.golomb();
    if (chroma === 3) bits.read(1);
    bits.golomb();
    bits.golomb();
    bits.read(1);
    if (bits.read(1)) return undefined;
  }
  bits.golomb();
  const orderType = bits.golomb();
  if (orderType === 0) bits.golomb();
  else if (orderType === 1) return undefined;
  bits.golomb();
  bits.read(1);
  const widthUnits = bits.golomb() + 1;
  const heightUnits = bits.golomb() + 1;
  const isFrame = bits.read(1);
  if (!isFrame) bits.read(1);
  bits.read(1);
  const crop = bits.read(1) ? [bits.golomb(), bits.golomb(), bits.golomb(), bits.golomb()] : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * (2 - isFrame);
  return {
    width: widthUnits * 16 - (left + right) * unitX,
    height: (2 - isFrame) * heightUnits * 16 - (top + bottom) * unitY,
  };
}

/** Reads bits of a NAL unit, its emulation prevention bytes left out. */
function bitReader(raw: Buffer) {
  const bytes: number[] = [];
  for (let i = 0; i < raw.length; i++) {
    if (i >= 2 && raw[i] === 3 && raw[i - 1] === 0 && raw[i - 2] === 0) continue;
    bytes.push(raw[i] ?? 0);
  }
  let at = 0;
  const bit = () => ((bytes[at >> 3] ?? 0) >> (7 - (at++ & 7))) & 1;
  const read = (count: number) => {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + bit();
    return value;
  };
  const golomb = () => {
    let zeros = 0;
    while (bit() === 0 && zeros < 31) zeros++;
    return 2 ** zeros - 1 + read(zeros);
  };
  return { read, golomb };
}
