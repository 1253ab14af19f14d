import { fromArray, narrow, permute, select, slice, type DType, type Tensor } from '../../lib/index.js';
import { arrayOf, isFloat } from '../../lib/dtype.js';
import { product } from './oracle.js';

/** Numbers that follow from a name, and so are the same in every run. */
export class Random {
  #state = 2166136261;

  constructor(name: string) {
    for (const char of name) this.#state = Math.imul(this.#state ^ char.charCodeAt(0), 16777619) >>> 0;
  }

  /** Uniform in [0, 1): mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  shuffle<T>(list: readonly T[]): T[] {
    const out = [...list];
    for (let i = out.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [out[i], out[j]] = [out[j], out[i]];
    }
    return out;
  }
}

/** `n` numbers that an op is to be tried with. */
type Domain = (random: Random, n: number) => number[];

/** A tensor argument of a row: its shape, and where its elements come from. */
export class Input {
  constructor(
    readonly shape: readonly number[],
    readonly domain: Domain,
    /** `number` takes the dtype under test; the others have one of their own. */
    readonly kind: 'number' | 'index' | 'bool' = 'number',
    /** Whether two elements may be the same number. */
    readonly repeats = true,
  ) {}
}

const each =
  (f: (random: Random) => number): Domain =>
  (random, n) =>
    Array.from({ length: n }, () => f(random));

/** Between -2 and 2. */
export const real = (...shape: number[]): Input =>
  new Input(
    shape,
    each((r) => r.next() * 4 - 2),
  );
/** Between -8 and 8. */
export const wide = (...shape: number[]): Input =>
  new Input(
    shape,
    each((r) => r.next() * 16 - 8),
  );
/** Between 0.4 and 2.4, for logarithms and roots. */
export const positive = (...shape: number[]): Input =>
  new Input(
    shape,
    each((r) => r.next() * 2 + 0.4),
  );
/** Between 0.4 and 2 in size, of either sign: away from the kink of relu and abs, and from division by zero. */
export const nonzero = (...shape: number[]): Input =>
  new Input(
    shape,
    each((r) => (r.next() * 1.6 + 0.4) * (r.next() < 0.5 ? -1 : 1)),
  );
/** All different, 0.3 apart: away from ties between extrema. */
export const distinct = (...shape: number[]): Input =>
  new Input(
    shape,
    (r, n) => r.shuffle(Array.from({ length: n }, (_, i) => (i - n / 2) * 0.3 + 0.1)),
    'number',
    false,
  );
/** Square matrices, far from singular, whose singular values and eigenvalues are all different. */
export const regular = (...shape: number[]): Input => {
  const n = shape[shape.length - 1];
  return new Input(
    shape,
    (r, count) =>
      Array.from({ length: count }, (_, i) => {
        const [row, column] = [Math.floor(i / n) % shape[shape.length - 2], i % n];
        return r.next() - 0.5 + (row === column ? 2 + 1.3 * row : 0);
      }),
    'number',
    false,
  );
};
/** Whole numbers from 0 to `size` - 1, as int32. */
export const index = (size: number, ...shape: number[]): Input =>
  new Input(
    shape,
    each((r) => r.below(size)),
    'index',
  );
/** Given numbers, in one dimension, as int32. */
export const classes = (...values: number[]): Input =>
  new Input([values.length], () => values, 'index', false);
/** Given numbers, as int32. */
export const whole = (shape: readonly number[], values: readonly number[]): Input =>
  new Input(shape, () => [...values], 'index', false);
/** 1 and -1, as int32. */
export const signs = (...shape: number[]): Input =>
  new Input(
    shape,
    each((r) => (r.below(2) === 0 ? -1 : 1)),
    'index',
  );
/** Between 0.1 and 0.9: probabilities. */
export const unit = (...shape: number[]): Input =>
  new Input(
    shape,
    each((r) => r.next() * 0.8 + 0.1),
  );
/** Booleans. */
export const truth = (...shape: number[]): Input =>
  new Input(
    shape,
    each((r) => r.below(2)),
    'bool',
  );

/** How the elements of an input lie in memory. */
export const LAYOUTS = ['contiguous', 'transposed', 'strided', 'gapped', 'expanded', 'mixed'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** The dtype that an input has when an op is tried with `dtype`. */
export const dtypeFor = (input: Input, dtype: DType): DType =>
  input.kind === 'number' ? dtype : input.kind === 'index' ? 'int32' : 'bool';

/** A number of the domain as an element of a dtype: integers keep the distance from 0, and are not negative in uint8. */
function asElement(value: number, dtype: DType): number {
  if (isFloat(dtype)) return value;
  if (dtype === 'bool') return value > 0.5 ? 1 : 0;
  const whole = Math.round(value * 3);
  return dtype === 'uint8' ? Math.abs(whole) : whole;
}

/** What lies in the gaps between elements: nobody may read it. */
const GAP: Record<DType, number> = { bool: 1, uint8: 77, int32: -777777, float32: NaN, float64: NaN };

/** A tensor for an input: its numbers follow from `random`, its elements lie as `layout` says. */
export function make(input: Input, dtype: DType, layout: Layout, random: Random): Tensor {
  const own = dtypeFor(input, dtype);
  const pattern = layout === 'mixed' ? random.pick(LAYOUTS.slice(0, -1)) : layout;
  const repeated = pattern === 'expanded' && input.repeats ? input.shape.findIndex((size) => size > 1) : -1;
  const shape = input.shape.map((size, dim) => (dim === repeated ? 1 : size));
  const values = input.domain(random, product(shape));
  const elements = input.kind === 'number' ? values.map((v) => asElement(v, own)) : values;
  const x = layOut(elements, shape, own, pattern);
  return repeated < 0 ? x : x.expand([...input.shape]);
}

function layOut(values: readonly number[], shape: readonly number[], dtype: DType, layout: Layout): Tensor {
  const whole = (sizes: readonly number[]): Tensor =>
    fromArray(new (arrayOf(dtype))(product(sizes)).fill(GAP[dtype]), sizes, { dtype });
  const ndim = shape.length;
  let x: Tensor;
  if (layout === 'transposed' && ndim > 1) {
    const order = shape.map((_, dim) => ndim - 1 - dim);
    x = permute(whole(shape.toReversed()), order);
  } else if (layout === 'strided' && ndim > 0) {
    x = slice(whole([...shape.slice(0, -1), 2 * shape[ndim - 1] + 1]), ndim - 1, 1, null, 2);
  } else if (layout === 'gapped' && ndim > 0) {
    x = narrow(whole([...shape.slice(0, -1), shape[ndim - 1] + 3]), ndim - 1, 2, shape[ndim - 1]);
  } else if ((layout === 'strided' || layout === 'gapped') && ndim === 0) x = select(whole([5]), 0, 3);
  else x = whole(shape);
  write(x, values);
  return x;
}

/** Writes numbers over a tensor of any strides, in row-major order. */
export function write(x: Tensor, values: readonly number[]): void {
  const { array } = x.storage;
  values.forEach((value, n) => {
    let at = x.offset;
    let rest = n;
    for (let dim = x.ndim - 1; dim >= 0; dim--) {
      at += (rest % x.shape[dim]) * x.strides[dim];
      rest = Math.floor(rest / x.shape[dim]);
    }
    array[at] = value;
  });
}
