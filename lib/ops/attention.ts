import { backend } from '../backend/select.js';
import { isFloat } from '../dtype.js';
import { checkBoolean, describe, rangeError, shapeError, typeError } from '../errors.js';
import { broadcastShapes, formatShape, sameShape, sizeOf, type Shape } from '../shape.js';
import { checkTensor, empty, emptyInOrder, type Tensor } from '../tensor.js';
import { contiguous, expand, likewise, reshape, sum } from './broadcast.js';
import { arange } from './ranges.js';
import { checkProbability, dropout } from './dropout.js';
import { matmul } from './matmul.js';
import { add, ge, mul, sub, where } from './pointwise.js';
import { checkOptions, recording, scalar, track } from './primitive.js';
import { transpose } from './shape.js';
import { softmax } from './softmax.js';

/** Arguments of {@link scaledDotProductAttention}, by name. */
export interface AttentionOptions {
  /**
   * Of a shape that broadcasts to (…, L, S). Booleans say which keys a query sees; numbers are added to the scores.
   * Default none.
   */
  readonly attnMask?: Tensor | null;
  /** The probability with which a weight is set to 0 (see {@link dropout}). Default 0. */
  readonly dropoutP?: number;
  /** Whether query i sees the keys 0 to i only. Not together with a mask. Default false. */
  readonly isCausal?: boolean;
  /** What the scores are multiplied by. Default 1/√D. */
  readonly scale?: number;
}

/**
 * `softmax(q @ kᵀ · scale + mask) @ v`, without the matrix of all scores in memory.
 * Shapes: q (…, L, D), k (…, S, D), v (…, S, W), all but the last two broadcast → (…, L, W). Heads may be views into
 * larger tensors, such as transposes of (B, L, H, D); the result then lies in memory as q does.
 * Gradients, with P the softmax, dP = g @ vᵀ and dS = P·(dP - Σ P·dP)·scale: v `Pᵀ @ g`; q `dS @ k`; k `dSᵀ @ q`; a mask
 * of numbers `dS / scale`.
 * @throws ShapeError when shapes do not fit; TypeError when dtypes differ; RangeError for a mask next to `isCausal`.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
 */
export function scaledDotProductAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  options: AttentionOptions = {},
): Tensor {
  const op = 'scaledDotProductAttention';
  for (const [name, x] of Object.entries({ q, k, v })) checkOperand(op, name, x, q);
  checkOptions(op, options, ['attnMask', 'dropoutP', 'isCausal', 'scale']);
  const {
    attnMask = null,
    dropoutP = 0,
    isCausal = false,
    scale = 1 / Math.sqrt(Math.max(1, q.shape[q.ndim - 1])),
  } = options;
  checkProbability(op, dropoutP);
  checkBoolean(op, 'isCausal', isCausal);
  if (typeof scale !== 'number') typeError(op, `scale: expected a number, got ${describe(scale)}`);
  const [L, D] = q.shape.slice(-2);
  const [S, W] = v.shape.slice(-2);
  if (k.shape[k.ndim - 1] !== D || k.shape[k.ndim - 2] !== S)
    shapeError(
      op,
      `expected q (…, L, D), k (…, S, D), v (…, S, W), got ${[q, k, v].map((x) => formatShape(x.shape)).join(', ')}`,
    );
  const lead = [k, v].reduce<Shape>(
    (shape, x) => broadcastShapes(op, shape, x.shape.slice(0, -2)),
    q.shape.slice(0, -2),
  );
  if (attnMask !== null && isCausal) rangeError(op, 'attnMask: expected none next to isCausal');
  const mask = attnMask && readMask(op, attnMask, [...lead, L, S], q);

  const heads = [sizeOf(lead.slice(0, -1)), lead.at(-1) ?? 1];
  const as4d = (x: Tensor): Tensor => {
    const [rows, columns] = x.shape.slice(-2);
    return reshape(expand(x, [...lead, rows, columns]), [...heads, rows, columns]);
  };
  const [q4, k4, v4] = [q, k, v].map(as4d);
  const mask4 = mask && as4d(mask);
  const isFused = dropoutP === 0 && !(mask4 !== null && recording([mask4]));
  const out = isFused
    ? fused(q4, k4, v4, mask4, scale, isCausal)
    : matmul(dropout(weights(q4, k4, mask4, scale, isCausal), dropoutP), v4);
  return reshape(out, [...lead, L, W]);
}

function checkOperand(op: string, name: string, x: unknown, q: Tensor): asserts x is Tensor {
  checkTensor(op, x, name);
  if (!isFloat(x.dtype)) typeError(op, `${name}: expected float32 or float64, got ${x.dtype}`);
  if (x.dtype !== q.dtype) typeError(op, `${name}: expected ${q.dtype}, got ${x.dtype}`);
  if (x.ndim < 2) shapeError(op, `${name}: expected at least two dimensions, got ${formatShape(x.shape)}`);
}

/** What is added to the scores: for booleans 0 or -∞. */
function readMask(op: string, mask: unknown, shape: readonly number[], q: Tensor): Tensor {
  checkTensor(op, mask, 'attnMask');
  if (mask.dtype !== 'bool' && mask.dtype !== q.dtype)
    typeError(op, `attnMask: expected bool or ${q.dtype}, got ${mask.dtype}`);
  if (!sameShape(broadcastShapes(op, mask.shape, shape), shape))
    shapeError(op, `attnMask: ${formatShape(mask.shape)} does not broadcast to ${formatShape(shape)}`);
  return mask.dtype === 'bool' ? where(mask, scalar(0, q.dtype), scalar(-Infinity, q.dtype)) : mask;
}

/** `x` as kernels take it: rows in one piece that do not overlap. */
function withRows(x: Tensor): Tensor {
  const [, , rows, columns] = x.shape;
  const isWhole = (columns <= 1 || x.strides[3] === 1) && (rows <= 1 || x.strides[2] >= columns);
  return isWhole ? x : contiguous(x);
}

function fused(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | null, scale: number, causal: boolean): Tensor {
  const out = withRowsInOrder(q, [...q.shape.slice(0, 3), v.shape[3]]);
  const logSum = empty(q.shape.slice(0, 3), q.dtype);
  const params = { scale, causal };
  backend.attention(withRows(q), withRows(k), withRows(v), mask, out, logSum, params);
  const saved = [q, k, v, out, ...(mask ? [mask] : [])];
  return track('scaledDotProductAttention', out, [q, k, v], saved, (g) => {
    if (recording([g, q, k, v])) return composedGradients(g, q, k, v, mask, scale, causal);
    const gradients = [q, k, v].map((x) => withRowsInOrder(x, x.shape));
    const [forQ, forK, forV] = gradients;
    backend.attentionGrad(
      withRows(q),
      withRows(k),
      withRows(v),
      mask,
      out,
      logSum,
      withRows(likewise(g, out)),
      forQ,
      forK,
      forV,
      params,
    );
    return gradients.map((x) => () => x);
  });
}

/** A new tensor that lies in memory as `x` does, or contiguous where its rows would not lie in one piece. */
function withRowsInOrder(x: Tensor, shape: readonly number[]): Tensor {
  const out = emptyInOrder(x, shape);
  return withRows(out) === out ? out : empty(shape, x.dtype);
}

/** The softmax of the scores. */
function weights(q: Tensor, k: Tensor, mask: Tensor | null, scale: number, causal: boolean): Tensor {
  let scores = mul(matmul(q, transpose(k, -2, -1)), scale);
  if (mask) scores = add(scores, mask);
  if (causal) {
    const seen = ge(reshape(arange(q.shape[2]), [q.shape[2], 1]), arange(k.shape[2]));
    scores = where(seen, scores, -Infinity);
  }
  return softmax(scores, -1);
}

/** The gradients in ops that have gradients themselves. */
function composedGradients(
  g: Tensor,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor | null,
  scale: number,
  causal: boolean,
): (() => Tensor)[] {
  const p = weights(q, k, mask, scale, causal);
  const weighted = mul(p, matmul(g, transpose(v, -2, -1)));
  const forScores = mul(sub(weighted, mul(p, sum(weighted, -1, true))), scale);
  return [
    () => matmul(forScores, k),
    () => matmul(transpose(forScores, -2, -1), q),
    () => matmul(transpose(p, -2, -1), g),
  ];
}
