// What is needed of Protocol Buffers: writing messages, field by field.
// See https://protobuf.dev/programming-guides/encoding

/** What follows the number of a field. */
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

/** Bytes longer than this are not copied into the message: they become a part of their own. */
const LONG = 1024;

const encoder = new TextEncoder();

/** Where floats become bytes. (V8 keeps small arrays of bytes in its heap, where they are cheap, until somebody views them.) */
const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);

/**
 * A message that is being written. Fields are those of the message's definition, and come in the order of the calls; one
 * that is repeated is called for each of its values. What has its default is written nevertheless: whoever wants to leave
 * it out does not call.
 * ```ts
 * const bytes = new Message().double(1, time).int(2, step).message(5, new Message().string(1, tag)).finish();
 * ```
 */
export class Message {
  /** What is complete: as it was given, or cut from the bytes below. */
  readonly #parts: Uint8Array[] = [];
  /** Bytes in {@link #parts}. */
  #before = 0;
  #bytes = new Uint8Array(64);
  #length = 0;

  /** How many bytes there are so far. */
  get length(): number {
    return this.#before + this.#length;
  }

  /** int32, int64, uint32, uint64, an enumeration: a whole number; negative ones have 64 bits. */
  int(field: number, value: number | bigint): this {
    this.#tag(field, VARINT);
    this.#varint(value);
    return this;
  }

  bool(field: number, value: boolean): this {
    return this.int(field, value ? 1 : 0);
  }

  float(field: number, value: number): this {
    this.#tag(field, FIXED32);
    this.#float(value);
    return this;
  }

  double(field: number, value: number): this {
    this.#tag(field, FIXED64);
    this.#double(value);
    return this;
  }

  string(field: number, value: string): this {
    return this.bytes(field, encoder.encode(value));
  }

  /** Many bytes are not copied: they must stay what they are until the message is written. */
  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, DELIMITED);
    this.#varint(value.length);
    this.#append(value);
    return this;
  }

  /** A message within this one, which is complete. */
  message(field: number, value: Message): this {
    this.#tag(field, DELIMITED);
    this.#varint(value.length);
    for (const part of value.parts()) this.#append(part);
    return this;
  }

  /** A repeated field of whole numbers, packed; nothing for none. */
  packedInts(field: number, values: Iterable<number | bigint>): this {
    const packed = new Message();
    for (const value of values) packed.#varint(value);
    return packed.length === 0 ? this : this.message(field, packed);
  }

  /** A repeated field of floats, packed; nothing for none. */
  packedFloats(field: number, values: Iterable<number>): this {
    const packed = new Message();
    for (const value of values) packed.#float(value);
    return packed.length === 0 ? this : this.message(field, packed);
  }

  /** A repeated field of doubles, packed; nothing for none. */
  packedDoubles(field: number, values: Iterable<number>): this {
    const packed = new Message();
    for (const value of values) packed.#double(value);
    return packed.length === 0 ? this : this.message(field, packed);
  }

  /** The bytes, in pieces, as a file is written of them. */
  parts(): Uint8Array[] {
    const last = this.#bytes.subarray(0, this.#length);
    return last.length === 0 ? [...this.#parts] : [...this.#parts, last];
  }

  /** The bytes, in one piece. */
  finish(): Uint8Array {
    const out = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts()) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  #tag(field: number, kind: number): void {
    this.#varint(field * 8 + kind);
  }

  #varint(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0) {
      let rest = value;
      while (rest >= 0x80) {
        this.#byte((rest % 0x80) + 0x80);
        rest = Math.floor(rest / 0x80);
      }
      this.#byte(rest);
      return;
    }
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      this.#byte(Number(rest & 0x7fn) + 0x80);
      rest >>= 7n;
    }
    this.#byte(Number(rest));
  }

  #byte(value: number): void {
    const at = this.#room(1);
    this.#bytes[at] = value;
  }

  #float(value: number): void {
    scratch.setFloat32(0, value, true);
    this.#fromScratch(4);
  }

  #double(value: number): void {
    scratch.setFloat64(0, value, true);
    this.#fromScratch(8);
  }

  #fromScratch(count: number): void {
    const at = this.#room(count);
    for (let i = 0; i < count; i++) this.#bytes[at + i] = scratchBytes[i];
  }

  #append(value: Uint8Array): void {
    if (value.length <= LONG) {
      const at = this.#room(value.length);
      this.#bytes.set(value, at);
      return;
    }
    if (this.#length > 0) this.#parts.push(this.#bytes.subarray(0, this.#length));
    this.#parts.push(value);
    this.#before += this.#length + value.length;
    this.#bytes = new Uint8Array(64);
    this.#length = 0;
  }

  /** Makes room for some bytes, and says where: the memory may be another afterwards. */
  #room(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length <= this.#bytes.length) return at;
    const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
    return at;
  }
}
