import { backend } from '../backend/select.js';
import { isFloat } from '../dtype.js';
import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { contiguous, reshape } from './broadcast.js';
import { checkIndices, indexAdd } from './indexing.js';
import { ne, where } from './pointwise.js';
import { cast, checkOptions, track } from './primitive.js';

/**
 * The rows of `weight` that `index` names: a vector for each number.
 * Shapes: index (…) of int32, weight (V, D) → (…, D).
 * Gradient: each `g` added to the row it came from; nothing to the row `paddingIdx`.
 * @param options `paddingIdx`: a row that is not learned; negative ones count from the end. Default none.
 * @throws RangeError when an index is out of range; TypeError when it is not int32; ShapeError when weight is not 2-D.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
 */
export function embedding(
  index: Tensor,
  weight: Tensor,
  options: { readonly paddingIdx?: number | null } = {},
): Tensor {
  checkTensor('embedding', index, 'index');
  checkTensor('embedding', weight, 'weight');
  if (index.dtype !== 'int32' && index.dtype !== 'uint8')
    typeError('embedding', `index: expected an int32 tensor, got ${index.dtype}`);
  if (!isFloat(weight.dtype))
    typeError('embedding', `weight: expected float32 or float64, got ${weight.dtype}`);
  if (weight.ndim !== 2) shapeError('embedding', `weight: expected (V, D), got ${formatShape(weight.shape)}`);
  checkOptions('embedding', options, ['paddingIdx']);
  const [count, width] = weight.shape;
  const padding = readPaddingIdx('embedding', options.paddingIdx, count);

  const flat = contiguous(reshape(cast(index, 'int32'), [index.size]));
  const out = empty([index.size, width], weight.dtype);
  checkIndices('embedding', backend.indexSelect(weight, 0, flat, out), flat, count);
  const rows = track('embedding', out, [weight], [flat], (g) => [
    () => {
      const learned = padding === null ? g : where(reshape(ne(flat, padding), [index.size, 1]), g, 0);
      return indexAdd(empty(weight.shape, g.dtype, true), 0, flat, learned);
    },
  ]);
  return reshape(rows, [...index.shape, width]);
}

/** The number of the row that is not learned, counted from the front, or null. */
export function readPaddingIdx(op: string, value: unknown, count: number): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < -count || value >= count)
    rangeError(op, `paddingIdx: expected a whole number within ${count} rows, got ${describe(value)}`);
  return value < 0 ? value + count : value;
}
