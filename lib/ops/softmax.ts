import { backend } from '../backend/select.js';
import { normalizeDim } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { reshape, sum } from './broadcast.js';
import { exp, mul, sub } from './pointwise.js';
import { toFloat, track } from './primitive.js';
import { transpose } from './shape.js';

/**
 * `exp(x) / Σ exp(x)` along `dim`, without overflow.
 * Gradient: `y·(g - Σ g·y)`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.softmax.html
 */
export function softmax(x: Tensor, dim: number): Tensor {
  return alongDim('softmax', x, dim, (rows) => {
    const y = empty(rows.shape, rows.dtype);
    backend.softmax(rows, y, false);
    return track('softmax', y, [rows], [y], (g) => [() => mul(y, sub(g, sum(mul(g, y), -1, true)))]);
  });
}

/**
 * `x - log Σ exp(x)` along `dim`, without overflow.
 * Gradient: `g - exp(y)·Σ g`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.log_softmax.html
 */
export function logSoftmax(x: Tensor, dim: number): Tensor {
  return alongDim('logSoftmax', x, dim, (rows) => {
    const y = empty(rows.shape, rows.dtype);
    backend.softmax(rows, y, true);
    return track('logSoftmax', y, [rows], [y], (g) => [() => sub(g, mul(exp(y), sum(g, -1, true)))]);
  });
}

/** Brings `dim` to the end for `fn`, and back. */
function alongDim(op: string, input: Tensor, dim: number, fn: (rows: Tensor) => Tensor): Tensor {
  checkTensor(op, input);
  const x = toFloat(input);
  const at = normalizeDim(op, dim, x.ndim);
  if (x.ndim === 0) return reshape(fn(reshape(x, [1])), []);
  return at === x.ndim - 1 ? fn(x) : transpose(fn(transpose(x, at, -1)), at, -1);
}
