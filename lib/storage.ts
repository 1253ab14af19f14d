import { markAsUntransferable } from 'node:worker_threads';
import { arrayOf, itemSize, type DType, type TypedArray } from './dtype.js';
import { inference } from './grad-mode.js';
import { recorder } from './recording.js';
import { rangeError, typeError } from './errors.js';

/**
 * The memory under one or more tensors: a buffer, the dtype of what lies in it, and a version that every change in
 * place counts up. Tensors are views: they add an offset, a shape and strides.
 */
export class Storage {
  /** The buffer as native calls take it: N-API has no call for a bare SharedArrayBuffer, so that goes in a view. */
  handle: ArrayBuffer | Uint8Array | null;
  readonly dtype: DType;
  /** Where in the buffer this memory begins, in elements: small pieces share one. */
  readonly start: number;
  /** How much memory it is. */
  readonly bytes: number;
  /** Counts changes in place, so that `backward` notices when a tensor it saved is no longer what it was. */
  version = 0;
  /** Never recycled: a parameter, a gradient, something a scope returned, or memory JavaScript has looked at. */
  kept = false;
  /** How many gradients that wait in a running `backward` lie in here; -1 when `backward` did not make it. */
  pending = -1;
  /** Made in `inferenceMode`: never part of a graph. */
  readonly inference = inference;
  #array: TypedArray | null = null;

  constructor(buffer: ArrayBufferLike, dtype: DType, start = 0, bytes = buffer.byteLength) {
    this.handle = buffer instanceof ArrayBuffer ? buffer : new Uint8Array(buffer);
    this.dtype = dtype;
    this.start = start;
    this.bytes = bytes;
  }

  /** All of the memory as a typed array. For kernels and read-outs inside the library; users come through `expose`. */
  get array(): TypedArray {
    if (recorder !== null) recorder.touched(this);
    if (this.#array === null) {
      if (this.handle === null) freed();
      const [buffer, begin] =
        this.handle instanceof Uint8Array ? [this.handle.buffer, this.handle.byteOffset] : [this.handle, 0];
      if (buffer.byteLength === 0) checkAttached(buffer);
      const Array = arrayOf(this.dtype);
      const item = Array.BYTES_PER_ELEMENT;
      this.#array = new Array(buffer, begin + this.start * item, Math.floor(this.bytes / item));
    }
    // A detached buffer leaves arrays without elements behind.
    if (this.#array.length === 0) checkAttached(this.#array.buffer);
    return this.#array;
  }

  /** The typed array, for keeps: from now on no scope gives this memory to another tensor. */
  expose(): TypedArray {
    this.kept = true;
    return this.array;
  }

  /** Gives the buffer back to the free list. Whoever reads this storage afterwards gets an error. */
  recycle(): void {
    if (this.kept || this.handle === null) return;
    // Only buffers of `allocate` ever get here: everything that came from outside is kept from the start. A small piece
    // is left to the collector.
    if (this.bytes === this.handle.byteLength) give(this.handle as ArrayBuffer);
    this.handle = null;
    this.#array = null;
  }
}

/** Throws when a buffer is not merely empty, but detached. */
function checkAttached(buffer: ArrayBufferLike): void {
  try {
    new Uint8Array(buffer);
  } catch {
    typeError('data', 'the memory of this tensor is gone: its ArrayBuffer was transferred to someone else');
  }
}

export function freed(): never {
  throw new ReferenceError(
    '[tidy] this tensor was freed when its scope ended; return it from the scope or keep() it',
  );
}

/**
 * Buffers by byte length, waiting to be used again. Steps of a training loop ask for the same sizes over and over,
 * so exact lengths hit nearly always; the limit keeps a program of ever-changing shapes from hoarding.
 */
const freeList = new Map<number, ArrayBuffer[]>();
let freeBytes = 0;
const MAX_FREE_BYTES = 512 * 2 ** 20;

function give(buffer: ArrayBuffer): void {
  const bytes = buffer.byteLength;
  if (bytes === 0) return; // Detached: its memory went to another thread.
  if (bytes > MAX_FREE_BYTES) return;
  if (freeBytes + bytes > MAX_FREE_BYTES) clearFreeList();
  const list = freeList.get(bytes);
  if (list) list.push(buffer);
  else freeList.set(bytes, [buffer]);
  freeBytes += bytes;
}

function take(bytes: number): ArrayBuffer | undefined {
  const buffer = freeList.get(bytes)?.pop();
  if (buffer) freeBytes -= bytes;
  return buffer;
}

/** Drops every buffer that waits for reuse, and leaves it to the garbage collector. */
export function clearFreeList(): void {
  freeList.clear();
  freeBytes = 0;
}

/** Takes every buffer that waits for reuse off the list. */
export function takeFreeList(): ArrayBuffer[] {
  const buffers = [...freeList.values()].flat();
  clearFreeList();
  return buffers;
}

/** Memory that scopes hold for reuse, in bytes. */
export const freeListBytes = (): number => freeBytes;

/** Storages made while a scope is open, innermost last. */
type Scope = Storage[];
let scope: Scope | null = null;

/** Starts to collect the storages that are made, and returns the scope that was open before. */
export function openScope(): { readonly outer: Scope | null; readonly made: Scope } {
  const outer = scope;
  scope = [];
  return { outer, made: scope };
}

/** Whether these storages are those of the innermost open scope. */
export const isOpen = (made: readonly Storage[]): boolean => scope === made;

/** Ends a scope: what it made goes to `outer` or, through the caller, back to the free list. */
export function closeScope(outer: Scope | null): void {
  scope = outer;
}

/** Runs `fn`, which is the user's: what it makes belongs to no scope, for it may keep what it likes. */
export function unscoped<T>(fn: () => T): T {
  const outer = scope;
  scope = null;
  try {
    return fn();
  } finally {
    scope = outer;
  }
}

/** Puts a storage under the care of the open scope, if there is one. */
export function adopt(storage: Storage): void {
  scope?.push(storage);
}

/**
 * A new storage for `length` elements. The memory is V8's own, which the collector frees even inside a synchronous
 * loop, or comes from the free list, and then holds old values unless `zeroed`.
 */
export function allocate(dtype: DType, length: number, zeroed = false): Storage {
  // Rounded up, so that nearly equal sizes share a list.
  const bytes = Math.max(PIECE_BYTES, Math.ceil((length * itemSize(dtype)) / 64) * 64);
  // In a recording each storage has a buffer of its own, which later runs replace.
  const storage =
    bytes === PIECE_BYTES && recorder === null ? takePiece(dtype) : takeBuffer(dtype, bytes, zeroed);
  if (scope !== null) scope.push(storage);
  if (recorder !== null) recorder.allocated(storage, zeroed);
  return storage;
}

function takeBuffer(dtype: DType, bytes: number, zeroed: boolean): Storage {
  let buffer = take(bytes);
  if (buffer === undefined) buffer = makeBuffer(bytes);
  else if (zeroed) new Uint8Array(buffer).fill(0);
  return new Storage(buffer, dtype);
}

// An ArrayBuffer costs more than most kernels on a few numbers. As Node does for its Buffers, small memory is cut from a
// pool, each piece once; a pool lives as long as one of its pieces.
const PIECE_BYTES = 64;
const POOL_BYTES = 8192;
let pool: ArrayBuffer | null = null;
let poolUsed = 0;

function takePiece(dtype: DType): Storage {
  if (pool === null || poolUsed === POOL_BYTES) {
    pool = makeBuffer(POOL_BYTES);
    // Who passes a tensor's memory to another thread must not take that of its neighbours along.
    markAsUntransferable(pool);
    poolUsed = 0;
  }
  const storage = new Storage(pool, dtype, poolUsed / itemSize(dtype), PIECE_BYTES);
  poolUsed += PIECE_BYTES;
  return storage;
}

/**
 * V8 frees buffers that died young in quick collections of its nursery, but begins one for their sake only when they hold
 * 32 MB together; until then a training loop spreads over cold memory. One buffer of that size, which nothing ever
 * touches and the system therefore never backs with pages, brings the next collection forward.
 */
const YOUNG_BYTES = 8 * 2 ** 20;
const V8_YOUNG_BYTES = 32 * 2 ** 20;
let youngBytes = 0;

/** Zeroed memory of V8's own. */
export function makeBuffer(bytes: number): ArrayBuffer {
  try {
    youngBytes += bytes;
    if (youngBytes > YOUNG_BYTES) {
      youngBytes = 0;
      new ArrayBuffer(V8_YOUNG_BYTES);
    }
    return new ArrayBuffer(bytes);
  } catch {
    rangeError('allocate', `${bytes} bytes of memory cannot be had`);
  }
}

/** A storage over memory that came from outside: shared, never copied, never recycled. */
export function borrow(buffer: ArrayBufferLike, dtype: DType): Storage {
  const storage = new Storage(buffer, dtype);
  storage.kept = true;
  if (recorder !== null) recorder.borrowed(storage);
  return storage;
}

/** A storage of its own over the elements from `low` to before `high` of another: the same memory. */
export function partOf({ array, dtype }: Storage, low: number, high: number): Storage {
  const item = array.BYTES_PER_ELEMENT;
  const part = new Storage(array.buffer, dtype, 0, (high - low) * item);
  part.handle = new Uint8Array(array.buffer, array.byteOffset + low * item, part.bytes);
  part.kept = true;
  return part;
}
