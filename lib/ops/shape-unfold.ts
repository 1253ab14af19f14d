import { rangeError } from '../errors.js';
import { checkTensor, empty, type Tensor, viewOf } from '../tensor.js';
import { checkInteger, readAll, type Args } from './arguments.js';
import { reshape } from './broadcast.js';
import { tensor } from './create.js';
import { indexAdd } from './indexing-slices.js';
import { track } from './primitive.js';
import { dimOf, narrow } from './shape.js';
import { movedim } from './shape-view.js';

/** Arguments of {@link unfold}, by name. */
export interface UnfoldOptions {
  readonly dimension: number;
  readonly size: number;
  readonly step: number;
}

/**
 * Windows of `size` elements along a dimension, `step` apart: views of the same memory, whose elements come in a new last
 * dimension. `functional.unfold`, of images, is another op.
 * Shapes: (…, n, …) → (…, ⌊(n - size) / step⌋ + 1, …, size).
 * Gradient: for each element the sum over the windows that hold it.
 * @throws RangeError when the window does not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.unfold.html
 */
export function unfold(
  x: Tensor,
  ...args: Args<[dimension: number, size: number, step: number], UnfoldOptions>
): Tensor {
  checkTensor('unfold', x);
  const [dimension, size, step] = readAll<[number, number, number]>('unfold', args, [
    'dimension',
    'size',
    'step',
  ]);
  const base = x.ndim === 0 ? reshape(x, [1]) : x;
  const dim = dimOf('unfold', base, dimension);
  checkInteger('unfold', 'size', size, 0);
  checkInteger('unfold', 'step', step, 1);
  if (size > base.shape[dim])
    rangeError(
      'unfold',
      `size: expected at most ${base.shape[dim]}, the size of dim ${dimension}, got ${size}`,
    );
  return x.ndim === 0 ? narrow(base, 0, 0, size) : windows(base, dim, size, step);
}

function windows(x: Tensor, dim: number, size: number, step: number): Tensor {
  const count = Math.floor((x.shape[dim] - size) / step) + 1;
  const out = viewOf(
    x,
    [...x.shape.with(dim, count), size],
    [...x.strides.with(dim, step * x.strides[dim]), x.strides[dim]],
  );
  return track('unfold', out, [x], [], (g) => [
    () => {
      // Where element j of window i came from. Its derivative is indexSelect: the same windows again.
      const from = Int32Array.from(
        { length: count * size },
        (_, n) => Math.floor(n / size) * step + (n % size),
      );
      const flat = reshape(movedim(g, -1, dim + 1), x.shape.with(dim, count * size));
      return indexAdd(empty(x.shape, g.dtype, true), dim, tensor(from), flat);
    },
  ]);
}
