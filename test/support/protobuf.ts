// Reads messages of Protocol Buffers, for the tests of what writes them.

/** The fields of a message by number, each with its values in order, as they lie there. */
export type Fields = ReadonlyMap<number, readonly Value[]>;

/** Whole numbers come as bigint; what has 4 or 8 bytes, and what states its length, as its bytes. */
export type Value = bigint | Buffer;

/** Takes a message apart. Throws where it is no message, or is cut short. */
export function readMessage(bytes: Uint8Array): Fields {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const fields = new Map<number, Value[]>();
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > buffer.length) throw new Error(`cut short at byte ${at} of ${buffer.length}`);
    at += count;
    return buffer.subarray(at - count, at);
  };
  while (at < buffer.length) {
    const [tag, next] = readVarint(buffer, at);
    at = next;
    const field = Number(tag >> 3n);
    let value: Value;
    switch (Number(tag & 7n)) {
      case 0:
        [value, at] = readVarint(buffer, at);
        break;
      case 1:
        value = take(8);
        break;
      case 2: {
        const [length, start] = readVarint(buffer, at);
        at = start;
        value = take(Number(length));
        break;
      }
      case 5:
        value = take(4);
        break;
      default:
        throw new Error(`field ${field}: there is no wire type ${tag & 7n}`);
    }
    const values = fields.get(field);
    if (values === undefined) fields.set(field, [value]);
    else values.push(value);
  }
  return fields;
}

/** A varint, and where it ends. */
export function readVarint(bytes: Uint8Array, start: number): [bigint, number] {
  let value = 0n;
  for (let at = start, shift = 0n; at < bytes.length && shift < 70n; at++, shift += 7n) {
    value |= BigInt(bytes[at] & 0x7f) << shift;
    if (bytes[at] < 0x80) return [value, at + 1];
  }
  throw new Error(`no varint at byte ${start}`);
}
