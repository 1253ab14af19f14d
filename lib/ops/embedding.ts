import { backend } from '../backend/select.js';
import { isFloat } from '../dtype.js';
import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { readArgs, type Rest } from './arguments.js';
import { contiguous, reshape } from './broadcast.js';
import { checkIndices } from './indexing-place.js';
import { indexAdd } from './indexing-slices.js';
import { ne, where } from './pointwise.js';
import { cast, track } from './primitive.js';

/**
 * The rows of `weight` that `index` names: a vector for each number.
 * Shapes: index (…) of int32, weight (V, D) → (…, D).
 * Gradient: each `g` added to the row it came from; nothing to the row `paddingIdx`.
 * The two operands may come in the other order too: their dtypes tell them apart.
 * @param rest `paddingIdx`: a row that is not learned; negative ones count from the end. Default none.
 * @throws RangeError when an index is out of range; TypeError when it is not int32; ShapeError when weight is not 2-D.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
 */
export function embedding(
  index: Tensor,
  weight: Tensor,
  ...rest: Rest<[paddingIdx: number | null], { readonly paddingIdx?: number | null }>
): Tensor {
  const { indices, table } = inOrder('embedding', index, weight);
  const { paddingIdx } = readArgs<{ paddingIdx?: number | null }>('embedding', rest, ['paddingIdx']);
  const [count, width] = table.shape;
  const padding = readPaddingIdx('embedding', paddingIdx, count);

  const flat = contiguous(reshape(indices, [indices.size]));
  const rows = rowsOf('embedding', table, flat, padding);
  return reshape(rows, [...indices.shape, width]);
}

/** The rows that `flat` names; `padding` is one that gets no gradient. */
export function rowsOf(op: string, table: Tensor, flat: Tensor, padding: number | null = null): Tensor {
  const out = empty([flat.size, table.shape[1]], table.dtype);
  checkIndices(op, backend.indexSelect(table, 0, flat, out), flat, table.shape[0]);
  return track('embedding', out, [table], [flat], (g) => [
    () => {
      const learned = padding === null ? g : where(reshape(ne(flat, padding), [flat.size, 1]), g, 0);
      return indexAdd(empty(table.shape, g.dtype, true), 0, flat, learned);
    },
  ]);
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
