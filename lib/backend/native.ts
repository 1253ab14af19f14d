import { createRequire } from 'node:module';
import { DTYPES, type DType } from '../dtype.js';
import { describe, rangeError } from '../errors.js';
import { ROOT } from '../place.js';
import { recorder } from '../recording.js';
import { sizeOf } from '../shape.js';
import { allocate as allocateStorage, freed, makeBuffer } from '../storage.js';
import {
  BINARY,
  COMPARE,
  DESCENT,
  RANDOM,
  REDUCE,
  SCATTER,
  SCAN,
  UNARY,
  type Backend,
  type Operand,
} from './contract.js';
import {
  block,
  packShape,
  packOperand,
  packContiguous,
  packPointwise,
  packImages,
  packConv,
  packPool,
  packAttention,
  packStrides,
  packOptional,
  packRows,
  packIndexed,
  packSliceIndex,
  useBlock,
} from './native-block.js';
import { linalgKernels, type LinalgAddon } from './native-linalg.js';
import { explainLoadError } from './native-errors.js';

// The boundary to the addon. A call hands over the buffers of its operands as arguments, inputs first, and everything
// else as numbers in one packed block: that takes a tenth of a microsecond, where objects would take several. native/*.cc
// checks every one of them again.

export type Handle = ArrayBuffer | Uint8Array;

/** The native surface. */
interface Addon extends LinalgAddon {
  /** The numbers of the next call. The addon knows where it lies, so it is not an argument. */
  readonly block: Float64Array;
  unary(x: Handle, out: Handle): void;
  binary(a: Handle, b: Handle, out: Handle): void;
  compare(a: Handle, b: Handle, out: Handle): void;
  where(condition: Handle, a: Handle, b: Handle, out: Handle): void;
  copy(x: Handle, out: Handle): void;
  fill(out: Handle): void;
  reduce(x: Handle, out: Handle): void;
  matmul(a: Handle, b: Handle, biasOrOut: Handle, out?: Handle): void;
  im2col(x: Handle, out: Handle): void;
  col2im(columns: Handle, out: Handle): void;
  conv2d(x: Handle, weight: Handle, biasOrOut: Handle, out?: Handle): void;
  conv2dInput(grad: Handle, weight: Handle, out: Handle): void;
  conv2dWeight(x: Handle, grad: Handle, out: Handle): void;
  scan(x: Handle, out: Handle, index?: Handle): void;
  sort(x: Handle, out: Handle, index: Handle): void;
  softmax(x: Handle, out: Handle): void;
  crossEntropy(x: Handle, target: Handle, out: Handle): number;
  crossEntropyGrad(x: Handle, target: Handle, grad: Handle, out: Handle): number;
  maxPool2d(x: Handle, out: Handle, index: Handle): void;
  maxPool2dGrad(grad: Handle, index: Handle, out: Handle): void;
  weightedRuns(x: Handle, runs: Handle, weights: Handle, out: Handle): void;
  batchNorm(x: Handle, out: Handle, mean: Handle, variance: Handle, ...weightAndBias: Handle[]): void;
  batchNormGrad(
    x: Handle,
    grad: Handle,
    out: Handle,
    mean: Handle,
    variance: Handle,
    gradWeight: Handle,
    gradBias: Handle,
    ...weight: Handle[]
  ): void;
  layerNorm(x: Handle, out: Handle, mean: Handle, inverse: Handle, ...weightAndBias: Handle[]): void;
  layerNormGrad(
    x: Handle,
    grad: Handle,
    out: Handle,
    mean: Handle,
    inverse: Handle,
    gradWeight: Handle,
    gradBias: Handle,
    ...weight: Handle[]
  ): void;
  attention(q: Handle, k: Handle, v: Handle, out: Handle, logSum: Handle, ...mask: Handle[]): void;
  attentionGrad(
    q: Handle,
    k: Handle,
    v: Handle,
    out: Handle,
    logSum: Handle,
    grad: Handle,
    gradQ: Handle,
    gradK: Handle,
    gradV: Handle,
    ...mask: Handle[]
  ): void;
  gather(x: Handle, index: Handle, out: Handle): number;
  scatter(out: Handle, index: Handle, src: Handle): number;
  indexOffsets(index: Handle, out: Handle): number;
  random(out: Handle): void;
  adam(param: Handle, grad: Handle, m: Handle, v: Handle, ...most: Handle[]): void;
  descend(param: Handle, grad: Handle, ...states: Handle[]): void;
  sgd(param: Handle, grad: Handle, buffer?: Handle): void;
  /** The names of all kernels, in the order in which `replay` knows them. */
  readonly entries: readonly string[];
  /** Runs a recorded step: see plan.ts. */
  replay(program: Float64Array, buffers: readonly Handle[]): number;
  timeGemm(m: number, n: number, k: number, times: number): number;
  timeTriad(count: number, times: number): number;
  allocate(bytes: number): ArrayBuffer;
  release(...buffers: ArrayBuffer[]): void;
  setNumThreads(count: number): void;
  limitThreads(count: number): void;
  getNumThreads(): number;
  /** The names of dtypes and ops, in the order of their codes. */
  readonly ops: Readonly<Record<string, readonly string[]>>;
  readonly version: string;
  readonly blasCore: string;
  readonly blasConfig: string;
  readonly blasThreading: string;
  readonly isa: string;
}

/** What `mgp doctor` tells about the addon. */
export interface NativeInfo {
  /** The file it was loaded from. */
  readonly path: string;
  readonly version: string;
  readonly blas: {
    readonly core: string;
    readonly config: string;
    /** Whether it came with LAPACK; else linear algebra runs on the reference backend. */
    readonly lapack: boolean;
    /** What threads it has of its own, which are kept to one: none, pthreads or OpenMP. */
    readonly threading: string;
  };
  /** The instruction set of the kernels in use. */
  readonly isa: string;
  readonly threads: number;
}

// Set by `load`, before any kernel runs.
let addon: Addon;

/** Stands between the backend and the addon. `run` makes the call that the block is packed for. */
export type Interceptor = (entry: number, run: () => number | undefined) => number | undefined;

/** Where calls go instead of to the addon. Made once, used often: see {@link useCalls}. */
export interface Calls {
  readonly target: object;
}

export function interceptCalls(interceptor: Interceptor): Calls {
  const real = addon as unknown as Record<string, (...handles: Handle[]) => number | undefined>;
  const kernels = addon.entries.map((name, entry) => [
    name,
    (...handles: Handle[]) => interceptor(entry, () => real[name](...handles)),
  ]);
  return { target: { ...addon, ...Object.fromEntries(kernels) } as object };
}

/** Runs `fn` with native calls going where `calls` says. */
export function useCalls<T>({ target }: Calls, fn: () => T): T {
  const before = addon;
  addon = target as Addon;
  try {
    return fn();
  } finally {
    addon = before;
  }
}

/** Frees the memory of buffers that nobody uses any more, at once. */
export function release(buffers: readonly ArrayBuffer[]): void {
  addon.release(...buffers);
}

/** The name of a kernel by its position. */
export const kernelName = (entry: number): string => addon.entries[entry];

export const replay = (program: Float64Array, buffers: readonly Handle[]): number =>
  addon.replay(program, buffers);

const codes = <Name extends string>(names: readonly Name[]): Record<Name, number> =>
  Object.fromEntries(names.map((name, i) => [name, i])) as Record<Name, number>;
const UNARY_CODES = codes(UNARY);
const BINARY_CODES = codes(BINARY);
const COMPARE_CODES = codes(COMPARE);
const REDUCE_CODES = codes(REDUCE);
const SCATTER_CODES = codes(SCATTER);
const RANDOM_CODES = codes(RANDOM);
const DESCENT_CODES = codes(DESCENT);

/** How many coefficients a rule of `descend` has at most, and how many states: kCoefficients and kStates. */
const MAX_COEFFICIENTS = 7;
const MAX_STATES = 3;

function handleOf(x: Operand): Handle {
  if (recorder !== null) return recorder.operand(x.storage);
  return x.storage.handle ?? freed();
}

/** The buffers of those operands that are there. */
const handlesOf = (...operands: (Operand | null)[]): Handle[] =>
  operands.flatMap((x) => (x === null ? [] : [handleOf(x)]));

/** Where in a 1-D index the first bad one is, from its position among the elements of the slices, if there is one. */
function badSlice(bad: number, index: Operand, dim: number, size: number, slices: Operand): number {
  if (slices.size === 0) return firstOutside(index, size);
  return bad < 0 ? bad : Math.floor(bad / sizeOf(slices.shape.slice(dim + 1))) % slices.shape[dim];
}

/**
 * Slices without elements give the addon nothing to do, and their indices can be bad all the same: they are tried on one
 * byte that stands for all `size` elements.
 */
function firstOutside(index: Operand, size: number): number {
  const bytes = (length: number, stride: number, memory: number): Operand => ({
    storage: allocateStorage('uint8', memory),
    dtype: 'uint8',
    offset: 0,
    shape: [length],
    strides: [stride],
    size: length,
    isContiguous: stride === 1,
  });
  return native.gather(bytes(size, 0, 1), 0, index, bytes(index.size, 1, index.size));
}

/** How much external memory may be asked for in one go. */
const MAX_EXTERNAL_BYTES = 256 * 2 ** 20;
let externalBytes = 0;

/**
 * External memory is freed by finalizers, which run only when the event loop turns. A synchronous loop that makes model
 * after model gets V8's own memory from the limit on, which the collector frees even there, if aligned less well.
 */
function allocate(bytes: number): ArrayBuffer {
  if (externalBytes >= MAX_EXTERNAL_BYTES) return makeBuffer(bytes);
  if (externalBytes === 0)
    setImmediate(() => {
      externalBytes = 0;
    }).unref();
  externalBytes += bytes;
  return addon.allocate(bytes);
}

const native: Backend = {
  name: 'native',

  unary(op, x, out) {
    block[0] = UNARY_CODES[op];
    packPointwise(1, out, x, null, null);
    addon.unary(handleOf(x), handleOf(out));
  },

  binary(op, a, b, out) {
    block[0] = BINARY_CODES[op];
    packPointwise(1, out, a, b, null);
    addon.binary(handleOf(a), handleOf(b), handleOf(out));
  },

  compare(op, a, b, out) {
    block[0] = COMPARE_CODES[op];
    packPointwise(1, out, a, b, null);
    addon.compare(handleOf(a), handleOf(b), handleOf(out));
  },

  where(condition, a, b, out) {
    packPointwise(0, out, condition, a, b);
    addon.where(handleOf(condition), handleOf(a), handleOf(b), handleOf(out));
  },

  copy(x, out) {
    packPointwise(0, out, x, null, null);
    addon.copy(handleOf(x), handleOf(out));
  },

  fill(value, out) {
    let at = packShape(0, out.shape);
    at = packOperand(at, out, out.shape.length);
    block[at] = value;
    addon.fill(handleOf(out));
  },

  reduce(op, x, dims, out) {
    const ndim = x.shape.length;
    block[0] = REDUCE_CODES[op];
    let at = packShape(1, x.shape);
    for (let i = 0; i < ndim; i++) block[at + i] = 0;
    for (let i = 0; i < dims.length; i++) block[at + dims[i]] = 1;
    at = packOperand(at + ndim, x, ndim);
    packContiguous(at, out);
    addon.reduce(handleOf(x), handleOf(out));
  },

  matmul(a, b, bias, out) {
    const ndim = out.shape.length;
    block[0] = bias === null ? 0 : 1;
    let at = packShape(1, out.shape);
    block[at++] = a.shape[a.shape.length - 1];
    at = packOperand(at, a, ndim);
    at = packOperand(at, b, ndim);
    if (bias === null) {
      packContiguous(at, out);
      addon.matmul(handleOf(a), handleOf(b), handleOf(out));
    } else {
      packContiguous(packContiguous(at, bias), out);
      addon.matmul(handleOf(a), handleOf(b), handleOf(bias), handleOf(out));
    }
  },

  im2col(x, out, window) {
    packContiguous(packContiguous(packImages(x, window), x), out);
    addon.im2col(handleOf(x), handleOf(out));
  },

  col2im(columns, out, window) {
    packContiguous(packContiguous(packImages(out, window), columns), out);
    addon.col2im(handleOf(columns), handleOf(out));
  },

  conv2d(x, weight, bias, out, params) {
    let at = packConv(x, out, params);
    block[at] = bias === null ? 0 : 1;
    block[at + 1] = 0; // Relu follows: see fuse.ts.
    at = packContiguous(packOperand(at + 2, x, 4), weight);
    if (bias === null) {
      packOperand(at, out, 4);
      addon.conv2d(handleOf(x), handleOf(weight), handleOf(out));
    } else {
      packOperand(packContiguous(at, bias), out, 4);
      addon.conv2d(handleOf(x), handleOf(weight), handleOf(bias), handleOf(out));
    }
  },

  conv2dInput(grad, weight, out, params) {
    const at = packConv(out, grad, params);
    block[at] = 0; // The gradient of relu follows: see fuse.ts.
    packOperand(packContiguous(packOperand(at + 1, grad, 4), weight), out, 4);
    addon.conv2dInput(handleOf(grad), handleOf(weight), handleOf(out));
  },

  conv2dWeight(x, grad, out, params) {
    const at = packConv(x, grad, params);
    packContiguous(packOperand(packOperand(at, x, 4), grad, 4), out);
    addon.conv2dWeight(handleOf(x), handleOf(grad), handleOf(out));
  },

  maxPool2d(x, out, index, window) {
    packPool(x, out, index, window);
    addon.maxPool2d(handleOf(x), handleOf(out), handleOf(index));
  },

  maxPool2dGrad(grad, index, out, window) {
    packPool(out, grad, index, window);
    addon.maxPool2dGrad(handleOf(grad), handleOf(index), handleOf(out));
  },

  weightedRuns(x, runs, weights, out) {
    for (let i = 0; i < 3; i++) block[i] = x.shape[i];
    block[3] = out.shape[1];
    block[4] = weights.size;
    packContiguous(packContiguous(packContiguous(packContiguous(5, x), runs), weights), out);
    addon.weightedRuns(handleOf(x), handleOf(runs), handleOf(weights), handleOf(out));
  },

  batchNorm(x, weight, bias, mean, variance, out, { eps, training }) {
    block[0] = eps;
    block[1] = training ? 1 : 0;
    let at = packShape(2, x.shape);
    at = packOperand(packOperand(at, x, x.shape.length), out, x.shape.length);
    at = packContiguous(packContiguous(at, mean), variance);
    packOptional(packOptional(at, weight), bias);
    addon.batchNorm(
      handleOf(x),
      handleOf(out),
      handleOf(mean),
      handleOf(variance),
      ...handlesOf(weight, bias),
    );
  },

  batchNormGrad(x, grad, weight, mean, variance, out, gradWeight, gradBias, eps) {
    const ndim = x.shape.length;
    block[0] = eps;
    let at = packShape(1, x.shape);
    at = packOperand(packOperand(packOperand(at, x, ndim), grad, ndim), out, ndim);
    at = packContiguous(packContiguous(at, mean), variance);
    packOptional(packContiguous(packContiguous(at, gradWeight), gradBias), weight);
    addon.batchNormGrad(
      handleOf(x),
      handleOf(grad),
      handleOf(out),
      handleOf(mean),
      handleOf(variance),
      handleOf(gradWeight),
      handleOf(gradBias),
      ...handlesOf(weight),
    );
  },

  layerNorm(x, weight, bias, mean, inverse, out, eps) {
    block[0] = x.shape[0];
    block[1] = x.shape[1];
    block[2] = eps;
    const at = packContiguous(packContiguous(packContiguous(packContiguous(3, x), out), mean), inverse);
    packOptional(packOptional(at, weight), bias);
    addon.layerNorm(
      handleOf(x),
      handleOf(out),
      handleOf(mean),
      handleOf(inverse),
      ...handlesOf(weight, bias),
    );
  },

  layerNormGrad(x, grad, weight, mean, inverse, out, gradWeight, gradBias) {
    block[0] = x.shape[0];
    block[1] = x.shape[1];
    let at = packContiguous(packContiguous(packContiguous(2, x), grad), out);
    at = packContiguous(packContiguous(at, mean), inverse);
    packOptional(packContiguous(packContiguous(at, gradWeight), gradBias), weight);
    addon.layerNormGrad(
      handleOf(x),
      handleOf(grad),
      handleOf(out),
      handleOf(mean),
      handleOf(inverse),
      handleOf(gradWeight),
      handleOf(gradBias),
      ...handlesOf(weight),
    );
  },

  attention(q, k, v, mask, out, logSum, params) {
    const at = packAttention(q, k, v, mask, out, logSum, params);
    if (mask !== null) packStrides(at, mask, 4);
    addon.attention(
      handleOf(q),
      handleOf(k),
      handleOf(v),
      handleOf(out),
      handleOf(logSum),
      ...handlesOf(mask),
    );
  },

  attentionGrad(q, k, v, mask, out, logSum, grad, gradQ, gradK, gradV, params) {
    let at = packAttention(q, k, v, mask, out, logSum, params);
    at = packStrides(packStrides(at, grad, 4), gradQ, 4);
    at = packStrides(packStrides(at, gradK, 4), gradV, 4);
    if (mask !== null) packStrides(at, mask, 4);
    addon.attentionGrad(
      handleOf(q),
      handleOf(k),
      handleOf(v),
      handleOf(out),
      handleOf(logSum),
      handleOf(grad),
      handleOf(gradQ),
      handleOf(gradK),
      handleOf(gradV),
      ...handlesOf(mask),
    );
  },

  scan(op, x, out, index) {
    block[0] = SCAN.indexOf(op);
    [block[1], block[2]] = x.shape;
    block[3] = index === null ? 0 : 1;
    const at = packContiguous(packContiguous(4, x), out);
    if (index === null) {
      addon.scan(handleOf(x), handleOf(out));
    } else {
      packContiguous(at, index);
      addon.scan(handleOf(x), handleOf(out), handleOf(index));
    }
  },

  sort(x, descending, out, index) {
    block[0] = descending ? 1 : 0;
    [block[1], block[2]] = x.shape;
    block[3] = 1;
    packContiguous(packContiguous(packContiguous(4, x), out), index);
    addon.sort(handleOf(x), handleOf(out), handleOf(index));
  },

  softmax(x, out, log) {
    block[0] = log ? 1 : 0;
    const at = packShape(1, x.shape);
    packContiguous(packOperand(at, x, x.shape.length), out);
    addon.softmax(handleOf(x), handleOf(out));
  },

  crossEntropy(x, target, out, ignoreIndex) {
    const at = packRows(x, ignoreIndex);
    packContiguous(packContiguous(packContiguous(at, x), target), out);
    return addon.crossEntropy(handleOf(x), handleOf(target), handleOf(out));
  },

  crossEntropyGrad(x, target, grad, out, ignoreIndex) {
    const at = packRows(x, ignoreIndex);
    packContiguous(packContiguous(packContiguous(packContiguous(at, x), target), grad), out);
    return addon.crossEntropyGrad(handleOf(x), handleOf(target), handleOf(grad), handleOf(out));
  },

  gather(x, dim, index, out) {
    const ndim = out.shape.length;
    const at = packIndexed(0, out.shape, dim, x.shape[dim]);
    packOperand(packOperand(packOperand(at, x, ndim), index, ndim), out, ndim);
    return addon.gather(handleOf(x), handleOf(index), handleOf(out));
  },

  scatter(op, out, dim, index, src) {
    const ndim = src.shape.length;
    block[0] = SCATTER_CODES[op];
    const at = packIndexed(1, src.shape, dim, out.shape[dim]);
    packOperand(packOperand(packOperand(at, out, ndim), index, ndim), src, ndim);
    return addon.scatter(handleOf(out), handleOf(index), handleOf(src));
  },

  indexSelect(x, dim, index, out) {
    const ndim = out.shape.length;
    const at = packIndexed(0, out.shape, dim, x.shape[dim]);
    packOperand(packSliceIndex(packOperand(at, x, ndim), index, dim, ndim), out, ndim);
    const bad = addon.gather(handleOf(x), handleOf(index), handleOf(out));
    return badSlice(bad, index, dim, x.shape[dim], out);
  },

  scatterSlices(op, out, dim, index, src) {
    const ndim = src.shape.length;
    block[0] = SCATTER_CODES[op];
    const at = packIndexed(1, src.shape, dim, out.shape[dim]);
    packOperand(packSliceIndex(packOperand(at, out, ndim), index, dim, ndim), src, ndim);
    const bad = addon.scatter(handleOf(out), handleOf(index), handleOf(src));
    return badSlice(bad, index, dim, out.shape[dim], src);
  },

  ...linalgKernels(() => addon, handlesOf),
  indexOffsets(index, out, size, stride, adds) {
    block[0] = adds ? 1 : 0;
    block[1] = size;
    block[2] = stride;
    const at = packShape(3, out.shape);
    packOperand(packOperand(at, index, out.shape.length), out, out.shape.length);
    return addon.indexOffsets(handleOf(index), handleOf(out));
  },

  random(kind, out, key, counter, a, b) {
    block[0] = RANDOM_CODES[kind];
    block[1] = out.size;
    block[2] = key[0];
    block[3] = key[1];
    block[4] = counter;
    block[5] = a;
    block[6] = b;
    packContiguous(7, out);
    addon.random(handleOf(out));
  },

  adam(param, grad, m, v, most, { lr, beta1, beta2, eps, weightDecay, step, maximize, decoupled }) {
    block[0] = param.size;
    block[1] = lr;
    block[2] = beta1;
    block[3] = beta2;
    block[4] = eps;
    block[5] = weightDecay;
    block[6] = step;
    block[7] = maximize ? 1 : 0;
    block[8] = decoupled ? 1 : 0;
    block[9] = most === null ? 0 : 1;
    const at = packContiguous(packContiguous(packContiguous(packContiguous(10, param), grad), m), v);
    if (most === null) {
      addon.adam(handleOf(param), handleOf(grad), handleOf(m), handleOf(v));
    } else {
      packContiguous(at, most);
      addon.adam(handleOf(param), handleOf(grad), handleOf(m), handleOf(v), handleOf(most));
    }
  },

  descend(rule, param, grad, states, { maximize, weightDecay, shrink, coefficients }) {
    block[0] = DESCENT_CODES[rule];
    block[1] = param.size;
    block[2] = maximize ? 1 : 0;
    block[3] = weightDecay;
    block[4] = shrink;
    for (let i = 0; i < MAX_COEFFICIENTS; i++) block[5 + i] = coefficients[i] ?? 0;
    let at = 5 + MAX_COEFFICIENTS;
    for (let i = 0; i < MAX_STATES; i++) block[at++] = (states[i] ?? null) === null ? 0 : 1;
    at = packContiguous(packContiguous(at, param), grad);
    for (const state of states) if (state !== null) at = packContiguous(at, state);
    addon.descend(handleOf(param), handleOf(grad), ...handlesOf(...states));
  },

  sgd(param, grad, buffer, { lr, momentum, dampening, weightDecay, nesterov, maximize, first }) {
    block[0] = param.size;
    block[1] = lr;
    block[2] = momentum;
    block[3] = dampening;
    block[4] = weightDecay;
    block[5] = nesterov ? 1 : 0;
    block[6] = maximize ? 1 : 0;
    block[7] = first ? 1 : 0;
    block[8] = buffer === null ? 0 : 1;
    const at = packContiguous(packContiguous(9, param), grad);
    if (buffer === null) {
      addon.sgd(handleOf(param), handleOf(grad));
    } else {
      packContiguous(at, buffer);
      addon.sgd(handleOf(param), handleOf(grad), handleOf(buffer));
    }
  },

  allocate,
  setNumThreads(count) {
    if (!Number.isInteger(count) || count < 1)
      rangeError('setNumThreads', `expected a whole number from 1, got ${describe(count)}`);
    addon.setNumThreads(count);
  },
  limitThreads(count) {
    addon.limitThreads(count);
  },
  getNumThreads: () => addon.getNumThreads(),
};

/** The addon knows ops by their position in lists of its own: a different list would compute something else. */
function checkCodes({ ops }: Addon): void {
  const lists: Record<string, readonly string[]> = {
    dtypes: DTYPES satisfies readonly DType[],
    unary: UNARY,
    binary: BINARY,
    compare: COMPARE,
    reduce: REDUCE,
    scatter: SCATTER,
    scan: SCAN,
    random: RANDOM,
    descent: DESCENT,
  };
  for (const [name, list] of Object.entries(lists))
    if (String(ops[name]) !== String(list))
      throw new Error(
        `it was built from other sources: it knows ${name} as ${String(ops[name])}, expected ${list.join()}`,
      );
}

let loaded: { readonly path: string } | { readonly error: Error } | null = null;

function load(): { readonly path: string } | { readonly error: Error } {
  let path: string | undefined;
  try {
    const require = createRequire(import.meta.url);
    const { resolve } = require('node-gyp-build') as { readonly resolve: (root: string) => string };
    path = resolve(ROOT);
    const candidate = require(path) as Addon;
    checkCodes(candidate);
    addon = candidate;
    useBlock(candidate.block);
    return { path };
  } catch (error) {
    return { error: explainLoadError(error as Error, ROOT, path) };
  }
}

function ensureLoaded(): { readonly path: string } {
  loaded ??= load();
  if ('error' in loaded) throw loaded.error;
  return loaded;
}

/** Seconds that BLAS itself takes for a product (m, k) @ (k, n) in float32, on one thread: for `mgp bench`. */
export function timeGemm(m: number, n: number, k: number, times: number): number {
  ensureLoaded();
  return addon.timeGemm(m, n, k, times);
}

/** Seconds that adding up so many float32 numbers takes on one thread, in memory of the addon's: for `mgp bench`. */
export function timeTriad(count: number, times: number): number {
  ensureLoaded();
  return addon.timeTriad(count, times);
}

/**
 * The backend that runs on the addon.
 * @throws Error that names the cause and the cure when the addon cannot be loaded; its `cause` is the original error
 */
export function loadNative(): Backend {
  ensureLoaded();
  return native;
}

/**
 * Facts about the addon.
 * @throws as {@link loadNative}
 */
export function nativeInfo(): NativeInfo {
  const { path } = ensureLoaded();
  return {
    path,
    version: addon.version,
    blas: {
      core: addon.blasCore,
      config: addon.blasConfig,
      lapack: addon.hasLapack,
      threading: addon.blasThreading,
    },
    isa: addon.isa,
    threads: addon.getNumThreads(),
  };
}
