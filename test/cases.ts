import { classes, distinct, index, nonzero, positive, real, truth } from './support/inputs.js';
import * as oracle from './support/oracle.js';
import {
  at,
  build,
  over,
  permuted,
  picked,
  reshaped,
  scattered,
  toNd,
  total,
  zip,
  type Nd,
} from './support/oracle.js';
import {
  always,
  binary,
  meeting,
  same,
  floats,
  floatsOnly,
  numbers,
  row,
  unary,
  type DTypeRule,
  type OpName,
  type Row,
} from './support/row.js';

/*
 * The table of ops: one row each. A row names the op, says what it should give, and lists the arguments to try it with;
 * an `Input` (`real(2, 3)`) stands for a tensor of that shape and domain. From it the suites check, on every backend:
 * forward against the oracle and against the twin; first and second derivatives against finite differences; dtypes;
 * transposed, strided and expanded memory; changes in place; tidy; and the method of the same name.
 */

/** Exports of `lib/ops` that have no row, and why. */
export const WITHOUT_ROW: Partial<Record<OpName, string>> = {
  arange: 'creates', // test/tensor.test.ts
  eye: 'creates',
  fromArray: 'creates',
  full: 'creates',
  linspace: 'creates',
  ones: 'creates',
  rand: 'creates',
  randint: 'creates',
  randn: 'creates',
  tensor: 'creates',
  zeros: 'creates',
  dropout: 'random', // test/layers.test.ts
  add_: 'changes in place, outside the graph', // test/inplace.test.ts
  copy_: 'changes in place, outside the graph',
  div_: 'changes in place, outside the graph',
  fill_: 'changes in place, outside the graph',
  mul_: 'changes in place, outside the graph',
  sub_: 'changes in place, outside the graph',
  zero_: 'changes in place, outside the graph',
  detectAnomaly: 'a mode, not an op', // test/anomaly.test.ts
};

/** Small integers are counted in int32. */
const counted: DTypeRule = (dtype) => (dtype === 'bool' || dtype === 'uint8' ? 'int32' : dtype);
const bools = { dtypes: always('bool'), gradient: 'none' } as const;
const ints = { dtypes: always('int32'), gradient: 'none' } as const;

const largest = over((values) => Math.max(...values));
const smallest = over((values) => Math.min(...values));
const firstOf = (best: (...values: number[]) => number) => over((values) => values.indexOf(best(...values)));
/** `max(x, dim)` gives values and positions, `max(x)` and `max(x, [dims])` values alone. */
const extremum = (best: (...values: number[]) => number) => (x: Nd, dim?: oracle.Dims, keepdim?: boolean) => {
  const values = over((all) => best(...all))(x, dim, keepdim);
  return typeof dim === 'number' ? [values, firstOf(best)(x, dim, keepdim)] : values;
};

const alongDims = (input: (...shape: number[]) => ReturnType<typeof real>) => [
  [input(2, 3, 4)],
  [input(2, 3, 4), 1],
  [input(2, 3, 4), -1, true],
  [input(2, 3), 0],
  [input(5)],
  [input()],
  [input(), 0],
  [input(2, 0, 3), 2],
  [input(3, 1), 1],
];
const overDims = (input: (...shape: number[]) => ReturnType<typeof real>) => [
  ...alongDims(input),
  [input(2, 3, 4), [0, 2]],
  [input(2, 3, 4), [-1, 0], { keepdim: true }],
  [input(2, 3), null, true],
  [input(2, 3), []],
];
/** Over nothing: fine for sums. */
const overNothing = [[real(0)], [real(2, 0, 3)], [real(2, 0, 3), 1], [real(0, 2), [0], true]];

const squares = (input: Nd, target: Nd, options: { reduction?: string } = {}): Nd => {
  const losses = zip((x, y) => (x - y) ** 2)(input, target);
  if (options.reduction === 'none') return losses;
  return toNd(total(losses.data) / (options.reduction === 'sum' ? 1 : losses.data.length));
};

function crossEntropy(x: Nd, target: Nd, options: { reduction?: string; ignoreIndex?: number } = {}): Nd {
  const ignore = options.ignoreIndex ?? -100;
  const logs = oracle.along((values) => oracle.softmax(values).map(Math.log))(
    x,
    x.shape.length === 1 ? 0 : 1,
  );
  const losses = build(target.shape, (i) => {
    const label = at(target, i);
    return label === ignore ? 0 : -at(logs, x.shape.length === 1 ? [label] : [i[0], label, ...i.slice(1)]);
  });
  if (options.reduction === 'none') return losses;
  const count = target.data.filter((label) => label !== ignore).length;
  return toNd(total(losses.data) / (options.reduction === 'sum' ? 1 : count));
}

const range = (from: number, to: number, step = 1): number[] =>
  Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => from + i * step);
const swapped = (x: Nd, a: number, b: number): Nd => {
  const order = x.shape.map((_, dim) => dim);
  [order[a < 0 ? a + order.length : a], order[b < 0 ? b + order.length : b]] = [order.at(b)!, order.at(a)!];
  return permuted(x, order);
};
const swaps = [
  [real(2, 3), 0, 1],
  [real(2, 3, 4), -1, 0],
  [real(2, 3), 1, 1],
  [real(2, 0), 0, 1],
];

/** The rows of an array whose first axis is `dim`. */
const cat = (xs: readonly Nd[], dim = 0): Nd => {
  const d = dim < 0 ? dim + xs[0].shape.length : dim;
  const shape = xs[0].shape.with(d, total(xs.map((x) => x.shape[d])));
  return build(shape, (i) => {
    let n = i[d];
    const x = xs.find((one) => n < one.shape[d] || ((n -= one.shape[d]), false)) as Nd;
    return at(x, i.with(d, n));
  });
};
const unsqueeze = (x: Nd, dim: number): Nd =>
  reshaped(x, x.shape.toSpliced(dim < 0 ? dim + x.shape.length + 1 : dim, 0, 1));
const squeeze = (x: Nd, dim?: number | readonly number[]): Nd => {
  const dims =
    dim === undefined ? x.shape.map((_, d) => d) : [dim].flat().map((d) => (d < 0 ? d + x.shape.length : d));
  return reshaped(
    x,
    x.shape.filter((size, d) => size !== 1 || !dims.includes(d)),
  );
};

export const ROWS: readonly Row[] = [
  // One number.
  unary('neg', real, (x) => -x, { dtypes: numbers }),
  unary('abs', nonzero, Math.abs, { dtypes: numbers }),
  unary('sign', nonzero, Math.sign, { dtypes: numbers }),
  unary('square', real, (x) => x * x, { dtypes: numbers }),
  unary('relu', nonzero, (x) => Math.max(x, 0), { dtypes: numbers }),
  unary('exp', real, Math.exp),
  unary('log', positive, Math.log),
  unary('sqrt', positive, Math.sqrt),
  unary('reciprocal', nonzero, (x) => 1 / x),
  unary('tanh', real, Math.tanh),
  unary('sigmoid', real, (x) => 1 / (1 + Math.exp(-x))),
  unary('erf', real, oracle.erf),
  unary('silu', real, (x) => x / (1 + Math.exp(-x))),
  unary('logicalNot', real, (x) => Number(x === 0), bools),

  row('gelu', { oracle: (x: Nd, { approximate = 'none' }: { approximate?: string } = {}) => zip((v) => (v / 2) * (1 + (approximate === 'tanh' ? Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)) : oracle.erf(v / Math.SQRT2))))(x), dtypes: floats },
    [real(2, 3)], [real()], [real(2, 0)], [real(3, 1, 2), { approximate: 'none' }], [real(2, 3), { approximate: 'tanh' }], [real(), { approximate: 'tanh' }], [real(0), { approximate: 'tanh' }]),

  // Two numbers.
  binary('add', [real, real], (a, b) => a + b),
  binary('sub', [real, real], (a, b) => a - b, { dtypes: numbers }),
  binary('mul', [real, real], (a, b) => a * b),
  binary('div', [real, nonzero], (a, b) => a / b, { dtypes: floats }),
  binary('pow', [positive, real], (a, b) => a ** b, { dtypes: floats }),
  binary('maximum', [real, real], Math.max),
  binary('minimum', [real, real], Math.min),
  binary('eq', [real, real], (a, b) => Number(a === b), bools),
  binary('ne', [real, real], (a, b) => Number(a !== b), bools),
  binary('lt', [real, real], (a, b) => Number(a < b), bools),
  binary('le', [real, real], (a, b) => Number(a <= b), bools),
  binary('gt', [real, real], (a, b) => Number(a > b), bools),
  binary('ge', [real, real], (a, b) => Number(a >= b), bools),
  row('where', { oracle: zip((c, a, b) => (c ? a : b)), dtypes: meeting(same) },
    [truth(2, 3), real(2, 3), real(2, 3)], [truth(3), real(2, 1), real()], [truth(2, 1, 3), real(4, 1), real(3)],
    [truth(), real(2), real(2)], [truth(2, 3), real(3), 0], [truth(2), 1, real(3, 1)], [truth(0), real(1), real(0)]),

  // Many numbers to one.
  row('sum', { oracle: over(total), dtypes: counted }, ...overDims(real), ...overNothing),
  row('mean', { oracle: over((all) => total(all) / all.length), dtypes: floatsOnly }, ...overDims(real), ...overNothing),
  row('amax', { oracle: largest }, ...overDims(distinct)),
  row('amin', { oracle: smallest }, ...overDims(distinct)),
  row('max', { oracle: extremum(Math.max) }, ...overDims(distinct)),
  row('min', { oracle: extremum(Math.min) }, ...overDims(distinct)),
  row('argmax', { oracle: firstOf(Math.max), ...ints }, ...alongDims(distinct), [real(2, 3), null, true]),
  row('argmin', { oracle: firstOf(Math.min), ...ints }, ...alongDims(distinct), [real(2, 3), null, true]),

  // Shape.
  row('clone', { oracle: (x: Nd) => x }, [real(2, 3)], [real()], [real(0, 2)]),
  row('contiguous', { oracle: (x: Nd) => x }, [real(2, 3)], [real()], [real(0, 2)]),
  row('zerosLike', { oracle: zip(() => 0), gradient: 'none' }, [real(2, 3)], [real()], [real(0, 2)]),
  row('expand', { oracle: (x: Nd, shape: number[]) => build(shape.map((size, i) => size < 0 ? x.shape[i - shape.length + x.shape.length] : size), (i) => at(x, i)) },
    [real(3), [2, 3]], [real(2, 1, 3), [2, 4, 3]], [real(), [2, 2]], [real(1, 3), [4, 1, -1]], [real(1), [0]], [real(2), [2]]),
  row('unbroadcast', { dtypes: counted, oracle: (x: Nd, shape: number[]) => scattered(build(shape, () => 0), x, (i) => i) },
    [real(4, 3), [3]], [real(4, 3), [1, 3]], [real(2, 4, 3), [4, 1]], [real(2, 3), []], [real(2, 3), [1, 1]], [real(0, 3), [3]]),
  row('reshape', { oracle: reshaped },
    [real(2, 3), [3, 2]], [real(2, 3, 4), [6, -1]], [real(2, 3, 4), [2, 12]], [real(4, 2, 3), [2, 2, 1, 6]], [real(), [1, 1]],
    [real(1), []], [real(0, 3), [3, 0]], [real(2, 1, 3), [2, 3]]),
  row('permute', { oracle: permuted }, [real(2, 3, 4), [2, 0, 1]], [real(2, 3), [-1, 0]], [real(), []], [real(0, 2), [1, 0]]),
  row('transpose', { oracle: swapped }, ...swaps),
  row('swapaxes', { oracle: swapped }, ...swaps),
  row('squeeze', { oracle: squeeze }, [real(2, 1, 3, 1)], [real(2, 1, 1), 1], [real(2, 1, 1), [1, -1]], [real(2, 3), 0], [real()], [real(2, 1), []]),
  row('unsqueeze', { oracle: unsqueeze }, [real(2, 3), 1], [real(2, 3), -1], [real(2, 3), 0], [real(), 0], [real(0), 1]),
  row('flatten', { oracle: (x: Nd, start = 0, end = -1) => reshaped(x, x.shape.length === 0 ? [1] : [...x.shape.slice(0, start), oracle.product(x.shape.slice(start, end + 1 || undefined)), ...(end === -1 ? [] : x.shape.slice(end + 1))]) },
    [real(2, 3, 4)], [real(2, 3, 4), 1], [real(2, 3, 4), 0, 1], [real()], [real(2, 0)]),
  row('slice', { oracle: (x: Nd, dim: number, start: number | null = null, end: number | null = null, step = 1) => {
    const all = range(0, x.shape.at(dim)!);
    return picked(x, dim, all.slice(start ?? 0, end ?? undefined).filter((_, n) => n % step === 0));
  } },
    [real(5, 2), 0, 1, 4], [real(2, 7), 1, null, null, 3], [real(6), 0, -4, -1], [real(3, 5), -1, 1, 100, 2], [real(4), 0, 3, 1],
    [real(4), 0, 9], [real(2, 3), 1], [real(0, 3), 0]),
  row('narrow', { oracle: (x: Nd, dim: number, start: number, length: number) => picked(x, dim, range(0, x.shape.at(dim)!).slice(start, start + length || undefined).slice(0, length)) },
    [real(5, 2), 0, 1, 3], [real(2, 4), -1, -3, 2], [real(3), 0, 3, 0], [real(3), 0, 0, 3]),
  row('select', { oracle: (x: Nd, dim: number, n: number) => { const one = picked(x, dim, [n < 0 ? n + x.shape.at(dim)! : n]); return reshaped(one, one.shape.toSpliced(dim, 1)); } },
    [real(3, 2), 0, 1], [real(2, 3, 4), -1, -1], [real(3), 0, 0]),
  row('cat', { oracle: cat }, [[real(2, 3), real(1, 3)]], [[real(2, 3), real(2, 2), real(2, 1)], 1], [[real(2)]], [[real(0, 2), real(2, 2)], -2]),
  row('stack', { oracle: (xs: Nd[], dim = 0) => cat(xs.map((x) => unsqueeze(x, dim < 0 ? dim + x.shape.length + 1 : dim)), dim) },
    [[real(2, 3), real(2, 3)]], [[real(2), real(2), real(2)], -1], [[real(), real()]], [[real(0)], 1]),

  // Picking and putting.
  row('gather', { oracle: (x: Nd, dim: number, where: Nd) => build(where.shape, (i) => x.shape.length ? at(x, i.with(dim, at(where, i))) : x.data[0]) },
    [real(3, 4), 1, index(4, 3, 2)], [real(3, 4), 0, index(3, 5, 2)], [real(4), -1, index(4, 6)], [real(), 0, index(1)], [real(2, 3), 1, index(3, 2, 0)]),
  row('scatterAdd', { oracle: (x: Nd, dim: number, where: Nd, src: Nd) => scattered(x, src, (i) => x.shape.length ? i.with(dim, at(where, i)) : [], where.shape) },
    [real(3, 4), 1, index(4, 3, 2), real(3, 2)], [real(3, 4), 0, index(3, 5, 2), real(6, 3)], [real(4), -1, index(4, 6), real(6)],
    [real(), 0, index(1), real()], [real(2, 3), 1, index(3, 2, 0), real(2, 1)]),
  row('indexSelect', { oracle: (x: Nd, dim: number, where: Nd) => x.shape.length ? picked(x, dim, where.data) : x },
    [real(3, 4), 0, index(3, 5)], [real(3, 4), -1, index(4, 2)], [real(4), 0, index(4)], [real(), 0, index(1, 1)], [real(2, 3), 1, index(3, 0)]),
  row('indexAdd', { oracle: (x: Nd, dim: number, where: Nd, src: Nd) => scattered(x, src, (i) => (x.shape.length ? i.with(dim, where.data[i.at(dim)!]) : [])) },
    [real(3, 4), 0, index(3, 5), real(5, 4)], [real(3, 4), -1, index(4, 2), real(3, 2)], [real(4), 0, index(4), real(1)],
    [real(), 0, index(1, 1), real()], [real(2, 3), 1, index(3, 0), real(2, 0)]),

  // Products and convolutions.
  row('matmul', { oracle: oracle.matmul, dtypes: floatsOnly },
    [real(2, 3), real(3, 4)], [real(3), real(3)], [real(3), real(3, 2)], [real(2, 3), real(3)], [real(2, 2, 3), real(3, 2)],
    [real(2, 3), real(4, 3, 2)], [real(3, 1, 2, 3), real(2, 3, 2)], [real(2, 2, 3), real(3)], [real(3), real(2, 3, 2)], [real(1, 3), real(3, 1)],
    [real(1, 1), real(1, 1)], [real(0, 3), real(3, 2)], [real(2, 0), real(0, 3)], [real(0, 2, 3), real(3, 2)], [real(2, 2, 3), real(1, 3, 2)]),
  row('linear', { oracle: (x: Nd, w: Nd, b?: Nd | null) => { const y = oracle.matmul(x, permuted(w, [1, 0])); return b ? zip((p, q) => p + q)(y, b) : y; }, dtypes: floatsOnly },
    [real(2, 3), real(4, 3), real(4)], [real(2, 3), real(4, 3)], [real(3), real(2, 3), real(2)], [real(2, 2, 3), real(2, 3), null],
    [real(0, 3), real(2, 3), real(2)], [real(2, 0), real(3, 0), real(3)], [real(1, 3), real(1, 3), real(1)]),
  row('im2col', { oracle: oracle.im2col, dtypes: floatsOnly },
    [real(2, 2, 4, 3), 2], [real(1, 2, 5, 4), [3, 2], { stride: [2, 1], padding: 1 }], [real(1, 1, 5, 5), 2, { dilation: 2, stride: 2 }], [real(0, 1, 3, 3), 2]),
  row('col2im', { oracle: oracle.col2im, dtypes: floatsOnly },
    [real(2, 8, 6), [4, 3], 2], [real(1, 12, 15), [5, 4], [3, 2], { stride: [2, 1], padding: 1 }], [real(1, 4, 4), 5, 2, { dilation: 2, stride: 2 }], [real(0, 4, 4), 3, 2]),
  row('conv2d', { oracle: oracle.conv2d, dtypes: floatsOnly },
    // Nothing to multiply comes first: before any kernel has asked for scratch memory.
    [real(1, 0, 3, 3), real(2, 0, 2, 2), real(2)], [real(2, 0, 3, 3), real(2, 0, 1, 1), null], [real(1, 2, 3, 3), real(0, 2, 2, 2), real(0)],
    [real(2, 2, 4, 3), real(3, 2, 2, 2), real(3)], [real(1, 1, 5, 4), real(2, 1, 3, 3), null, { stride: 2, padding: 1 }],
    [real(1, 4, 3, 3), real(4, 2, 2, 2), real(4), { groups: 2 }], [real(1, 2, 4, 4), real(4, 1, 3, 2), null, { groups: 2, padding: [2, 0], stride: [1, 2] }],
    [real(1, 1, 6, 5), real(1, 1, 2, 2), real(1), { dilation: [3, 2] }], [real(3, 3, 3), real(2, 3, 2, 2), real(2)], [real(0, 2, 3, 3), real(1, 2, 2, 2), real(1)],
    [real(2, 2, 2, 2), real(2, 2, 1, 1)], [real(1, 1, 3, 3), real(1, 1, 2, 2), null, { stride: 5, padding: [0, 2] }],
    // Vectors of images.
    [real(8, 1, 2, 2), real(1, 1, 2, 2), real(1), { padding: 1 }], [real(9, 2, 3, 2), real(2, 1, 2, 1), real(2), { groups: 2, stride: [2, 1] }],
    [real(10, 1, 2, 1), real(2, 1, 1, 1), null, { padding: [2, 1], stride: 2 }], [real(8, 1, 3, 3), real(1, 1, 2, 2), null, { dilation: 2, padding: 1 }]),

  row('maxPool2d', { oracle: oracle.maxPool2d, dtypes: floatsOnly },
    [distinct(2, 2, 4, 4), 2], [distinct(1, 2, 5, 6), [3, 2], { stride: [1, 2], padding: 1 }], [distinct(2, 1, 5, 5), 2, { dilation: [2, 3] }],
    [distinct(1, 2, 5, 4), 2, { ceilMode: true, returnIndices: true }], [distinct(2, 5, 3), 3, { stride: 1, padding: [0, 1], returnIndices: true }],
    [distinct(3, 2, 7, 5), 3, { stride: 2, padding: 1, ceilMode: true }], [distinct(0, 2, 4, 4), 2], [distinct(1, 1, 1, 1), 1]),
  row('batchNorm', { oracle: oracle.batchNorm, dtypes: floatsOnly },
    [distinct(2, 3, 2, 2), null, null, real(3), real(3), { training: true }], [distinct(4, 3), null, null, real(3), null, { training: true, eps: 0.01 }],
    [distinct(2, 2, 3), null, null, null, null, { training: true }], [distinct(3, 2, 2, 2), null, null, null, real(2), { training: true, momentum: 0 }],
    [real(2, 3, 2, 2), real(3), positive(3), real(3), real(3)], [real(2, 3), real(3), positive(3)], [real(2, 2, 3), real(2), positive(2), null, real(2), { eps: 0.1 }],
    [real(0, 2, 3, 3), real(2), positive(2), real(2)], [real(3, 0), real(0), positive(0), real(0), real(0)]),
  row('layerNorm', { oracle: oracle.layerNorm, dtypes: floatsOnly },
    [distinct(2, 3, 4), 4, real(4), real(4)], [distinct(3, 2, 3), [2, 3], real(2, 3), null], [distinct(5), 5, null, real(5), { eps: 0.1 }],
    [distinct(2, 2), 2], [distinct(4, 33), [33], real(33), real(33)], [real(0, 3), 3, real(3), real(3)], [real(2, 0), 0, real(0)]),
  row('embedding', { oracle: (index: Nd, weight: Nd) => build([...index.shape, weight.shape[1]], (i) => at(weight, [at(index, i.slice(0, -1)), i.at(-1)!])), dtypes: floatsOnly },
    [index(4, 2, 3), real(4, 2)], [index(3, 5), real(3, 1)], [index(2), real(2, 3)], [index(2, 0), real(2, 3)], [index(2, 3), real(2, 0)],
    [index(3, 4), real(4, 2), { paddingIdx: -1 }]),

  // Probabilities and losses.
  row('softmax', { oracle: oracle.along(oracle.softmax), dtypes: floats }, [real(2, 3), 1], [real(2, 3, 2), 1], [real(3, 2), 0], [real(4), -1], [real(), 0], [real(0, 3), 1], [real(2, 0), 1]),
  row('logSoftmax', { oracle: oracle.along((v) => oracle.softmax(v).map(Math.log)), dtypes: floats }, [real(2, 3), 1], [real(2, 3, 2), 1], [real(3, 2), 0], [real(4), -1], [real(), 0], [real(0, 3), 1], [real(2, 0), 1]),
  row('scaledDotProductAttention', { oracle: oracle.attention, dtypes: floatsOnly },
    [real(2, 2, 3, 4), real(2, 2, 5, 4), real(2, 2, 5, 3)], [real(3, 2), real(3, 2), real(3, 2), { isCausal: true }], [real(2, 3, 2), real(2, 4, 2), real(2, 4, 1), { scale: 0.3, isCausal: true }],
    [real(4, 2), real(2, 2), real(2, 3), { isCausal: true }], [real(2, 1, 2, 3), real(3, 2, 3), real(1, 2, 2)], [real(2, 1, 2, 2, 2), real(3, 1, 2, 2), real(2, 2, 2)],
    [real(1, 1), real(1, 1), real(1, 1)], [real(0, 2, 2), real(0, 3, 2), real(0, 3, 2)], [real(2, 0, 2), real(2, 3, 2), real(2, 3, 2)],
    [real(2, 2), real(0, 2), real(0, 3)], [real(2, 0), real(3, 0), real(3, 2)], [real(2, 3), real(3, 3), real(3, 0)]),
  row('crossEntropy', { oracle: crossEntropy, dtypes: floats },
    [real(3, 4), index(4, 3)], [real(3, 4), index(4, 3), { reduction: 'sum' }], [real(3, 4), index(4, 3), { reduction: 'none' }], [real(4), index(4)],
    [real(2, 3, 2), index(3, 2, 2)], [real(4, 3), classes(1, -100, 2, -100)], [real(3, 3), classes(0, 2, 1), { ignoreIndex: 2 }],
    [real(2, 3, 1, 2), index(3, 2, 1, 2), { reduction: 'none' }], [real(2, 1), index(1, 2)]),
  row('mseLoss', { oracle: squares, dtypes: floats }, [real(2, 3), real(2, 3)], [real(2, 3), real(2, 3), { reduction: 'sum' }], [real(3), real(3), { reduction: 'none' }], [real(), real()]),
]; // prettier-ignore
