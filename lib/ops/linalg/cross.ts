import { rangeError, shapeError, typeError } from '../../errors.js';
import { broadcastShapes, formatShape, normalizeDim } from '../../shape.js';
import { checkTensor, type Tensor } from '../../tensor.js';
import { readArgs, type Rest } from '../arguments.js';
import { expand } from '../broadcast.js';
import { mul, sub } from '../pointwise.js';
import { cat, narrow } from '../shape.js';

/** @inline */
interface DimOption {
  readonly dim?: number | null;
}

/**
 * The cross product of vectors of three numbers, which lie along `dim` (default: the first dimension of size 3). All
 * other dimensions broadcast.
 * Gradients: `other × g`, `g × input`.
 * Arguments: `dim`, by position or by name.
 * @throws RangeError when there is no dimension of size 3; ShapeError when shapes do not broadcast.
 * @see https://pytorch.org/docs/stable/generated/torch.cross.html
 */
export function cross(input: Tensor, other: Tensor, ...rest: Rest<[dim: number | null], DimOption>): Tensor {
  const { dim } = readArgs<DimOption>('cross', rest, ['dim']);
  checkTensor('cross', input);
  if (dim !== undefined && dim !== null) return crossAlong('cross', input, other, dim);
  checkTensor('cross', other, 'other');
  const first = broadcastShapes('cross', input.shape, other.shape).indexOf(3);
  if (first < 0) rangeError('cross', `no dimension of size 3 in ${formatShape(input.shape)}`);
  return crossAlong('cross', input, other, first - Math.max(input.ndim, other.ndim));
}

/**
 * {@link cross} along the last dimension, or along `dim`.
 * Arguments: `dim` (default -1), by position or by name.
 * @throws RangeError when that dimension has not size 3; ShapeError when shapes do not broadcast.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.cross.html
 */
export function linalgCross(input: Tensor, other: Tensor, ...rest: Rest<[dim: number], DimOption>): Tensor {
  const { dim } = readArgs<DimOption>('linalg.cross', rest, ['dim']);
  return crossAlong('linalg.cross', input, other, dim ?? -1);
}

function crossAlong(op: string, input: Tensor, other: Tensor, dim: number): Tensor {
  checkTensor(op, input);
  checkTensor(op, other, 'other');
  if (input.dtype === 'bool' && other.dtype === 'bool') typeError(op, 'expected numbers, got bool tensors');
  const shape = broadcastShapes(op, input.shape, other.shape);
  const at = normalizeDim(op, dim, shape.length);
  const [a, b] = [input, other].map((x) => expand(x, shape));
  for (const x of [input, other])
    if (x.shape[at - shape.length + x.ndim] !== 3)
      shapeError(
        op,
        `dim ${dim}: expected size 3, got shapes ${formatShape(input.shape)} and ${formatShape(other.shape)}`,
      );
  // Element i of the product is a₍ᵢ₊₁₎·b₍ᵢ₊₂₎ - a₍ᵢ₊₂₎·b₍ᵢ₊₁₎, counted round.
  const turned = (x: Tensor, by: number): Tensor =>
    cat([narrow(x, at, by, 3 - by), narrow(x, at, 0, by)], at);
  return sub(mul(turned(a, 1), turned(b, 2)), mul(turned(a, 2), turned(b, 1)));
}
