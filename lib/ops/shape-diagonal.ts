import { rangeError, shapeError } from '../errors.js';
import { checkDType, type DType } from '../dtype.js';
import { formatShape, normalizeDim } from '../shape.js';
import { checkTensor, type Tensor, viewOf } from '../tensor.js';
import { checkInteger, readArgs, type Rest } from './arguments.js';
import { reshape, sum } from './broadcast.js';
import { tensor } from './create.js';
import { arange } from './ranges.js';
import { le, where } from './pointwise.js';
import { cast, scalar, track } from './primitive.js';
import { dimOf, embed } from './shape.js';

// Diagonals and triangles of matrices, and of batches of them.

/** Arguments of {@link diagonal} and {@link diagEmbed}, by name. */
export interface DiagonalOptions {
  /** Which diagonal: 0 is the main one, above it are the positive ones. Default 0. */
  readonly offset?: number;
  /** The rows. Default 0; for `diagEmbed` -2. */
  readonly dim1?: number;
  /** The columns. Default 1; for `diagEmbed` -1. */
  readonly dim2?: number;
}
type DiagonalRest = Rest<[offset: number, dim1: number, dim2: number], DiagonalOptions>;
const DIAGONAL = ['offset', 'dim1', 'dim2'] as const;

/** Two different dimensions. */
function twoDims(op: string, dim1: number, dim2: number, ndim: number): [number, number] {
  const [a, b] = [normalizeDim(op, dim1, ndim), normalizeDim(op, dim2, ndim)];
  if (a === b) rangeError(op, `dim1 and dim2: expected two different dimensions, got ${dim1} and ${dim2}`);
  return [a, b];
}

/**
 * The elements of a diagonal of two dimensions, as a view: they come in a new last dimension.
 * Gradient: `g` on that diagonal, 0 elsewhere.
 * @throws ShapeError when there are not two dimensions.
 * @see https://pytorch.org/docs/stable/generated/torch.diagonal.html
 */
export function diagonal(x: Tensor, ...rest: DiagonalRest): Tensor {
  return diagonalOf('diagonal', x, rest);
}

/** {@link diagonal}, for an op of another name. */
export function diagonalOf(op: string, x: Tensor, rest: readonly unknown[]): Tensor {
  checkTensor(op, x);
  const { offset = 0, dim1 = 0, dim2 = 1 } = readArgs<DiagonalOptions>(op, rest, DIAGONAL);
  checkInteger(op, 'offset', offset);
  if (x.ndim < 2) shapeError(op, `expected at least 2 dimensions, got shape ${formatShape(x.shape)}`);
  const [a, b] = twoDims(op, dim1, dim2, x.ndim);
  const length = Math.max(0, Math.min(x.shape[a] + Math.min(0, offset), x.shape[b] - Math.max(0, offset)));
  const start = offset < 0 ? -offset * x.strides[a] : offset * x.strides[b];
  const drop = (list: readonly number[]): number[] => list.filter((_, dim) => dim !== a && dim !== b);
  const y = viewOf(
    x,
    [...drop(x.shape), length],
    [...drop(x.strides), x.strides[a] + x.strides[b]],
    x.offset + (length > 0 ? start : 0),
  );
  return track(op, y, [x], [], (g) => [
    () => embed(g, x.shape, (whole) => diagonalOf(op, whole, [offset, a, b])),
  ]);
}

/**
 * Matrices of zeros with the elements of the last dimension of `x` on a diagonal; the matrices' dimensions are `dim1` and
 * `dim2` of the result.
 * Gradient: that diagonal of `g`.
 * @see https://pytorch.org/docs/stable/generated/torch.diag_embed.html
 */
export function diagEmbed(x: Tensor, ...rest: DiagonalRest): Tensor {
  checkTensor('diagEmbed', x);
  const { offset = 0, dim1 = -2, dim2 = -1 } = readArgs<DiagonalOptions>('diagEmbed', rest, DIAGONAL);
  checkInteger('diagEmbed', 'offset', offset);
  const [a, b] = twoDims('diagEmbed', dim1, dim2, x.ndim + 1);
  const last = dimOf('diagEmbed', x, -1);
  const shape = x.shape.slice(0, last);
  for (const dim of [a, b].sort((p, q) => p - q)) shape.splice(dim, 0, x.shape[last] + Math.abs(offset));
  return embed(x, shape, (whole) => diagonal(whole, offset, a, b));
}

/** Arguments of {@link diag}, {@link tril} and {@link triu}, by name. */
export interface DiagOptions {
  /** Which diagonal: 0 is the main one, above it are the positive ones. Default 0. */
  readonly diagonal?: number;
}
type DiagRest = Rest<[diagonal: number], DiagOptions>;

/**
 * Of a matrix its diagonal; of a vector the matrix of zeros that has it as its diagonal.
 * Gradient: the other way.
 * @throws ShapeError unless there are one or two dimensions.
 * @see https://pytorch.org/docs/stable/generated/torch.diag.html
 */
export function diag(x: Tensor, ...rest: DiagRest): Tensor {
  checkTensor('diag', x);
  const { diagonal: offset = 0 } = readArgs<DiagOptions>('diag', rest, ['diagonal']);
  if (x.ndim !== 1 && x.ndim !== 2)
    shapeError('diag', `expected 1 or 2 dimensions, got shape ${formatShape(x.shape)}`);
  return x.ndim === 1 ? diagEmbed(x, offset) : diagonal(x, offset);
}

/** A matrix of zeros with all elements of `x` on a diagonal. Gradient: that diagonal of `g`, in the shape of `x`. */
export function diagflat(x: Tensor, ...rest: Rest<[offset: number], { readonly offset?: number }>): Tensor {
  checkTensor('diagflat', x);
  const { offset = 0 } = readArgs<{ readonly offset?: number }>('diagflat', rest, ['offset']);
  return diagEmbed(reshape(x, [x.size]), offset);
}

/**
 * The sum of the diagonal of a matrix.
 * Gradient: `g` on the diagonal, 0 elsewhere.
 * @throws ShapeError unless there are two dimensions.
 * @see https://pytorch.org/docs/stable/generated/torch.trace.html
 */
export function trace(x: Tensor): Tensor {
  checkTensor('trace', x);
  if (x.ndim !== 2) shapeError('trace', `expected a matrix, got shape ${formatShape(x.shape)}`);
  return sum(diagonal(x));
}

/**
 * `x` with zeros above a diagonal of its last two dimensions.
 * Gradient: `g` with zeros there.
 * @throws ShapeError when there are fewer than two dimensions.
 * @see https://pytorch.org/docs/stable/generated/torch.tril.html
 */
export function tril(x: Tensor, ...rest: DiagRest): Tensor {
  const { columns, below } = triangle('tril', x, rest);
  return where(le(columns, below), x, scalar(0, x.dtype));
}

/** `x` with zeros below a diagonal; all else as {@link tril}. */
export function triu(x: Tensor, ...rest: DiagRest): Tensor {
  const { columns, below } = triangle('triu', x, rest);
  return where(le(below, columns), x, scalar(0, x.dtype));
}

/** The number of each column, and for each row that of the column where the diagonal crosses it. */
function triangle(op: string, x: Tensor, rest: readonly unknown[]): { columns: Tensor; below: Tensor } {
  checkTensor(op, x);
  const { diagonal: offset = 0 } = readArgs<DiagOptions>(op, rest, ['diagonal']);
  checkInteger(op, 'diagonal', offset);
  if (x.ndim < 2) shapeError(op, `expected at least 2 dimensions, got shape ${formatShape(x.shape)}`);
  const [rows, columns] = x.shape.slice(-2);
  return { columns: arange(columns), below: reshape(arange(offset, rows + offset), [rows, 1]) };
}

/** Arguments of {@link trilIndices} and {@link triuIndices}, by name. */
export interface TriangleIndicesOptions {
  /** Which diagonal is the border: 0 is the main one, above it are the positive ones. Default 0. */
  readonly offset?: number;
  /** Default int32. */
  readonly dtype?: DType;
}

function triangleIndices(op: string, holds: (row: number, column: number, offset: number) => boolean) {
  return (row: number, col: number, ...rest: Rest<[offset: number], TriangleIndicesOptions>): Tensor => {
    const { offset = 0, dtype = 'int32' } = readArgs<TriangleIndicesOptions>(op, rest, ['offset'], ['dtype']);
    checkInteger(op, 'row', row, 0);
    checkInteger(op, 'col', col, 0);
    checkInteger(op, 'offset', offset);
    checkDType(op, dtype);
    const [rows, columns]: number[][] = [[], []];
    for (let i = 0; i < row; i++)
      for (let j = 0; j < col; j++)
        if (holds(i, j, offset)) {
          rows.push(i);
          columns.push(j);
        }
    return cast(tensor([new Int32Array(rows), new Int32Array(columns)]), dtype);
  };
}

/**
 * The rows and the columns, as (2, count), of the elements of a matrix of `row` × `col` on and below a diagonal.
 * @see https://pytorch.org/docs/stable/generated/torch.tril_indices.html
 */
export const trilIndices = triangleIndices('trilIndices', (i, j, offset) => j - i <= offset);

/** The same on and above a diagonal. @see https://pytorch.org/docs/stable/generated/torch.triu_indices.html */
export const triuIndices = triangleIndices('triuIndices', (i, j, offset) => j - i >= offset);
