import type { Backend, Operand } from './backend/contract.js';
import { backend, withBackend } from './backend/select.js';
import { isOperand, watched } from './backend/watch.js';
import { arrayOf, type DType, type TypedArray } from './dtype.js';
import { setRecorder, type Recorder } from './recording.js';
import type { Shape } from './shape.js';
import { freed, type Storage } from './storage.js';
import { Tensor } from './tensor.js';
import { tensorsIn } from './tensors-in.js';

// What a function computes from its inputs, as a list of the kernels it calls: for those who write the computation down in
// another language. What does not depend on the inputs is computed as ever, and is a constant to the list.

/** A tensor as it was when a kernel was called with it. */
export interface Seen {
  /** Which memory it lies in: tensors that share memory have the same number. */
  readonly memory: number;
  readonly dtype: DType;
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
  /** Its elements in row-major order; null where they depend on the inputs, or are those of a state. */
  readonly values: TypedArray | null;
  /** The name of the state (a parameter, a buffer) in whose memory it lies. */
  readonly state: string | null;
}

/** What was in memory that did not depend on the inputs when a kernel wrote to a part of it something that does. */
export interface Background {
  readonly dtype: DType;
  readonly values: TypedArray;
}

/** A call of a kernel, or of a module that is taken as a whole. */
export interface Call {
  readonly op: string;
  /** Numbers, lists and objects of them, and `Seen` in place of tensors. */
  readonly args: readonly unknown[];
  /** Of memory that the inputs come to with this call: what was in it, by number. */
  readonly backgrounds: ReadonlyMap<number, Background>;
  /** Where in the model it was called: the path of the innermost module, and its class. */
  readonly place: Place;
}

export interface Place {
  readonly path: string;
  readonly name: string;
}

/** Which arguments of a kernel it writes, and which of these it reads before. */
const RESULTS: Partial<Record<keyof Backend, readonly number[]>> = {
  unary: [2],
  binary: [3],
  compare: [3],
  where: [3],
  copy: [1],
  fill: [1],
  reduce: [3],
  matmul: [3],
  im2col: [1],
  col2im: [1],
  conv2d: [3],
  conv2dInput: [2],
  conv2dWeight: [2],
  maxPool2d: [1, 2],
  maxPool2dGrad: [2],
  weightedRuns: [3],
  batchNorm: [5],
  layerNorm: [3, 4, 5],
  attention: [4, 5],
  scan: [2, 3],
  sort: [2, 3],
  softmax: [1],
  crossEntropy: [2],
  gather: [3],
  scatter: [1],
  indexSelect: [3],
  scatterSlices: [1],
  indexOffsets: [1],
};

/** Kernels that read what they write to. */
const CHANGING = new Set<string>(['scatter', 'scatterSlices', 'indexOffsets']);

/** What the list cannot hold. */
export class Untraceable extends Error {
  constructor(
    readonly op: string,
    message: string,
    readonly place: Place,
  ) {
    super(message);
  }
}

/** What was written down, and the tensors that came out. */
export interface Trace<T> {
  readonly calls: readonly Call[];
  readonly inputs: readonly Seen[];
  readonly result: T;
  /** Tensors of the result, as arguments are written. */
  readonly see: (x: Tensor) => Seen;
}

/** Notes the kernels that run. */
export class Tracer implements Recorder {
  readonly calls: Call[] = [];
  // What is not needed any more may go while the function runs.
  readonly #numbers = new WeakMap<Storage, number>();
  #count = 0;
  /** Memory whose elements depend on the inputs. */
  readonly #derived = new WeakSet<Storage>();
  /** Memory made here that something has been written to, or that was zeroed. */
  readonly #filled = new WeakSet<Storage>();
  readonly #states = new Map<Storage, string>();
  readonly #places: Place[] = [];
  #kernels: Backend = backend;
  /** Whether a kernel runs, or a module that is taken as a whole. */
  #isInside = false;
  #refusal: Untraceable | null = null;
  /** Whether a kernel found bad data: an error is on its way that says which. */
  #hasFailed = false;

  /** @param states parameters and buffers, by name */
  constructor(states: Iterable<readonly [string, Tensor]>) {
    for (const [name, x] of states) if (!this.#states.has(x.storage)) this.#states.set(x.storage, name);
  }

  /** Runs `fn`, which computes something from `inputs`. */
  run<T>(inputs: readonly Tensor[], fn: () => T): Trace<T> {
    for (const { storage } of inputs) this.#derived.add(storage);
    const see = (x: Tensor): Seen => this.#see(x);
    const seen = inputs.map(see);
    this.#kernels = backend;
    const before = setRecorder(this);
    let result: T;
    try {
      result = withBackend(
        watched(backend, (op, args, run) => this.#call(op, args, run)),
        fn,
      );
    } finally {
      setRecorder(before);
    }
    if (this.#refusal !== null) throw this.#refusal;
    return { calls: this.calls, inputs: seen, result, see };
  }

  /** Runs `fn`, a part of the model. */
  at<T>(place: Place, fn: () => T): T {
    this.#places.push(place);
    try {
      return fn();
    } finally {
      this.#places.pop();
    }
  }

  /**
   * Runs `fn` as one call, whatever kernels there are in it.
   * @param inputs what it takes, as the call is to have it
   */
  whole<T>(op: string, inputs: readonly unknown[], fn: () => T): T {
    if (this.#isInside || !this.#dependsOn(inputs)) return fn();
    const args = inputs.map((value) => this.#argument(value));
    this.#isInside = true;
    let result: T;
    try {
      result = withBackend(this.#kernels, fn);
    } finally {
      this.#isInside = false;
    }
    for (const x of tensorsIn(result)) this.#derived.add(x.storage);
    this.#note(op, [...args, this.#argument(result)]);
    return result;
  }

  get place(): Place {
    return this.#places.at(-1) ?? { path: '', name: '' };
  }

  #call(op: string, args: readonly unknown[], run: () => unknown): unknown {
    const tensors = args.filter(isOperand);
    const places = RESULTS[op as keyof Backend];
    const written = args.flatMap((value, i) =>
      isOperand(value) && (places === undefined || places.includes(i)) ? [value] : [],
    );
    if (op === 'random') this.#refuse(op, 'random numbers are drawn');
    if (op === 'batchNorm' && (args[6] as { training: boolean }).training)
      written.push(args[3] as Operand, args[4] as Operand);
    const writesNothing = places !== undefined && written.every(({ size }) => size === 0);
    if (!writesNothing && tensors.some(({ storage }) => this.#derived.has(storage))) {
      if (places === undefined) this.#refuse(op, 'ONNX has no such operation');
      const noted = args.map((value) =>
        written.includes(value as Operand) && !CHANGING.has(op)
          ? this.#see(value as Operand, false)
          : this.#argument(value),
      );
      const backgrounds = new Map<number, Background>();
      for (const { storage } of written) {
        const state = this.#states.get(storage);
        if (state !== undefined) this.#refuse(op, `the state ${state} changes`);
        if (!this.#derived.has(storage) && this.#filled.has(storage))
          backgrounds.set(this.#numberOf(storage), {
            dtype: storage.dtype,
            values: this.#quietly(() => storage.array.slice()),
          });
        this.#derived.add(storage);
      }
      this.#note(op, noted, backgrounds);
    } else for (const { storage } of written) this.#filled.add(storage);
    const result = this.#quietly(run);
    this.#hasFailed ||= typeof result === 'number' && result >= 0;
    return result;
  }

  #note(op: string, args: readonly unknown[], backgrounds: Call['backgrounds'] = new Map()): void {
    this.calls.push({ op, args, backgrounds, place: this.place });
  }

  #refuse(op: string, message: string): never {
    this.#refusal ??= new Untraceable(op, message, this.place);
    throw this.#refusal;
  }

  #numberOf(storage: Storage): number {
    let number = this.#numbers.get(storage);
    if (number === undefined) this.#numbers.set(storage, (number = this.#count++));
    return number;
  }

  #dependsOn(value: unknown): boolean {
    return tensorsIn(value).some(({ storage }) => this.#derived.has(storage));
  }

  /** An argument with what can be said of its tensors now. */
  #argument(value: unknown): unknown {
    if (isOperand(value)) return this.#see(value);
    if (Array.isArray(value)) return value.map((item) => this.#argument(item));
    return value;
  }

  #see({ storage, dtype, offset, shape, strides }: Operand, isRead = true): Seen {
    const state = this.#states.get(storage) ?? null;
    const isConstant = isRead && state === null && !this.#derived.has(storage);
    const values = isConstant
      ? this.#quietly(() => elementsOf({ storage, dtype, offset, shape, strides }))
      : null;
    return {
      memory: this.#numberOf(storage),
      dtype,
      offset,
      shape: [...shape],
      strides: [...strides],
      values,
      state,
    };
  }

  #quietly<T>(fn: () => T): T {
    const before = this.#isInside;
    this.#isInside = true;
    try {
      return fn();
    } finally {
      this.#isInside = before;
    }
  }

  // As a recorder: who looks at elements, and what is written to memory besides.

  allocated(storage: Storage, zeroed: boolean): void {
    if (zeroed) this.#filled.add(storage);
  }

  borrowed(storage: Storage): void {
    this.#filled.add(storage);
  }

  operand(storage: Storage): ArrayBuffer | Uint8Array {
    return storage.handle ?? freed();
  }

  touched(storage: Storage): void {
    if (this.#isInside || this.#hasFailed) return;
    if (this.#derived.has(storage))
      this.#refuse(
        'values',
        'the model reads the values of a tensor (item, tolist, toArray, …): what follows could depend on them',
      );
    this.#filled.add(storage);
  }

  gradient(): void {
    // Of no concern: nothing is differentiated.
  }

  fromHost(call: () => void): void {
    call();
  }

  stepChanged(): void {
    // Nothing runs again.
  }
}

/** The elements of a tensor in row-major order. Those of expanded dimensions are all there. */
function elementsOf(x: Pick<Operand, 'storage' | 'dtype' | 'offset' | 'shape' | 'strides'>): TypedArray {
  if (x.shape.includes(0)) return new (arrayOf(x.dtype))(0);
  return new Tensor(x.storage, x.dtype, x.shape, x.strides, x.offset).toArray();
}
