import { backend } from '../backend/select.js';
import { checkFits } from '../dtype.js';
import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { checkInteger, checkNumber, checkOneOf, readArgs, type Rest } from './arguments.js';
import { tensor } from './create.js';
import { indexSelect } from './indexing-slices.js';
import { track } from './primitive.js';
import { viewOfRange } from './shape.js';

/** Arguments of {@link pad}, by name. */
export interface PadOptions {
  /**
   * How many elements to put in front of and behind the last dimension, then the one before it, …: two numbers for each. In
   * mode `constant`, negative ones take elements away.
   */
  readonly pad: readonly number[];
  /**
   * What is put there: `constant` (default) `value`; `reflect` what lies on the other side of the border element;
   * `replicate` the border element; `circular` what lies at the other end.
   */
  readonly mode?: PadMode;
  /** Default 0. Only for `constant`. */
  readonly value?: number | null;
}
/** What is put around a tensor: a constant, the tensor mirrored, its last element again, or its other end. */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular';

/**
 * `x` with more elements, or fewer, at the ends of its last dimensions.
 * Gradient: `g` without the padding; in the modes that repeat elements, the sum over the copies of each.
 * @throws ShapeError for more pairs than dimensions; RangeError for padding that the elements do not suffice for.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.pad.html
 */
export function pad(
  x: Tensor,
  ...args:
    | [pad: readonly number[], ...Rest<[mode: PadMode, value: number | null], Omit<PadOptions, 'pad'>>]
    | [PadOptions]
): Tensor {
  checkTensor('pad', x);
  const {
    pad: amounts,
    mode = 'constant',
    value,
  } = readArgs<PadOptions>('pad', args, ['pad', 'mode', 'value']);
  checkOneOf('pad', 'mode', mode, ['constant', 'reflect', 'replicate', 'circular']);
  const pairs = readPairs('pad', x, amounts);
  if (mode === 'constant') return padConstant('pad', x, pairs, value ?? 0);
  if (value !== undefined && value !== null && value !== 0)
    rangeError('pad', `value: only mode 'constant' has one, got ${value}`);
  return padRepeating(x, pairs, mode);
}

/** {@link pad} in mode `constant`. */
export function constantPadNd(
  x: Tensor,
  ...args:
    | [pad: readonly number[], ...Rest<[value: number], { readonly value?: number }>]
    | [{ readonly pad: readonly number[]; readonly value?: number }]
): Tensor {
  checkTensor('constantPadNd', x);
  const { pad: amounts, value = 0 } = readArgs<Omit<PadOptions, 'mode'>>('constantPadNd', args, [
    'pad',
    'value',
  ]);
  return padConstant('constantPadNd', x, readPairs('constantPadNd', x, amounts), value ?? 0);
}

type Pair = readonly [before: number, after: number];

/** For each dimension, from the first, how much goes before and after it. */
function readPairs(op: string, x: Tensor, amounts: unknown): Pair[] {
  if (!Array.isArray(amounts)) typeError(op, `pad: expected a list of numbers, got ${describe(amounts)}`);
  for (const amount of amounts as unknown[]) checkInteger(op, 'pad', amount);
  const list = amounts as number[];
  if (list.length % 2 !== 0 || list.length > 2 * x.ndim)
    shapeError(op, `pad: expected a pair for each of the last dimensions of ${formatShape(x.shape)}, got [${list.join(', ')}]`); // prettier-ignore
  return x.shape.map((_, dim): Pair => {
    const at = 2 * (x.ndim - 1 - dim);
    return [list[at] ?? 0, list[at + 1] ?? 0];
  });
}

function padConstant(op: string, x: Tensor, pairs: readonly Pair[], value: number): Tensor {
  checkNumber(op, 'value', value);
  checkFits(op, x.dtype, value);
  const shape = x.shape.map((size, dim) => size + pairs[dim][0] + pairs[dim][1]);
  const short = shape.findIndex((size) => size < 0);
  if (short >= 0)
    rangeError(op, `dim ${short} of size ${x.shape[short]} has fewer elements than are taken away: ${pairs[short].join(', ')}`); // prettier-ignore
  const isZero = Object.is(value, 0);
  const out = empty(shape, x.dtype, isZero);
  if (!isZero) backend.fill(x.dtype === 'bool' ? 1 : value, out);
  // What both hold, in `x` and in `out`. A dimension from which all is taken away holds nothing.
  const common = (whole: Tensor, sign: 1 | -1): Tensor =>
    pairs.reduce((part, [before, after], dim) => {
      const [cutBefore, cutAfter] = [Math.max(0, sign * before), Math.max(0, sign * after)];
      const length = Math.max(0, whole.shape[dim] - cutBefore - cutAfter);
      return viewOfRange(part, dim, { start: Math.min(cutBefore, whole.shape[dim]), length, step: 1 });
    }, whole);
  backend.copy(common(x, -1), common(out, 1));
  return track(op, out, [x], [], (g) => [
    () => padConstant(op, g, pairs.map(([before, after]): Pair => [-before, -after]), 0), // prettier-ignore
  ]);
}

/** Which element of a dimension comes to place `i`, counted from its first one. */
const SOURCES = {
  reflect: (i: number, size: number) => (i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i),
  replicate: (i: number, size: number) => Math.min(Math.max(i, 0), size - 1),
  circular: (i: number, size: number) => (i + size) % size,
};

/** How many elements may be put at one end of a dimension. */
const LIMITS = {
  reflect: (size: number) => Math.max(0, size - 1),
  replicate: (size: number) => (size > 0 ? Infinity : 0),
  circular: (size: number) => size,
};

function padRepeating(x: Tensor, pairs: readonly Pair[], mode: 'reflect' | 'replicate' | 'circular'): Tensor {
  const sources = pairs.flatMap(([before, after], dim) => {
    if (before === 0 && after === 0) return [];
    // What goes round is what is left when the negative ones have been taken away.
    const [cutBefore, cutAfter] = mode === 'circular' ? [Math.max(0, -before), Math.max(0, -after)] : [0, 0];
    const size = x.shape[dim] - cutBefore - cutAfter;
    if (x.shape[dim] + before + after < 0 || size < 0)
      rangeError(
        'pad',
        `dim ${dim} of size ${x.shape[dim]} has fewer elements than are taken away: ${before}, ${after}`,
      );
    const most = LIMITS[mode](size);
    if (Math.max(before, after) > most)
      rangeError(
        'pad',
        `mode '${mode}' can put at most ${most} elements next to dim ${dim} of size ${x.shape[dim]}, ` +
          `got ${before}, ${after}`,
      );
    const from = Int32Array.from(
      { length: x.shape[dim] + before + after },
      (_, i) => cutBefore + SOURCES[mode](i - before - cutBefore, size),
    );
    return [{ dim, from }];
  });
  return sources.reduce((y, { dim, from }) => indexSelect(y, dim, tensor(from)), x);
}
