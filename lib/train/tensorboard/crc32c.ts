// The checksum of event files: CRC-32C (Castagnoli's polynomial), masked, since they may hold checksums themselves.
// See https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/lib/hash/crc32c.h

const POLYNOMIAL = 0x82f63b78;
const MASK = 0xa282ead8;

/** The checksum of each byte, and in the tables behind it that of the byte with 1, 2 and 3 zeros after it. */
let tables: readonly Uint32Array[] | null = null;

function makeTables(): readonly Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
  });
  const all = [first];
  for (let zeros = 1; zeros < 4; zeros++)
    all.push(all[zeros - 1].map((crc) => first[crc & 0xff] ^ (crc >>> 8)));
  return all;
}

/** CRC-32C of some of the bytes; of all, where nothing else is said. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const [a, b, c, d] = (tables ??= makeTables());
  let crc = 0xffffffff;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    crc = d[crc & 0xff] ^ c[(crc >>> 8) & 0xff] ^ b[(crc >>> 16) & 0xff] ^ a[crc >>> 24];
  }
  for (; i < end; i++) crc = a[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** {@link crc32c} as records have it. */
export function maskedCrc32c(bytes: Uint8Array, start: number, end: number): number {
  const crc = crc32c(bytes, start, end);
  return (((crc >>> 15) | (crc << 17)) + MASK) >>> 0;
}
