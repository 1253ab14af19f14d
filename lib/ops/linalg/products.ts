import { isFloat } from '../../dtype.js';
import { describe, shapeError, typeError } from '../../errors.js';
import { commonShape, formatShape, sameShape } from '../../shape.js';
import { checkTensor, empty, type Tensor } from '../../tensor.js';
import { expand, reshape, sum } from '../broadcast.js';
import { matmulAs } from '../matmul.js';
import { add, mul, where } from '../pointwise.js';
import { checkOptions, type TensorLike } from '../primitive.js';
import { permute, transpose, unsqueeze } from '../shape.js';

// Products that are a matmul, or a multiplication, in other words.

/** Throws unless an argument is a tensor with so many dimensions. */
function checkDims(op: string, name: string, x: unknown, ndim: number): asserts x is Tensor {
  checkTensor(op, x, name);
  if (x.ndim !== ndim)
    shapeError(
      op,
      `${name}: expected ${ndim} dimension${ndim === 1 ? '' : 's'}, got ${formatShape(x.shape)}`,
    );
}

/**
 * The product of two matrices. Shapes: (m, k) @ (k, n) → (m, n). Gradients: as {@link matmul}.
 * @throws ShapeError when one is not a matrix, or inner dimensions differ.
 * @see https://pytorch.org/docs/stable/generated/torch.mm.html
 */
export function mm(input: Tensor, mat2: Tensor): Tensor {
  checkDims('mm', 'input', input, 2);
  checkDims('mm', 'mat2', mat2, 2);
  return matmulAs('mm', input, mat2);
}

/**
 * The products of two batches of matrices. Shapes: (b, m, k) @ (b, k, n) → (b, m, n), without broadcasting.
 * Gradients: as {@link matmul}.
 * @throws ShapeError when one is not a batch of matrices, or sizes differ.
 * @see https://pytorch.org/docs/stable/generated/torch.bmm.html
 */
export function bmm(input: Tensor, mat2: Tensor): Tensor {
  return batchProduct('bmm', 'input', input, 'mat2', mat2);
}

function batchProduct(op: string, nameA: string, a: Tensor, nameB: string, b: Tensor): Tensor {
  checkDims(op, nameA, a, 3);
  checkDims(op, nameB, b, 3);
  if (a.shape[0] !== b.shape[0])
    shapeError(op, `batches differ: ${formatShape(a.shape)} @ ${formatShape(b.shape)}`);
  return matmulAs(op, a, b);
}

/**
 * A matrix times a vector. Shapes: (m, k) @ (k,) → (m,). Gradients: as {@link matmul}.
 * @throws ShapeError when sizes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.mv.html
 */
export function mv(input: Tensor, vec: Tensor): Tensor {
  checkDims('mv', 'input', input, 2);
  checkDims('mv', 'vec', vec, 1);
  return matmulAs('mv', input, vec);
}

/**
 * The sum of the products of two vectors. Shapes: (n,), (n,) → (). Gradients: `g·tensor`, `g·input`.
 * @throws ShapeError when one is not a vector, or sizes differ.
 * @see https://pytorch.org/docs/stable/generated/torch.dot.html
 */
export const dot = (input: Tensor, tensor: Tensor): Tensor => dotAs('dot', input, tensor);

/** {@link dot}: there are no complex numbers here. @see https://pytorch.org/docs/stable/generated/torch.vdot.html */
export const vdot = (input: Tensor, other: Tensor): Tensor => dotAs('vdot', input, other);

function dotAs(op: string, a: Tensor, b: Tensor): Tensor {
  checkDims(op, 'input', a, 1);
  checkDims(op, 'other', b, 1);
  return matmulAs(op, a, b);
}

/**
 * The dot products of all rows (last dimensions) of one tensor with all of another; with a 0-d tensor, the product.
 * Shapes: (…a, k), (…b, k) → (…a, …b).
 * Gradients: as {@link matmul}.
 * @throws ShapeError when last dimensions differ.
 * @see https://pytorch.org/docs/stable/generated/torch.inner.html
 */
export function inner(input: Tensor, other: Tensor): Tensor {
  checkTensor('inner', input);
  checkTensor('inner', other, 'other');
  if (input.ndim === 0 || other.ndim === 0) return mul(input, other);
  const size = input.shape[input.ndim - 1];
  if (other.shape[other.ndim - 1] !== size)
    shapeError(
      'inner',
      `last dimensions differ: ${formatShape(input.shape)} and ${formatShape(other.shape)}`,
    );
  const rows = (x: Tensor): Tensor =>
    reshape(x, [x.shape.slice(0, -1).reduce((product, n) => product * n, 1), size]);
  const products = matmulAs('inner', rows(input), transpose(rows(other), 0, 1));
  return reshape(products, [...input.shape.slice(0, -1), ...other.shape.slice(0, -1)]);
}

/**
 * The products of all elements of one vector with all of another. Shapes: (m,), (n,) → (m, n).
 * Gradients: `g @ vec2`, `gᵀ @ input`.
 * @throws ShapeError when one is not a vector.
 * @see https://pytorch.org/docs/stable/generated/torch.outer.html
 */
export const outer = (input: Tensor, vec2: Tensor): Tensor => outerAs('outer', input, vec2);

/** Another name of {@link outer}. @see https://pytorch.org/docs/stable/generated/torch.ger.html */
export const ger = (input: Tensor, vec2: Tensor): Tensor => outerAs('ger', input, vec2);

function outerAs(op: string, input: Tensor, vec2: Tensor): Tensor {
  checkDims(op, 'input', input, 1);
  checkDims(op, 'vec2', vec2, 1);
  return mul(unsqueeze(input, 1), vec2);
}

/** What the two terms of {@link addmm} and the like are multiplied by. */
export interface AddProductOptions {
  /** The factor of `input`; with 0, what is in `input` does not matter, not even NaN. Default 1. */
  readonly beta?: number;
  /** The factor of the product. Default 1. */
  readonly alpha?: number;
}

/** `beta·input + alpha·product`. */
function addProduct(op: string, input: TensorLike, product: Tensor, options: AddProductOptions): Tensor {
  checkTensor(op, input);
  checkOptions(op, options, ['beta', 'alpha']);
  const { beta = 1, alpha = 1 } = options;
  for (const [name, value] of Object.entries({ beta, alpha }))
    if (typeof value !== 'number') typeError(op, `${name}: expected a number, got ${describe(value)}`);
  const shape = commonShape(input.shape, product.shape);
  if (shape === null || !sameShape(shape, product.shape))
    shapeError(op, `input: ${formatShape(input.shape)} does not broadcast to ${formatShape(product.shape)}`);
  const scaled = alpha === 1 ? product : mul(product, alpha);
  if (beta === 1) return add(input, scaled);
  // Not 0·input, which would be NaN for NaN.
  return add(beta === 0 ? where(empty([], 'bool', true), input, 0) : mul(input, beta), scaled);
}

/**
 * `beta·input + alpha·(mat1 @ mat2)`. Shapes: input broadcasts to (m, n); (m, k) @ (k, n).
 * Gradients: `beta·g`, and `alpha` times those of the product.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.addmm.html
 */
export function addmm(input: Tensor, mat1: Tensor, mat2: Tensor, options: AddProductOptions = {}): Tensor {
  checkDims('addmm', 'mat1', mat1, 2);
  checkDims('addmm', 'mat2', mat2, 2);
  return addProduct('addmm', input, matmulAs('addmm', mat1, mat2), options);
}

/**
 * `beta·input + alpha·(mat @ vec)`. Shapes: input broadcasts to (m,); (m, k) @ (k,).
 * Gradients: `beta·g`, and `alpha` times those of the product.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.addmv.html
 */
export function addmv(input: Tensor, mat: Tensor, vec: Tensor, options: AddProductOptions = {}): Tensor {
  checkDims('addmv', 'mat', mat, 2);
  checkDims('addmv', 'vec', vec, 1);
  return addProduct('addmv', input, matmulAs('addmv', mat, vec), options);
}

/**
 * `beta·input + alpha·outer(vec1, vec2)`. Shapes: input broadcasts to (m, n); (m,), (n,).
 * Gradients: `beta·g`, and `alpha` times those of the product.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.addr.html
 */
export function addr(input: Tensor, vec1: Tensor, vec2: Tensor, options: AddProductOptions = {}): Tensor {
  checkDims('addr', 'vec1', vec1, 1);
  checkDims('addr', 'vec2', vec2, 1);
  for (const x of [vec1, vec2])
    if (!isFloat(x.dtype)) typeError('addr', `expected float32 or float64, got ${x.dtype}`);
  return addProduct('addr', input, mul(unsqueeze(vec1, 1), vec2), options);
}

/**
 * `beta·input + alpha·(batch1 @ batch2)`. Shapes: input broadcasts to (b, m, n); (b, m, k) @ (b, k, n).
 * Gradients: `beta·g`, and `alpha` times those of the product.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.baddbmm.html
 */
export function baddbmm(
  input: Tensor,
  batch1: Tensor,
  batch2: Tensor,
  options: AddProductOptions = {},
): Tensor {
  return addProduct('baddbmm', input, batchProduct('baddbmm', 'batch1', batch1, 'batch2', batch2), options);
}

/**
 * `beta·input + alpha·Σ (batch1 @ batch2)`, the sum over the batch.
 * Shapes: input broadcasts to (m, n); (b, m, k) @ (b, k, n).
 * Gradients: `beta·g`, and `alpha` times those of the product.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.addbmm.html
 */
export function addbmm(
  input: Tensor,
  batch1: Tensor,
  batch2: Tensor,
  options: AddProductOptions = {},
): Tensor {
  const products = batchProduct('addbmm', 'batch1', batch1, 'batch2', batch2);
  return addProduct('addbmm', input, sum(products, 0), options);
}

/**
 * The Kronecker product: every element of `input` times all of `other`, in its place.
 * Shapes: sizes are multiplied, aligned at the right.
 * Gradients: those of a multiplication, summed over what was repeated.
 * @see https://pytorch.org/docs/stable/generated/torch.kron.html
 */
export function kron(input: Tensor, other: Tensor): Tensor {
  checkTensor('kron', input);
  checkTensor('kron', other, 'other');
  const ndim = Math.max(input.ndim, other.ndim);
  const sizes = (x: Tensor): number[] => [...new Array<number>(ndim - x.ndim).fill(1), ...x.shape];
  const [a, b] = [sizes(input), sizes(other)];
  const products = mul(
    reshape(
      input,
      a.flatMap((size) => [size, 1]),
    ),
    reshape(
      other,
      b.flatMap((size) => [1, size]),
    ),
  );
  return reshape(
    products,
    a.map((size, dim) => size * b[dim]),
  );
}

/**
 * A list of dimensions of each operand of {@link tensordot}.
 * @inline
 */
type DimPairs = readonly [readonly number[], readonly number[]];

/**
 * The sum of products over pairs of dimensions: the last `dims` of `a` with the first of `b` (a number), or those of `a`
 * in `dims[0]` with those of `b` in `dims[1]`. What remains of `a` comes first.
 * Gradients: as {@link matmul}.
 * @param dims default 2
 * @throws ShapeError when paired sizes differ; a size of 1 is paired with any.
 * @see https://pytorch.org/docs/stable/generated/torch.tensordot.html
 */
export function tensordot(
  a: Tensor,
  b: Tensor,
  dims: number | DimPairs | { readonly dims?: number | DimPairs } = 2,
): Tensor {
  checkTensor('tensordot', a, 'a');
  checkTensor('tensordot', b, 'b');
  let pairs: unknown = dims;
  if (typeof dims === 'object' && !Array.isArray(dims)) {
    checkOptions('tensordot', dims, ['dims']);
    pairs = (dims as { readonly dims?: number | DimPairs }).dims ?? 2;
  }
  const [fromA, fromB] = readPairs(a, b, pairs);
  // As in PyTorch, a size of 1 stands for any: the other operand is summed.
  const [left, right] = [squash(a, fromA, b, fromB), squash(b, fromB, a, fromA)];
  const [restA, restB] = [others(a, fromA), others(b, fromB)];
  const size = fromA.reduce((product, dim) => product * left.shape[dim], 1);
  const count = (x: Tensor, rest: readonly number[]): number => rest.reduce((n, dim) => n * x.shape[dim], 1);
  const rows = reshape(permute(left, [...restA, ...fromA]), [count(a, restA), size]);
  const columns = reshape(permute(right, [...fromB, ...restB]), [size, count(b, restB)]);
  return reshape(matmulAs('tensordot', rows, columns), [
    ...restA.map((dim) => a.shape[dim]),
    ...restB.map((dim) => b.shape[dim]),
  ]);
}

const others = (x: Tensor, dims: readonly number[]): number[] =>
  x.shape.map((_, dim) => dim).filter((dim) => !dims.includes(dim));

/** `x` summed over those dimensions that are paired with a size of 1. */
function squash(x: Tensor, dims: readonly number[], other: Tensor, otherDims: readonly number[]): Tensor {
  const over = dims.filter((dim, i) => x.shape[dim] !== 1 && other.shape[otherDims[i]] === 1);
  return over.length === 0 ? x : sum(x, over, true);
}

function readPairs(a: Tensor, b: Tensor, dims: unknown): [number[], number[]] {
  const op = 'tensordot';
  let lists: readonly unknown[][];
  if (typeof dims === 'number') {
    if (!Number.isInteger(dims) || dims < 0 || dims > Math.min(a.ndim, b.ndim))
      shapeError(
        op,
        `dims: expected a whole number from 0 to ${Math.min(a.ndim, b.ndim)}, got ${dims} for ` +
          `${formatShape(a.shape)} and ${formatShape(b.shape)}`,
      );
    const range = Array.from({ length: dims }, (_, i) => i);
    lists = [range.map((i) => a.ndim - dims + i), range];
  } else if (Array.isArray(dims) && dims.length === 2 && dims.every((list) => Array.isArray(list)))
    lists = dims as unknown[][];
  else typeError(op, `dims: expected a number or two lists of dimensions, got ${describe(dims)}`);
  const read = (x: Tensor, list: readonly unknown[]): number[] =>
    list.map((dim) => {
      if (!Number.isInteger(dim)) typeError(op, `dims: expected whole numbers, got ${describe(dim)}`);
      const at = (dim as number) < 0 ? (dim as number) + x.ndim : (dim as number);
      if (at < 0 || at >= x.ndim)
        shapeError(op, `dims: there is no dimension ${dim as number} in ${formatShape(x.shape)}`);
      return at;
    });
  const [fromA, fromB] = [read(a, lists[0]), read(b, lists[1])];
  if (fromA.length !== fromB.length)
    shapeError(op, `dims: expected two lists of one length, got ${fromA.length} and ${fromB.length}`);
  for (const list of [fromA, fromB])
    if (new Set(list).size !== list.length)
      shapeError(op, `dims: each dimension once, got [${list.join(', ')}]`);
  fromA.forEach((dim, i) => {
    const [m, n] = [a.shape[dim], b.shape[fromB[i]]];
    if (m !== n && m !== 1 && n !== 1)
      shapeError(
        op,
        `dimension ${dim} of ${formatShape(a.shape)} and ${fromB[i]} of ${formatShape(b.shape)} differ`,
      );
  });
  return [fromA, fromB];
}

/**
 * The product of matrices, in the order that takes the fewest multiplications.
 * Gradients: as {@link matmul}.
 * @throws ShapeError when one is not a matrix, or they do not fit together.
 * @see https://pytorch.org/docs/stable/generated/torch.chain_matmul.html
 */
export function chainMatmul(...matrices: Tensor[] | [readonly Tensor[]]): Tensor {
  const list = (Array.isArray(matrices[0]) ? matrices[0] : matrices) as readonly Tensor[];
  if (list.length === 0) typeError('chainMatmul', 'expected at least one matrix, got none');
  list.forEach((x, i) => {
    checkDims('chainMatmul', `matrices[${i}]`, x, 2);
  });
  return chain('chainMatmul', list);
}

/** The product of matrices that fit together, by dynamic programming over where to split (CLRS, 15.2). */
export function chain(op: string, matrices: readonly Tensor[]): Tensor {
  const n = matrices.length;
  if (n === 1) return matrices[0];
  const size = (i: number): number => (i < n ? matrices[i].shape[0] : matrices[n - 1].shape[1]);
  // The least number of multiplications for matrices i…j, and where the last of them splits these.
  const cost = matrices.map(() => new Array<number>(n).fill(0));
  const split = matrices.map(() => new Array<number>(n).fill(0));
  for (let length = 1; length < n; length++)
    for (let i = 0; i + length < n; i++) {
      const j = i + length;
      cost[i][j] = Infinity;
      for (let k = i; k < j; k++) {
        const q = cost[i][k] + cost[k + 1][j] + size(i) * size(k + 1) * size(j + 1);
        if (q < cost[i][j]) [cost[i][j], split[i][j]] = [q, k];
      }
    }
  const multiply = (i: number, j: number): Tensor =>
    i === j ? matrices[i] : matmulAs(op, multiply(i, split[i][j]), multiply(split[i][j] + 1, j));
  return multiply(0, n - 1);
}

/** `x` broadcast to a batch: all but its last two dimensions become `batch`. */
export const toBatch = (x: Tensor, batch: readonly number[]): Tensor =>
  expand(x, [...batch, ...x.shape.slice(-2)]);
