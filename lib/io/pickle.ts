import { typeError } from '../errors.js';

// Pickles are programs for a small stack machine, and Python's own reader lets them call whatever they name. This one
// builds containers, texts and numbers; names become names, and what they may do is decided by the caller, who knows a few.

/** A name of Python's, such as `collections.OrderedDict`: nothing is looked up or run. */
export class Global {
  constructor(readonly name: string) {}
}

/** That there are fewer bytes than a pickle has. */
export class PickleEnd extends RangeError {}

/** What a pickle may call, by its name. */
export interface Known {
  readonly calls: Readonly<Record<string, (args: readonly unknown[]) => unknown>>;
  /** What stands for something outside of the pickle. */
  readonly persistent: (id: unknown) => unknown;
}

const MARK = Symbol('mark');

/** What a pickle may take: hundreds of thousands of tensors. Opcodes of one byte make objects of a hundred. */
const MAX_OPCODES = 2 ** 24;
const MAX_CONTAINERS = 2 ** 21;

/** No pickle of what is read here is longer. */
export const MAX_PICKLE = 2 ** 28;

/**
 * What a pickle holds: dicts are maps, tuples are frozen arrays, lists are arrays.
 * @throws TypeError for anything else, by its name; RangeError where the bytes end too early.
 */
export function unpickle(op: string, bytes: Uint8Array, file: string, known: Known): unknown {
  return unpickleAt(op, bytes, 0, file, known).value;
}

/** What the pickle that begins at a byte holds, and where it ends. */
export function unpickleAt(
  op: string,
  bytes: Uint8Array,
  start: number,
  file: string,
  known: Known,
): { value: unknown; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const stack: unknown[] = [];
  const memo = new Map<number, unknown>();
  let at = start;
  const wrong = (message: string): never => typeError(op, `${file}: byte ${at} of the pickle: ${message}`);
  const take = (count: number): number => {
    if (at + count > bytes.length) throw new PickleEnd(`[${op}] ${file}: the pickle ends early`);
    at += count;
    return at - count;
  };
  const pop = (): unknown => (stack.length === 0 ? wrong('nothing is there to take') : stack.pop());
  const text = (count: number): string => {
    const from = take(count);
    try {
      return utf8.decode(bytes.subarray(from, from + count));
    } catch {
      return wrong('a text that is not UTF-8');
    }
  };
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    const out = text((end === -1 ? bytes.length : end) - at);
    take(1);
    return out;
  };
  const marked = (): unknown[] => {
    const mark = stack.lastIndexOf(MARK);
    return mark === -1 ? wrong('no mark') : stack.splice(mark).slice(1);
  };
  const remember = (index: number): unknown => memo.set(index, stack.at(-1));
  const recall = (index: number): number =>
    stack.push(memo.has(index) ? memo.get(index) : wrong(`nothing was kept as ${index}`));
  const put = (items: unknown[]): void => {
    const dict = stack.at(-1);
    if (!(dict instanceof Map) || items.length % 2 !== 0) return wrong('expected a dict');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  };
  let containers = 0;
  const made = (container: unknown): number => {
    if (++containers > MAX_CONTAINERS) tooMany(`${MAX_CONTAINERS} containers`);
    return stack.push(container);
  };
  const tooMany = (limit: string): never => {
    throw new RangeError(`[${op}] ${file}: byte ${at} of the pickle: more than ${limit}, the limit`);
  };
  const append = (items: unknown[]): void => {
    const list = stack.at(-1);
    if (!Array.isArray(list) || Object.isFrozen(list)) return wrong('expected a list');
    for (const item of items) list.push(item);
  };
  const tuple = (count: number): void => {
    if (stack.length < count) wrong('nothing is there to take');
    made(Object.freeze(stack.splice(stack.length - count)));
  };
  const call = (): void => {
    const args = pop();
    const callee = pop();
    const name = callee instanceof Global ? callee.name : wrong('calls what is no function');
    if (!Object.hasOwn(known.calls, name) || !Array.isArray(args))
      return wrong(`${name}: expected tensors and containers only; it is not run`);
    made(known.calls[name](args as unknown[]));
  };
  const build = (): void => {
    pop();
    // What an OrderedDict has beside its items, such as the versions of modules.
    if (!(stack.at(-1) instanceof Map)) wrong('sets the state of what is no dict');
  };
  const long = (count: number): number | bigint => {
    let value = 0n;
    const from = take(count);
    for (let i = count - 1; i >= 0; i--) value = value * 256n + BigInt(bytes[from + i]);
    value = BigInt.asIntN(8 * count, value);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  };
  const codes: Record<number, () => unknown> = {
    0x80: () => bytes[take(1)] > 5 && wrong('a protocol after 5'),
    0x95: () => take(8),
    0x28: () => stack.push(MARK),
    0x30: pop,
    0x4e: () => stack.push(null),
    0x88: () => stack.push(true),
    0x89: () => stack.push(false),
    0x4a: () => stack.push(view.getInt32(take(4), true)),
    0x4b: () => stack.push(bytes[take(1)]),
    0x4d: () => stack.push(view.getUint16(take(2), true)),
    0x8a: () => stack.push(long(bytes[take(1)])),
    0x47: () => stack.push(view.getFloat64(take(8))),
    // Texts of Python 2.
    0x54: () => stack.push(text(view.getUint32(take(4), true))),
    0x55: () => stack.push(text(bytes[take(1)])),
    0x58: () => stack.push(text(view.getUint32(take(4), true))),
    0x8c: () => stack.push(text(bytes[take(1)])),
    0x7d: () => made(new Map()),
    0x5d: () => made([]),
    0x29: () => tuple(0),
    0x74: () => made(Object.freeze(marked())),
    0x85: () => tuple(1),
    0x86: () => tuple(2),
    0x87: () => tuple(3),
    0x71: () => remember(bytes[take(1)]),
    0x72: () => remember(view.getUint32(take(4), true)),
    0x94: () => remember(memo.size),
    0x68: () => recall(bytes[take(1)]),
    0x6a: () => recall(view.getUint32(take(4), true)),
    0x63: () => stack.push(new Global(`${line()}.${line()}`)),
    0x93: () => {
      const name = pop();
      stack.push(new Global(`${String(pop())}.${String(name)}`));
    },
    0x52: call,
    0x81: call,
    0x62: build,
    0x51: () => stack.push(known.persistent(pop())),
    0x73: () => {
      if (stack.length < 3) wrong('nothing is there to take');
      put(stack.splice(-2));
    },
    0x75: () => {
      put(marked());
    },
    0x61: () => {
      append([pop()]);
    },
    0x65: () => {
      append(marked());
    },
  };
  for (let opcodes = 0; ; opcodes++) {
    if (opcodes === MAX_OPCODES) tooMany(`${MAX_OPCODES} opcodes`);
    const code = bytes[take(1)];
    if (code === 0x2e) return { value: pop(), end: at };
    const run = codes[code];
    if (run === undefined) wrong(`opcode 0x${code.toString(16)}: expected what torch.save writes`);
    run();
  }
}
