import { backend } from '../backend/select.js';
import { isFloat, promote } from '../dtype.js';
import { shapeError, typeError } from '../errors.js';
import { commonShape, formatShape, sameShape } from '../shape.js';
import { checkTensor, empty, viewOf, type Tensor } from '../tensor.js';
import { contiguous, reshape, unbroadcast } from './broadcast.js';
import { cast, track } from './primitive.js';
import { squeeze, transpose, unsqueeze } from './shape.js';

/**
 * The matrix product. 2-D: rows by columns. 1-D: a vector, as a row on the left and as a column on the right, whose
 * dimension the result then lacks. More dimensions: a batch of matrices; batch dimensions broadcast.
 * Shapes: (…, m, k) @ (…, k, n) → (…, m, n).
 * Gradients: `g @ bᵀ` and `aᵀ @ g`, summed over what was broadcast.
 * @throws ShapeError when inner or batch dimensions do not fit, or one operand is 0-d.
 * @see https://pytorch.org/docs/stable/generated/torch.matmul.html
 */
export function matmul(first: Tensor, second: Tensor): Tensor {
  return matmulAs('matmul', first, second);
}

/** {@link matmul} under the name of another op. */
export function matmulAs(op: string, first: Tensor, second: Tensor): Tensor {
  const [a, b] = checkOperands(op, first, second);
  if (a.ndim === 1 && b.ndim === 1) return reshape(product(unsqueeze(a, 0), unsqueeze(b, 1), op), []);
  if (a.ndim === 1) return squeeze(product(unsqueeze(a, 0), b, op), -2);
  if (b.ndim === 1) return squeeze(product(a, unsqueeze(b, 1), op), -1);
  if (b.ndim === 2 && a.ndim > 2) {
    // One large product is faster than a batch of small ones, and so is its gradient.
    const rows = reshape(a, [a.shape.slice(0, -1).reduce((x, y) => x * y, 1), a.shape[a.ndim - 1]]);
    return reshape(product(rows, b), [...a.shape.slice(0, -1), b.shape[1]]);
  }
  return product(a, b, op);
}

/** The matrix product of operands with at least two dimensions. */
function product(a: Tensor, b: Tensor, op = 'matmul'): Tensor {
  const batch = commonShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (batch === null)
    shapeError(op, `batch dimensions do not broadcast: ${formatShape(a.shape)} @ ${formatShape(b.shape)}`);
  const out = empty([...batch, a.shape[a.ndim - 2], b.shape[b.ndim - 1]], a.dtype);
  backend.matmul(gemmReady(a), gemmReady(b), null, out);
  return track('matmul', out, [a, b], [a, b], (g) => [
    () => unbroadcast(product(g, transpose(b, -2, -1)), a.shape),
    () => unbroadcast(product(transpose(a, -2, -1), g), b.shape),
  ]);
}

/**
 * `input @ weightᵀ + bias`, in one pass. Shapes: (…, in), (out, in), (out) → (…, out).
 * Gradients: `g @ weight`, `gᵀ @ input`, `g` summed over all but the last dimension.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.linear.html
 */
export function linear(input: Tensor, weight: Tensor, bias?: Tensor | null): Tensor {
  const [x, w] = checkOperands('linear', input, weight, true);
  if (w.ndim !== 2) shapeError('linear', `weight: expected (out, in), got ${formatShape(w.shape)}`);
  const features = w.shape[0];
  if (bias !== undefined && bias !== null) {
    checkTensor('linear', bias, 'bias');
    if (bias.dtype !== x.dtype) typeError('linear', `bias: expected ${x.dtype}, got ${bias.dtype}`);
    if (!sameShape(bias.shape, [features]))
      shapeError('linear', `bias: expected (${features},), got ${formatShape(bias.shape)}`);
  }
  if (x.ndim !== 2) {
    const rows = x.shape.slice(0, -1).reduce((size, n) => size * n, 1);
    return reshape(addmmT(reshape(x, [rows, w.shape[1]]), w, bias), [...x.shape.slice(0, -1), features]);
  }
  return addmmT(x, w, bias);
}

/** `x @ wᵀ + bias` of matrices. */
function addmmT(x: Tensor, w: Tensor, bias: Tensor | null | undefined): Tensor {
  const out = empty([x.shape[0], w.shape[0]], x.dtype);
  const rows = gemmReady(w);
  const columns = viewOf(rows, [w.shape[1], w.shape[0]], [rows.strides[1], rows.strides[0]]);
  backend.matmul(gemmReady(x), columns, bias ? contiguous(bias) : null, out);
  return track('linear', out, bias ? [x, w, bias] : [x, w], [x, w], (g) => [
    // In the layout of x, whose columns may lie in one piece each.
    () =>
      x.isContiguous || x.strides[0] !== 1
        ? product(g, w)
        : transpose(product(transpose(w, 0, 1), transpose(g, 0, 1)), 0, 1),
    () => product(transpose(g, 0, 1), x),
    () => unbroadcast(g, [w.shape[0]]),
  ]);
}

/** Checks that two operands can be multiplied, and brings them to one float dtype. */
function checkOperands(op: string, first: Tensor, second: Tensor, transposed = false): [Tensor, Tensor] {
  checkTensor(op, first, 'first operand');
  checkTensor(op, second, 'second operand');
  if (first.ndim === 0 || second.ndim === 0)
    shapeError(
      op,
      `expected at least one dimension: ${formatShape(first.shape)} @ ${formatShape(second.shape)}`,
    );
  const dtype = promote(first.dtype, second.dtype);
  if (!isFloat(dtype)) typeError(op, `expected float32 or float64, got ${first.dtype} @ ${second.dtype}`);
  const inner = second.shape[second.ndim === 1 ? 0 : transposed ? second.ndim - 1 : second.ndim - 2];
  if (first.shape[first.ndim - 1] !== inner)
    shapeError(
      op,
      `inner dimensions differ: ${formatShape(first.shape)} @ ${formatShape(second.shape)}${transposed ? 'ᵀ' : ''}`,
    );
  return [cast(first, dtype), cast(second, dtype)];
}

/** `x` as gemm can read it, its rows or its columns lying in one piece each; a copy where they do not. */
function gemmReady(x: Tensor): Tensor {
  const [rows, columns] = [x.shape[x.ndim - 2], x.shape[x.ndim - 1]];
  const [rowStride, columnStride] = [x.strides[x.ndim - 2], x.strides[x.ndim - 1]];
  const rowsWhole = (columnStride === 1 || columns === 1) && (rowStride >= columns || rows === 1);
  const columnsWhole = (rowStride === 1 || rows === 1) && (columnStride >= rows || columns === 1);
  return rowsWhole || columnsWhole ? x : contiguous(x);
}
