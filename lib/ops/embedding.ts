import { backend } from '../backend/select.js';
import { isFloat } from '../dtype.js';
import { checkBoolean, describe, rangeError, shapeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { formatShape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { checkNumber, readArgs, type Rest } from './arguments.js';
import { contiguous, reshape } from './broadcast.js';
import { checkIndices } from './indexing-place.js';
import { indexAdd, indexSelect } from './indexing-slices.js';
import { checkWritable } from './inplace.js';
import { div, ne, where } from './pointwise.js';
import { cast, track } from './primitive.js';
import { renorm } from './renorm.js';

/**
 * What all lookups of rows take by name.
 * @inline
 */
export interface LookupOptions {
  /** A row that is not learned; negative ones count from the end. Default none. */
  readonly paddingIdx?: number | null;
  /** The longest that rows may be: those looked up that are longer are made shorter, in `weight` itself. Default none. */
  readonly maxNorm?: number | null;
  /** Which norm says how long a row is. Default 2. */
  readonly normType?: number;
  /** Whether each row's gradient is divided by how often the row is looked up. Default false. */
  readonly scaleGradByFreq?: boolean;
  /** Gradients are dense: nothing but false, the default. */
  readonly sparse?: false;
}

/** What {@link embedding} takes by name. */
export type EmbeddingOptions = LookupOptions;

const NAMES = ['paddingIdx', 'maxNorm', 'normType', 'scaleGradByFreq', 'sparse'] as const;

/**
 * The rows of `weight` that `index` names: a vector for each number.
 * Shapes: index (…) of int32, weight (V, D) → (…, D).
 * Gradient: each `g` added to the row it came from; nothing to the row `paddingIdx`.
 * The two operands may come in the other order too: their dtypes tell them apart.
 * With `maxNorm` the rows of `weight` that are looked up and are longer are changed in place, outside the graph, before they
 * are read.
 * @param rest arguments in PyTorch's order, or by name; see {@link EmbeddingOptions}
 * @throws RangeError when an index is out of range; TypeError when it is not int32; ShapeError when weight is not 2-D.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
 */
export function embedding(
  index: Tensor,
  weight: Tensor,
  ...rest: Rest<
    [
      paddingIdx: number | null,
      maxNorm: number | null,
      normType: number,
      scaleGradByFreq: boolean,
      sparse: false,
    ],
    EmbeddingOptions
  >
): Tensor {
  const { indices, table } = inOrder('embedding', index, weight);
  const options = readArgs<EmbeddingOptions>('embedding', rest, NAMES);
  const { paddingIdx, scaleGradByFreq } = options;
  const [count, width] = table.shape;
  const padding = readPaddingIdx('embedding', paddingIdx, count);
  checkLookup('embedding', options);

  const flat = contiguous(reshape(indices, [indices.size]));
  shorten('embedding', table, flat, options);
  const rows = rowsOf('embedding', table, flat, padding, scaleGradByFreq);
  return reshape(rows, [...indices.shape, width]);
}

/** The rows that `flat` names; `padding` is one that gets no gradient. */
export function rowsOf(
  op: string,
  table: Tensor,
  flat: Tensor,
  padding: number | null = null,
  byFrequency = false,
): Tensor {
  const out = empty([flat.size, table.shape[1]], table.dtype);
  checkIndices(op, backend.indexSelect(table, 0, flat, out), flat, table.shape[0]);
  return track('embedding', out, [table], [flat], (g) => [
    () => {
      const learned = padding === null ? g : where(reshape(ne(flat, padding), [flat.size, 1]), g, 0);
      const shares = byFrequency ? div(learned, frequencies(flat, table)) : learned;
      return indexAdd(empty(table.shape, g.dtype, true), 0, flat, shares);
    },
  ]);
}

/** How often each row that `flat` names is named, as a column. */
function frequencies(flat: Tensor, table: Tensor): Tensor {
  const ones = empty([flat.size, 1], table.dtype);
  backend.fill(1, ones);
  const counts = indexAdd(empty([table.shape[0], 1], table.dtype, true), 0, flat, ones);
  return indexSelect(counts, 0, flat);
}

/** Throws unless the options that {@link shorten} and gradients go by are right. */
export function checkLookup(op: string, options: LookupOptions): void {
  const { maxNorm = null, normType = 2, scaleGradByFreq = false } = options;
  if (maxNorm !== null) {
    checkNumber(op, 'maxNorm', maxNorm);
    if (!(maxNorm >= 0)) rangeError(op, `maxNorm: expected a number from 0, got ${maxNorm}`);
  }
  checkNumber(op, 'normType', normType);
  if (!(normType > 0)) rangeError(op, `normType: expected a positive number, got ${normType}`);
  checkBoolean(op, 'scaleGradByFreq', scaleGradByFreq);
  const sparse: unknown = options.sparse ?? false;
  if (sparse !== false) typeError(op, `sparse: gradients are dense, expected false, got ${describe(sparse)}`);
}

/** Makes the rows that `flat` names no longer than `maxNorm`, in place. */
export function shorten(op: string, table: Tensor, flat: Tensor, options: LookupOptions): void {
  const { maxNorm = null, normType = 2 } = options;
  if (maxNorm === null || flat.size === 0 || table.size === 0) return;
  noGrad(() => {
    checkWritable(op, table);
    const rows = rowsOf(op, table, flat);
    // A row that is named twice is written twice, with the same numbers.
    backend.scatterSlices('set', table, 0, flat, renorm(rows, normType, 0, maxNorm));
    table.storage.version++;
  });
}

/** Indices as int32, and the table of floats that they index: told apart by their dtypes, in whichever order they come. */
export function inOrder(op: string, index: Tensor, weight: Tensor): { indices: Tensor; table: Tensor } {
  checkTensor(op, index, 'index');
  checkTensor(op, weight, 'weight');
  const swapped = isFloat(index.dtype) && (weight.dtype === 'int32' || weight.dtype === 'uint8');
  const [indices, table] = swapped ? [weight, index] : [index, weight];
  if (indices.dtype !== 'int32' && indices.dtype !== 'uint8')
    typeError(op, `index: expected an int32 tensor, got ${indices.dtype}`);
  if (!isFloat(table.dtype)) typeError(op, `weight: expected float32 or float64, got ${table.dtype}`);
  if (table.ndim !== 2) shapeError(op, `weight: expected (V, D), got ${formatShape(table.shape)}`);
  return { indices: cast(indices, 'int32'), table };
}

/** The number of the row that is not learned, counted from the front, or null. */
export function readPaddingIdx(op: string, value: unknown, count: number): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < -count || value >= count)
    rangeError(op, `paddingIdx: expected a whole number within ${count} rows, got ${describe(value)}`);
  return value < 0 ? value + count : value;
}
