import { endianness } from 'node:os';
import { describe, rangeError, typeError } from '../errors.js';
import type { DType } from '../dtype.js';
import type { Storage } from '../storage.js';
import { Tensor } from '../tensor.js';
import { writeFileAtomic } from './atomic.js';
import type { TorchValue } from './torch-values.js';
import { writeZip, type ZipContent } from './zip-writer.js';

// What torch.save makes of containers and tensors: a pickle that names the storages of its tensors, and the bytes of these
// beside it. Its opcodes are those of protocol 2, as PyTorch's own.
// See https://docs.python.org/3/library/pickletools.html

const OP = 'torch.save';

const STORAGES: Readonly<Record<DType, string>> = {
  float32: 'FloatStorage',
  float64: 'DoubleStorage',
  int32: 'IntStorage',
  uint8: 'ByteStorage',
  bool: 'BoolStorage',
};

/**
 * Writes a `.pt` file that `torch.load` reads, also with `weights_only=True`: tensors, texts, numbers and null, in objects and maps
 * (dicts) and arrays (lists). Whole numbers are written as int, others as float. Tensors that share memory share it there. The
 * file is replaced as a whole, or left as it was.
 *
 * ```ts
 * await io.torch.save(model.stateDict(), 'model.pt');   // model.load_state_dict(torch.load('model.pt'))
 * ```
 * @throws TypeError naming what is none of these; RangeError for a value that contains itself
 * @see https://pytorch.org/docs/stable/generated/torch.save.html
 */
export async function save(value: TorchValue, path: string): Promise<void> {
  await writeFileAtomic(path, serialize(value));
}

/** The bytes of a file of {@link save}, a piece at a time. */
export function serialize(value: TorchValue): AsyncGenerator<Uint8Array> {
  const pickler = new Pickler();
  const pickle = pickler.dump(value);
  const entry = (name: string, bytes: Uint8Array): ZipContent => ({
    name: `archive/${name}`,
    parts: [bytes],
  });
  return writeZip(OP, [
    entry('data.pkl', pickle),
    entry('byteorder', Buffer.from(endianness() === 'LE' ? 'little' : 'big')),
    ...pickler.storages.map((bytes, key) => entry(`data/${key}`, bytes)),
    entry('version', Buffer.from('3\n')),
  ]);
}

class Pickler {
  readonly #parts: Uint8Array[] = [];
  readonly #keys = new Map<Storage, number>();
  /** What the value under way is inside of. */
  readonly #around = new Set<unknown>();
  /** The numbers of the storages, as they are now. */
  readonly storages: Uint8Array[] = [];

  dump(value: unknown): Uint8Array {
    this.#code('\x80\x02');
    this.#value(value, 'the value');
    this.#code('.');
    return Buffer.concat(this.#parts);
  }

  #code(text: string): void {
    this.#parts.push(Buffer.from(text, 'latin1'));
  }

  #value(value: unknown, way: string): void {
    if (value === null) this.#code('N');
    else if (typeof value === 'boolean') this.#code(value ? '\x88' : '\x89');
    else if (typeof value === 'number' || typeof value === 'bigint') this.#number(value);
    else if (typeof value === 'string') this.#text(value);
    else if (value instanceof Tensor) this.#tensor(value);
    else this.#container(value, way);
  }

  #number(value: number | bigint): void {
    if (typeof value === 'number' && (!Number.isSafeInteger(value) || Object.is(value, -0))) {
      const bytes = Buffer.alloc(9, 'G');
      bytes.writeDoubleBE(value, 1);
      this.#parts.push(bytes);
    } else if (value >= -(2 ** 31) && value < 2 ** 31) {
      const bytes = Buffer.alloc(5, 'J');
      bytes.writeInt32LE(Number(value), 1);
      this.#parts.push(bytes);
    } else {
      // As many bytes as it takes, the last with the sign.
      const bytes: number[] = [];
      let rest = BigInt(value);
      do {
        bytes.push(Number(BigInt.asUintN(8, rest)));
        rest >>= 8n;
      } while (rest !== (bytes[bytes.length - 1] < 128 ? 0n : -1n));
      if (bytes.length > 255) rangeError(OP, `a number of ${bytes.length} bytes: there are 255 at most`);
      this.#parts.push(Buffer.from([0x8a, bytes.length, ...bytes]));
    }
  }

  #text(value: string): void {
    const text = Buffer.from(value);
    const head = Buffer.alloc(5, 'X');
    head.writeUInt32LE(text.length, 1);
    this.#parts.push(head, text);
  }

  #container(value: unknown, way: string): void {
    if (this.#around.has(value)) rangeError(OP, `${way}: it contains itself`);
    this.#around.add(value);
    if (Array.isArray(value)) {
      this.#code('](');
      value.forEach((item, i) => {
        this.#value(item, `${way}[${i}]`);
      });
      this.#code('e');
    } else {
      const entries = value instanceof Map ? [...(value as Map<unknown, unknown>)] : entriesOf(value, way);
      this.#code('}(');
      for (const [name, item] of entries) {
        if (Array.isArray(name) || name instanceof Map || name instanceof Tensor)
          typeError(OP, `${way}: expected strings and numbers as keys, got ${describe(name)}`);
        this.#value(name, way);
        this.#value(item, `${way}.${String(name)}`);
      }
      this.#code('u');
    }
    this.#around.delete(value);
  }

  #tensor({ storage, dtype, offset, shape, strides }: Tensor): void {
    let key = this.#keys.get(storage);
    const { array } = storage;
    if (key === undefined) {
      this.#keys.set(storage, (key = this.storages.length));
      this.storages.push(new Uint8Array(array.slice().buffer));
    }
    this.#code('ctorch._utils\n_rebuild_tensor_v2\n((');
    this.#text('storage');
    this.#code(`ctorch\n${STORAGES[dtype]}\n`);
    this.#text(String(key));
    this.#text('cpu');
    this.#number(array.length);
    this.#code('tQ');
    this.#number(offset);
    for (const sizes of [shape, strides]) {
      this.#code('(');
      for (const size of sizes) this.#number(size);
      this.#code('t');
    }
    // Without gradients and hooks.
    this.#code('\x89ccollections\nOrderedDict\n)RtR');
  }
}

function entriesOf(value: unknown, way: string): [string, unknown][] {
  const prototype: unknown = typeof value === 'object' ? Object.getPrototypeOf(value) : undefined;
  if (prototype !== Object.prototype && prototype !== null)
    typeError(
      OP,
      `${way}: expected tensors, strings, numbers and containers of them, got ${describe(value)}`,
    );
  return Object.entries(value as object);
}
