import { inspect } from 'node:util';
import { arrayOf, isFloat, type DType, type TypedArray } from './dtype.js';
import { describe, rangeError, typeError } from './errors.js';
import type { Operand } from './backend/contract.js';
import { formatArray } from './print.js';
import { inference, recorded } from './grad-mode.js';
import { modeChanged, recorder } from './recording.js';
import { contiguousStrides, fillsMemory, formatShape, isContiguous, sizeOf, type Shape } from './shape.js';
import { allocate, type Storage } from './storage.js';

/**
 * The backward rule of one op: takes the gradient of the op's result and returns, for each parent in order, a thunk
 * that computes that parent's gradient, or gives null where there is none. Thunks run only for parents that need one. They
 * are written in differentiable ops, so the gradient of a gradient is there too.
 */
export type GradFn = (grad: Tensor) => readonly (() => Tensor | null)[];

/** The backward rule of an op with several results: a gradient for each of them, or null where none has arrived. */
export type JointGradFn = (grads: readonly (Tensor | null)[]) => readonly (() => Tensor | null)[];

/** Looks at the gradient of a tensor; what it returns takes its place. */
export type GradientHook = (grad: Tensor) => Tensor | null | undefined | void;

/** What is called for a tensor in `backward`, in the order of registration. */
export interface Hooks {
  /** With the whole gradient, before it goes on. */
  readonly gradient: Map<object, GradientHook>;
  /** When `grad` has been added to. */
  readonly accumulated: Map<object, (tensor: Tensor) => void>;
}

/** Numbers in nested arrays, as `tolist` gives them and `tensor` takes them. */
export type NestedArray = number | boolean | readonly NestedArray[];

const NO_TENSORS: readonly Tensor[] = [];
const NO_VERSIONS: readonly number[] = [];

/**
 * An n-dimensional array that remembers how it was made.
 *
 * A tensor is a strided view over a storage: transposing, slicing, expanding and (where it can) reshaping make
 * another view of the same memory. A tensor made by an op from tensors that require gradients knows its `parents` and
 * its `gradFn`; together they are the graph that `backward` walks. Ops live in `lib/ops`, each next to its gradient,
 * and are there as functions and as methods.
 */
export class Tensor implements Operand {
  /** @internal */
  readonly storage: Storage;
  /** The type of its elements. */
  readonly dtype: DType;
  /** Where the first element lies in the storage, in elements. */
  readonly offset: number;
  /** Sizes of the dimensions. */
  readonly shape: Shape;
  /** How far apart neighbours of each dimension lie in the storage, in elements. */
  readonly strides: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** Whether the elements lie in row-major order without gaps. */
  readonly isContiguous: boolean;

  /** The tensors this one was computed from; empty for leaves, and after `backward` has freed the graph. */
  parents: readonly Tensor[] = NO_TENSORS;
  /** The parents that required a gradient when this tensor was made; null in place of the others. */
  edges: readonly (Tensor | null)[] = NO_TENSORS;
  /** The backward rule of the op that made this tensor; null for leaves. */
  gradFn: GradFn | null = null;
  /** The op that made this tensor; empty for leaves. */
  op = '';
  /** Which result of its op this is, when the op has several (see `recordPart`); else -1. */
  part = -1;
  /**
   * Set by `registerHook` and its like.
   * @internal
   */
  hooks: Hooks | null = null;
  /** Whether `backward` fills `grad` though this is not a leaf. Set by `retainGrad`. */
  retainsGrad = false;

  /** Tensors that `gradFn` reads, with the versions they had, so that a change in place is noticed. */
  saved: readonly Tensor[] = NO_TENSORS;
  /** @internal */
  savedVersions: readonly number[] = NO_VERSIONS;
  /** Where in the user's code the op was called; only under `detectAnomaly`. */
  madeAt: string | undefined = undefined;

  private needsGrad = false;
  private gradient: Tensor | null = null;

  /**
   * For the library's own use: users make tensors with `tensor`, `fromArray`, `zeros`, …
   * @internal
   */
  constructor(
    storage: Storage,
    dtype: DType,
    shape: Shape,
    strides: readonly number[] = contiguousStrides(shape),
    offset = 0,
    size = sizeOf(shape),
    contiguous = isContiguous(shape, strides),
  ) {
    this.storage = storage;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    this.size = size;
    this.isContiguous = contiguous;
  }

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** What `backward` accumulated: dL/d(this), same shape and dtype. Only leaves, and tensors with `retainGrad`. */
  get grad(): Tensor | null {
    if (recorder !== null) recorder.gradient(this, 'read', this.gradient);
    return this.gradient;
  }

  set grad(value: Tensor | null) {
    if (recorder !== null) recorder.gradient(this, 'set', this.gradient);
    // No scope frees a gradient.
    if (value instanceof Tensor) value.storage.kept = true;
    this.gradient = value;
  }

  /** Whether gradients are computed for this tensor. May be set on leaves of a float dtype. */
  get requiresGrad(): boolean {
    return this.needsGrad;
  }

  set requiresGrad(value: boolean) {
    if (typeof value !== 'boolean')
      typeError('requiresGrad', `expected true or false, got ${describe(value)}`);
    if (value && !isFloat(this.dtype))
      typeError(
        'requiresGrad',
        `only float32 and float64 tensors can require gradients, this one is ${this.dtype}`,
      );
    if (value && this.storage.inference && !inference)
      typeError('requiresGrad', 'a tensor made in inferenceMode cannot require gradients: clone() it first');
    if (!value && this.gradFn !== null)
      typeError(
        'requiresGrad',
        `the result of ${this.op} follows its inputs; use detach() for a tensor without history`,
      );
    if (value !== this.needsGrad) modeChanged();
    this.needsGrad = value;
  }

  /** Whether this tensor was made by the user, and not by an op that recorded its history. */
  get isLeaf(): boolean {
    return this.gradFn === null;
  }

  /** Marks a result as part of the graph: how it was made, from what, and what its backward rule reads. */
  recordHistory(op: string, parents: readonly Tensor[], saved: readonly Tensor[], gradFn: GradFn): this {
    if (recorded !== null) recorded.add(this);
    this.op = op;
    this.parents = parents;
    this.edges = parents.every(requiresGrad) ? parents : parents.map((x) => (x.needsGrad ? x : null));
    this.gradFn = gradFn;
    this.needsGrad = true;
    if (saved.length > 0) {
      for (const tensor of saved) if (tensor.storage.inference) refuseInference(op);
      this.saved = saved;
      this.savedVersions = saved.map((tensor) => tensor.storage.version);
    }
    return this;
  }

  /**
   * Marks a result of an op with several: the op is a tensor without elements, `joint`, whose rule waits for the gradients
   * of all results.
   */
  recordPart(joint: Tensor, part: number): this {
    this.part = part;
    return this.recordHistory(joint.op, [joint], NO_TENSORS, PART);
  }

  /** Forgets the graph behind this tensor, and lets go of the memory it held. */
  releaseHistory(gradFn: GradFn): void {
    this.parents = NO_TENSORS;
    this.edges = NO_TENSORS;
    this.saved = NO_TENSORS;
    this.savedVersions = NO_VERSIONS;
    this.gradFn = gradFn;
  }

  /**
   * The only element, as a number.
   * @throws RangeError when there is more than one element, or none.
   */
  item(): number {
    if (this.size !== 1)
      rangeError('item', `expected a tensor with one element, got shape ${formatShape(this.shape)}`);
    return this.storage.array[this.offset];
  }

  /** The elements as nested arrays of numbers (booleans for bool); a plain number for a 0-d tensor. */
  tolist(): NestedArray {
    const { array } = this.storage;
    const isBool = this.dtype === 'bool';
    const walk = (dim: number, at: number): NestedArray => {
      if (dim === this.ndim) return isBool ? array[at] !== 0 : array[at];
      const stride = this.strides[dim];
      return Array.from({ length: this.shape[dim] }, (_, i) => walk(dim + 1, at + i * stride));
    };
    return walk(0, this.offset);
  }

  /** The elements in row-major order, as a new typed array. */
  toArray(): TypedArray {
    const out = new (arrayOf(this.dtype))(this.size);
    const { array } = this.storage;
    if (this.isContiguous) {
      out.set(array.subarray(this.offset, this.offset + this.size));
      return out;
    }
    const index = new Array<number>(this.ndim).fill(0);
    let at = this.offset;
    for (let i = 0; i < this.size; i++) {
      out[i] = array[at];
      for (let dim = this.ndim - 1; dim >= 0; dim--) {
        at += this.strides[dim];
        if (++index[dim] < this.shape[dim]) break;
        at -= index[dim] * this.strides[dim];
        index[dim] = 0;
      }
    }
    return out;
  }

  /**
   * The elements themselves, not a copy: what is written here is in the tensor. From now on no scope recycles this
   * memory. Autograd does not see such writes: inside a graph, change tensors with `copy_` and the like.
   * @throws TypeError when the elements do not lie in row-major order: in views such as `transpose`, and in what
   *   convolutions of many images give. `toArray()` and `contiguous().data` are copies that do.
   */
  get data(): TypedArray {
    if (!this.isContiguous && this.size > 0)
      typeError(
        'data',
        `shape ${formatShape(this.shape)} with strides ${formatShape(this.strides)} is not contiguous; ` +
          'take toArray(), or contiguous().data, which are copies',
      );
    return this.storage.expose().subarray(this.offset, this.offset + this.size);
  }

  /** As NumPy prints an array: `[[1. 2.]\n [3. 4.]]`. */
  toString(): string {
    return formatArray(this.storage.array, this.shape, this.strides, this.offset, this.dtype, 'str');
  }

  [inspect.custom](): string {
    const { handle } = this.storage;
    if (handle === null || (handle.byteLength === 0 && this.size > 0))
      return `tensor(<${handle === null ? 'freed' : 'detached'}>, shape=${formatShape(this.shape)})`;
    const text = formatArray(this.storage.array, this.shape, this.strides, this.offset, this.dtype, 'repr');
    const history =
      this.gradFn !== null ? `, gradFn=<${this.op}>` : this.needsGrad ? ', requiresGrad=true' : '';
    return `${text.slice(0, -1)}${history})`;
  }
}

/** Stands where a rule would: `backward` hands the gradients of parts to the rule of the joint. */
const PART: GradFn = () => [];

function refuseInference(op: string): never {
  throw new Error(
    `[${op}] a tensor made in inferenceMode cannot be saved for a gradient: clone() it outside, and use that`,
  );
}

const requiresGrad = (x: Tensor): boolean => x.requiresGrad;

/** A new contiguous tensor whose elements are yet to be written. */
export function empty(shape: Shape, dtype: DType, zeroed = false): Tensor {
  const size = sizeOf(shape);
  return new Tensor(allocate(dtype, size, zeroed), dtype, shape, contiguousStrides(shape), 0, size, true);
}

/** Whether the elements of `x` fill one stretch of memory, each once, in whatever order. */
export const isDense = (x: Tensor): boolean => x.isContiguous || fillsMemory(x.shape, x.strides, x.size);

/**
 * A new tensor of the shape of `x` that lies in memory as `x` does, so that both are walked as one stretch. Contiguous
 * where `x` has gaps or repeats elements.
 */
export function emptyLike(x: Tensor, dtype: DType = x.dtype): Tensor {
  const strides = isDense(x) ? x.strides : contiguousStrides(x.shape);
  return new Tensor(allocate(dtype, x.size), dtype, x.shape, strides, 0, x.size);
}

/**
 * A new tensor without gaps whose dimensions lie in memory in the order of those of `x`: for results that keep its layout,
 * though perhaps not its shape. Contiguous where `x` repeats elements.
 */
export function emptyInOrder(x: Tensor, shape: Shape, dtype: DType = x.dtype): Tensor {
  if (x.isContiguous || x.strides.some((stride, dim) => stride <= 0 && x.shape[dim] > 1))
    return empty(shape, dtype);
  const order = x.shape.map((_, dim) => dim).filter((dim) => x.shape[dim] !== 1);
  order.sort((a, b) => x.strides[a] - x.strides[b] || b - a);
  // Dimensions of size 1 may have any stride: they stay where they are in the shape.
  for (let dim = shape.length - 1; dim >= 0; dim--) if (x.shape[dim] === 1) order.push(dim);
  return emptyOrdered(shape, order, dtype);
}

/** A new tensor whose dimensions lie in memory in this order, the innermost first. */
export function emptyOrdered(shape: Shape, order: readonly number[], dtype: DType): Tensor {
  const strides = new Array<number>(shape.length);
  let size = 1;
  for (const dim of order) {
    strides[dim] = size;
    size *= shape[dim];
  }
  return new Tensor(allocate(dtype, size), dtype, shape, strides);
}

/** Another view of the memory of `x`. */
export function viewOf(x: Tensor, shape: Shape, strides: readonly number[], offset = x.offset): Tensor {
  return new Tensor(x.storage, x.dtype, shape, strides, offset);
}

/** Throws unless the value is a tensor. */
export function checkTensor(op: string, value: unknown, name = 'input'): asserts value is Tensor {
  if (!(value instanceof Tensor)) typeError(op, `${name}: expected a tensor, got ${describe(value)}`);
}
