import { randomPerBlock, type RandomKind } from '../backend/contract.js';
import { backend } from '../backend/select.js';
import {
  checkDType,
  checkFits,
  dtypeOfArray,
  fits,
  isFloat,
  itemSize,
  type DType,
  type TypedArray,
} from '../dtype.js';
import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { drawBlocks, setRngState, type RandomState } from '../random.js';
import { fromHost, recorder } from '../recording.js';
import { checkShape, contiguousStrides, formatShape, MAX_DIMS, sizeOf, type Shape } from '../shape.js';
import { borrow, Storage } from '../storage.js';
import { checkTensor, empty, Tensor, type NestedArray } from '../tensor.js';
import { putNamed } from './arguments.js';
import { checkOptions } from './primitive.js';

/** What every function that creates a tensor takes last. */
export interface CreateOptions {
  /** Element type. Default float32, or what the values suggest. */
  readonly dtype?: DType;
  /** Whether gradients are computed for the tensor. Default false. */
  readonly requiresGrad?: boolean;
}

/** The options of a function that creates a tensor, checked. */
export function readOptions(
  op: string,
  options: CreateOptions | undefined,
  otherwise: DType,
): Required<CreateOptions> {
  checkOptions(op, options, ['dtype', 'requiresGrad']);
  const { dtype = otherwise, requiresGrad = false } = options ?? {};
  checkDType(op, dtype);
  if (typeof requiresGrad !== 'boolean')
    typeError(op, `requiresGrad: expected true or false, got ${describe(requiresGrad)}`);
  if (requiresGrad && !isFloat(dtype))
    typeError(op, `requiresGrad: only float tensors can, this one is ${dtype}`);
  return { dtype, requiresGrad };
}

export function finish(tensor: Tensor, requiresGrad: boolean): Tensor {
  if (requiresGrad) tensor.requiresGrad = true;
  return tensor;
}

/**
 * A tensor with a copy of `values`: a number, nested arrays, a typed array, or arrays of typed arrays. Booleans make a
 * bool tensor, typed arrays keep their type, other numbers make float32.
 * @throws ShapeError when nested arrays differ in length; TypeError for anything but numbers and booleans; RangeError
 *   for a number that does not fit into an integer dtype.
 * @see https://pytorch.org/docs/stable/generated/torch.tensor.html
 */
export function tensor(
  values: NestedArray | TypedArray | readonly TypedArray[],
  options?: CreateOptions,
): Tensor {
  const shape: number[] = [];
  for (let level: unknown = values; isList(level); level = level[0]) {
    shape.push(level.length);
    if (level.length === 0 || shape.length > MAX_DIMS) break;
  }
  checkShape('tensor', shape);
  const { dtype, requiresGrad } = readOptions('tensor', options, dtypeOfValues(values));
  const guessedBool = dtype === 'bool' && options?.dtype === undefined;
  const out = empty(shape, dtype);
  const { array } = out.storage;
  let at = 0;
  const fill = (value: unknown, dim: number): void => {
    if (isList(value)) {
      if (dim === shape.length || value.length !== shape[dim])
        shapeError(
          'tensor',
          `nested arrays differ: expected ${formatShape(shape.slice(dim))} at depth ${dim}, got ${value.length} elements`,
        );
      if (ArrayBuffer.isView(value) && dim === shape.length - 1 && dtype !== 'bool') {
        if (!isFloat(dtype) && dtype !== dtypeOfArray(value))
          (value as TypedArray).forEach((x) => checkFits('tensor', dtype, x));
        array.set(value as TypedArray, at);
        at += value.length;
      } else for (let i = 0; i < value.length; i++) fill(value[i], dim + 1);
    } else if (typeof value !== 'number' && typeof value !== 'boolean') {
      typeError('tensor', `expected numbers or booleans in nested arrays, got ${describe(value)}`);
    } else if (guessedBool && typeof value === 'number') {
      typeError('tensor', `booleans first, then ${value}: give a dtype for a mix of booleans and numbers`);
    } else if (dim !== shape.length) {
      shapeError(
        'tensor',
        `nested arrays differ: expected ${formatShape(shape.slice(dim))} at depth ${dim}, got ${describe(value)}`,
      );
    } else {
      checkFits('tensor', dtype, Number(value));
      array[at++] = dtype === 'bool' ? Number(value !== 0 && value !== false) : Number(value);
    }
  };
  fill(values, 0);
  return finish(out, requiresGrad);
}

const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || dtypeOfArray(value) !== undefined;

/** bool for booleans, the type of a typed array, else float32. */
function dtypeOfValues(values: unknown): DType {
  let first = values;
  while (Array.isArray(first)) first = first[0];
  return dtypeOfArray(first) ?? (typeof first === 'boolean' ? 'bool' : 'float32');
}

/**
 * A tensor over the memory of a typed array: shared, not copied, also when it is a SharedArrayBuffer. What is written
 * on one side is seen on the other.
 * @param shape default: one dimension
 * @param options `dtype` may be `bool` for a Uint8Array of zeros and ones
 * @throws ShapeError when the array does not have as many elements as the shape.
 */
export function fromArray(
  array: TypedArray,
  shape: Shape = [array?.length],
  options?: CreateOptions,
): Tensor {
  const own = dtypeOfArray(array);
  if (own === undefined)
    typeError(
      'fromArray',
      `expected a Float32Array, Float64Array, Int32Array or Uint8Array, got ${describe(array)}`,
    );
  checkShape('fromArray', shape);
  const { dtype, requiresGrad } = readOptions('fromArray', options, own);
  if (dtype !== own && !(dtype === 'bool' && own === 'uint8' && array.every((value) => value <= 1)))
    typeError(
      'fromArray',
      `memory is shared as it is: a ${own} array cannot become ${dtype}; use tensor(array, { dtype })`,
    );
  if (sizeOf(shape) !== array.length)
    shapeError(
      'fromArray',
      `shape ${formatShape(shape)} has ${sizeOf(shape)} elements, the array ${array.length}`,
    );
  const offset = array.byteOffset / array.BYTES_PER_ELEMENT;
  return finish(
    new Tensor(borrow(array.buffer, dtype), dtype, [...shape], contiguousStrides(shape), offset),
    requiresGrad,
  );
}

/**
 * A tensor of `shape` filled with `value`. Default dtype: float32, bool for a boolean.
 * @throws RangeError when `value` does not fit into an integer dtype.
 */
export function full(shape: Shape, value: number | boolean, options?: CreateOptions): Tensor;
export function full(shape: Shape, options: CreateOptions & { readonly fillValue: number | boolean }): Tensor;
export function full(...args: readonly unknown[]): Tensor {
  const [shape, value, options] = putNamed('full', args, ['size', 'fillValue']) as [
    Shape,
    unknown,
    CreateOptions?,
  ];
  if (typeof value !== 'number' && typeof value !== 'boolean')
    typeError('full', `value: expected a number, got ${describe(value)}`);
  return filled('full', shape, Number(value), options, typeof value === 'boolean' ? 'bool' : 'float32');
}

/** A tensor of zeros. */
export const zeros = (shape: Shape, options?: CreateOptions): Tensor => filled('zeros', shape, 0, options);

/** A tensor of ones. */
export const ones = (shape: Shape, options?: CreateOptions): Tensor => filled('ones', shape, 1, options);

/** The options for a tensor by the example of `x`: its dtype, unless another is asked for. */
function optionsLike(op: string, x: Tensor, options?: CreateOptions): CreateOptions {
  checkTensor(op, x);
  checkOptions(op, options, ['dtype', 'requiresGrad']);
  return { dtype: x.dtype, ...options };
}

/** Zeros of the shape of `x`, outside its graph. Default dtype: that of `x`. */
export const zerosLike = (x: Tensor, options?: CreateOptions): Tensor => {
  const own = optionsLike('zerosLike', x, options);
  return zeros(x.shape, own);
};

/** Ones of the shape of `x`, outside its graph. Default dtype: that of `x`. */
export const onesLike = (x: Tensor, options?: CreateOptions): Tensor => {
  const own = optionsLike('onesLike', x, options);
  return ones(x.shape, own);
};

/** A tensor of the shape of `x` filled with `value`, outside its graph. Default dtype: that of `x`. */
export const fullLike = (x: Tensor, value: number | boolean, options?: CreateOptions): Tensor => {
  const own = optionsLike('fullLike', x, options);
  return full(x.shape, value, own);
};

/** {@link rand} of the shape of `x`. Default dtype: that of `x`. */
export const randLike = (x: Tensor, options?: CreateOptions): Tensor => {
  const own = optionsLike('randLike', x, options);
  return rand(x.shape, own);
};

/** {@link randn} of the shape of `x`. Default dtype: that of `x`. */
export const randnLike = (x: Tensor, options?: CreateOptions): Tensor => {
  const own = optionsLike('randnLike', x, options);
  return randn(x.shape, own);
};

function filled(
  op: string,
  shape: Shape,
  value: number,
  options?: CreateOptions,
  otherwise: DType = 'float32',
): Tensor {
  checkShape(op, shape);
  const { dtype, requiresGrad } = readOptions(op, options, otherwise);
  checkFits(op, dtype, value);
  const isZero = Object.is(value, 0);
  const out = empty([...shape], dtype, isZero);
  if (!isZero) backend.fill(value, out);
  return finish(out, requiresGrad);
}

/** The identity matrix of `n` rows and `m` (default `n`) columns. */
export function eye(n: number, options?: CreateOptions & { readonly m?: number }): Tensor;
export function eye(n: number, m?: number, options?: CreateOptions): Tensor;
export function eye(...args: readonly unknown[]): Tensor {
  const [n, m, options] = putNamed('eye', args, ['n', 'm']) as [
    number,
    (number | CreateOptions)?,
    CreateOptions?,
  ];
  if (m !== undefined && typeof m !== 'number' && typeof m !== 'object')
    typeError('eye', `m: expected a number, got ${describe(m)}`);
  const columns = typeof m === 'number' ? m : n;
  checkShape('eye', [n, columns]);
  const { dtype, requiresGrad } = readOptions('eye', typeof m === 'object' ? m : options, 'float32');
  const out = empty([n, columns], dtype, true);
  for (let i = 0; i < Math.min(n, columns); i++) out.storage.array[i * columns + i] = 1;
  return finish(out, requiresGrad);
}

export function checkFinite(op: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') typeError(op, `expected a number, got ${describe(value)}`);
  if (!Number.isFinite(value)) rangeError(op, `expected a finite number, got ${value}`);
}

/** Numbers uniform in [0, 1). @see https://pytorch.org/docs/stable/generated/torch.rand.html */
export const rand = (shape: Shape, options?: CreateOptions): Tensor =>
  random('rand', 'uniform', shape, 0, 1, options);

/** Numbers of the standard normal distribution. @see https://pytorch.org/docs/stable/generated/torch.randn.html */
export const randn = (shape: Shape, options?: CreateOptions): Tensor =>
  random('randn', 'normal', shape, 0, 1, options);

/**
 * Whole numbers uniform in {low, …, high - 1}; `low` is 0 when only one bound is given. Default dtype: int32.
 * @see https://pytorch.org/docs/stable/generated/torch.randint.html
 */
export function randint(high: number, shape: Shape, options?: CreateOptions): Tensor;
export function randint(low: number, high: number, shape: Shape, options?: CreateOptions): Tensor;
export function randint(
  first: number,
  second: number | Shape,
  ...rest: (Shape | CreateOptions | undefined)[]
): Tensor {
  const [low, high, shape, options] =
    typeof second === 'number' ? [first, second, rest[0], rest[1]] : [0, first, second, rest[0]];
  checkFinite('randint', low);
  checkFinite('randint', high);
  if (!Number.isInteger(low) || !Number.isInteger(high) || low >= high || Math.max(-low, high) > 2 ** 31)
    rangeError('randint', `expected whole numbers low < high, got ${describe(low)} and ${describe(high)}`);
  return random(
    'randint',
    'integer',
    shape as Shape,
    low,
    high,
    options as CreateOptions | undefined,
    'int32',
  );
}

function random(
  op: string,
  kind: RandomKind,
  shape: Shape,
  a: number,
  b: number,
  options?: CreateOptions,
  otherwise: DType = 'float32',
): Tensor {
  checkShape(op, shape);
  const { dtype, requiresGrad } = readOptions(op, options, otherwise);
  if (kind !== 'integer' && !isFloat(dtype))
    typeError(op, `dtype: expected float32 or float64, got ${dtype}`);
  for (const bound of kind === 'integer' ? [a, b - 1] : [])
    if (dtype === 'bool' ? bound !== 0 && bound !== 1 : !fits(dtype, bound))
      rangeError(op, `${bound} does not fit into ${dtype}`);
  return finish(randomFill(kind, empty([...shape], dtype), a, b), requiresGrad);
}

/** Writes random numbers over a contiguous tensor. */
export function randomFill(kind: RandomKind, out: Tensor, a: number, b: number): Tensor {
  let drawn: RandomState;
  const draw = (): void => {
    drawn = drawBlocks(Math.ceil(out.size / randomPerBlock(kind, out.dtype)));
    backend.random(kind, out, drawn.key, drawn.counter, a, b);
  };
  fromHost(draw, () => {
    setRngState(drawn);
  });
  return out;
}

/**
 * Zeros in memory that lives long (parameters, optimizer state): aligned for the kernels where the backend can, and
 * never freed by a scope.
 */
export function persistent(shape: Shape, dtype: DType): Tensor {
  const storage = new Storage(backend.allocate(Math.max(1, sizeOf(shape)) * itemSize(dtype)), dtype);
  storage.kept = true;
  if (recorder !== null) recorder.allocated(storage, true);
  return new Tensor(storage, dtype, shape);
}
