import { isFloat } from '../../dtype.js';
import { rangeError, shapeError, typeError } from '../../errors.js';
import { noGrad } from '../../grad-mode.js';
import { broadcastShapes, formatShape, sizeOf, type Shape } from '../../shape.js';
import { checkTensor, empty, type Tensor } from '../../tensor.js';
import { contiguous, expand, reshape } from '../broadcast.js';
import { eye } from '../create.js';
import { arange } from '../ranges.js';
import { eq } from '../pointwise.js';
import { transpose } from '../shape.js';
import { diagonal } from '../shape-diagonal.js';

// What the ops on matrices have in common. A matrix is the last two dimensions of a tensor, all before them are a batch.

/** Throws unless an argument holds matrices of floats. */
export function checkMatrices(op: string, x: unknown, name = 'A'): asserts x is Tensor {
  checkTensor(op, x, name);
  if (!isFloat(x.dtype)) typeError(op, `${name}: expected float32 or float64, got ${x.dtype}`);
  if (x.ndim < 2) shapeError(op, `${name}: expected at least two dimensions, got ${formatShape(x.shape)}`);
}

/** Throws unless an argument holds square matrices of floats. */
export function checkSquare(op: string, x: unknown, name = 'A'): asserts x is Tensor {
  checkMatrices(op, x, name);
  const [m, n] = sizes(x);
  if (m !== n) shapeError(op, `${name}: expected square matrices, got ${formatShape(x.shape)}`);
}

export function checkSame(op: string, name: string, x: Tensor, other: Tensor): void {
  if (x.dtype !== other.dtype) typeError(op, `${name}: expected ${other.dtype}, got ${x.dtype}`);
}

/** Rows and columns. */
export const sizes = (x: Tensor): [number, number] => [x.shape[x.ndim - 2], x.shape[x.ndim - 1]];

/** All sizes before rows and columns. */
export const batchOf = (x: Tensor): number[] => x.shape.slice(0, -2);

/** Matrices with rows and columns exchanged. */
export const T = (x: Tensor): Tensor => transpose(x, -2, -1);

/** The matrices as kernels take them: (B, m, n) without gaps, outside of the graph. */
export const flat = (x: Tensor): Tensor =>
  noGrad(() => contiguous(reshape(x, [sizeOf(batchOf(x)), ...x.shape.slice(-2)])));

/** The vectors as kernels take them: (B, n). */
export const flatVectors = (x: Tensor): Tensor =>
  noGrad(() => contiguous(reshape(x, [sizeOf(x.shape.slice(0, -1)), x.shape[x.ndim - 1]])));

/** Room for one matrix (or vector) for each of a batch. */
export const room = (batch: Shape, dtype: Tensor['dtype'], ...rest: number[]): Tensor =>
  empty([...batch, ...rest], dtype);

/** Room for one whole number for each matrix of a batch, as (B,). */
export const counts = (x: Tensor): Tensor => empty([sizeOf(batchOf(x))], 'int32');

/** Identity matrices, one for each of a batch. */
export const identity = (batch: Shape, n: number, dtype: Tensor['dtype'], columns = n): Tensor => {
  const one = eye(n, columns, { dtype });
  return expand(one, [...batch, n, columns]);
};

/** Where the diagonal is, as booleans (m, n). */
export const onDiagonal = (m: number, n = m): Tensor => eq(reshape(arange(m), [m, 1]), arange(n));

/** The diagonals of matrices, as the last dimension. */
export const diagonalsOf = (x: Tensor): Tensor => diagonal(x, 0, -2, -1);

/** Two operands with one batch, which their batches broadcast to. */
export function together(op: string, a: Tensor, b: Tensor): [Tensor, Tensor] {
  const batch = broadcastShapes(op, batchOf(a), batchOf(b));
  return [expand(a, [...batch, ...a.shape.slice(-2)]), expand(b, [...batch, ...b.shape.slice(-2)])];
}

/** Throws for the matrix of a batch that a kernel has named. */
export function checkEach(op: string, bad: number, x: Tensor, what: string): void {
  if (bad >= 0) rangeError(op, `${x.ndim > 2 ? `matrix ${bad} of the batch` : 'the matrix'} ${what}`);
}

/** What is computed when it is first asked for, and then kept. */
export function once(compute: () => Tensor): () => Tensor {
  let value: Tensor | null = null;
  return () => (value ??= compute());
}
