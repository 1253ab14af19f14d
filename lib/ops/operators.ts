import { checkOneOf, readArgs, readSettings, type Rest } from './arguments.js';
import { floorDivide, truncDivide } from './arithmetic.js';
import { checkNumbers } from './elementwise.js';
import { checkTensor, type Tensor } from '../tensor.js';
import * as plain from './pointwise.js';
import type { TensorLike } from './primitive.js';

// What PyTorch's operators take besides their operands. Ops use those of pointwise.ts, which have one thing less to ask.

/** A factor of the second operand. Default 1. */
export interface AlphaOptions {
  readonly alpha?: number;
}

/**
 * `a + alpha·b`. Booleans: or. Gradients: `g`, `alpha·g`.
 * @see https://pytorch.org/docs/stable/generated/torch.add.html
 */
export function add(a: TensorLike, b: TensorLike, ...rest: Rest<[], AlphaOptions>): Tensor {
  return plain.add(a, rest.length === 0 ? b : times('add', b, rest));
}

/**
 * `a - alpha·b`. Not for booleans. Gradients: `g`, `-alpha·g`.
 * @see https://pytorch.org/docs/stable/generated/torch.sub.html
 */
export function sub(a: TensorLike, b: TensorLike, ...rest: Rest<[], AlphaOptions>): Tensor {
  return plain.sub(a, rest.length === 0 ? b : times('sub', b, rest));
}

/** `b - alpha·a`. Gradients: `-alpha·g`, `g`. @see https://pytorch.org/docs/stable/generated/torch.rsub.html */
export function rsub(a: TensorLike, b: TensorLike, ...rest: Rest<[], AlphaOptions>): Tensor {
  for (const x of [a, b]) if (typeof x !== 'number' && typeof x !== 'boolean') checkTensor('rsub', x);
  checkNumbers('rsub', a, b);
  return plain.sub(b, rest.length === 0 ? a : times('rsub', a, rest));
}

function times(op: string, x: TensorLike, rest: Rest<[], AlphaOptions>): TensorLike {
  const { alpha } = readSettings(op, rest, { alpha: 1 }, 0);
  if (alpha === 1) return x;
  return typeof x === 'object' ? plain.mul(x, alpha) : Number(x) * alpha;
}

/** How {@link div} rounds. */
export interface DivOptions {
  /** Toward zero, down, or (the default) not. */
  readonly roundingMode?: 'trunc' | 'floor' | null;
}

/**
 * `a / b`, in floats unless it is rounded. Gradients: `g/b`, `-g·a/b²`; 0 when it is rounded.
 * @see https://pytorch.org/docs/stable/generated/torch.div.html
 */
export function div(a: TensorLike, b: TensorLike, ...rest: Rest<[], DivOptions>): Tensor {
  if (rest.length === 0) return plain.div(a, b);
  const { roundingMode = null } = readArgs<DivOptions>('div', rest, [], ['roundingMode']);
  if (roundingMode === null) return plain.div(a, b);
  checkOneOf('div', 'roundingMode', roundingMode, ['trunc', 'floor']);
  return roundingMode === 'floor' ? floorDivide(a, b) : truncDivide(a, b);
}
