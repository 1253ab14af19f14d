import { checkDType, isFloat, type DType } from '../../dtype.js';
import { checkBoolean, describe, rangeError, typeError } from '../../errors.js';
import { formatShape, normalizeDims } from '../../shape.js';
import { checkTensor, type Tensor } from '../../tensor.js';
import { readArgs, type Rest } from '../arguments.js';
import { cast } from '../primitive.js';
import { vectorNorm as normOver } from '../vector-norm.js';

/** What the norms take by name. */
export interface NormOptions<Ord, Dim> {
  readonly ord?: Ord;
  readonly dim?: Dim;
  /** Whether reduced dimensions stay, with size 1. Default false. */
  readonly keepdim?: boolean;
  /** The dtype to compute in. Default that of the input. */
  readonly dtype?: DType | null;
}

/** @inline */
type Dims = number | readonly number[] | null;
type NormArgs<Ord, Dim> = Rest<[ord: Ord, dim: Dim, keepdim: boolean], NormOptions<Ord, Dim>>;

/** Checks what all norms take, and brings the input to the dtype to compute in. */
export function readNorm(
  op: string,
  input: unknown,
  rest: readonly unknown[],
): { x: Tensor; ord: unknown; dim: unknown; keepdim: boolean } {
  checkTensor(op, input);
  const options = readArgs<NormOptions<unknown, unknown>>(op, rest, ['ord', 'dim', 'keepdim'], ['dtype']);
  const { ord, dim, keepdim = false, dtype = null } = options;
  checkBoolean(op, 'keepdim', keepdim);
  if (dtype !== null) checkDType(op, dtype);
  const to = dtype ?? input.dtype;
  if (!isFloat(to)) typeError(op, `expected float32 or float64, got ${to}`);
  return { x: cast(input, to), ord, dim, keepdim };
}

/**
 * The norm of vectors, `(Σ |x|ᵖ)^(1/p)` with p = `ord` (default 2), over `dim` (one, several, or all when not given).
 * `Infinity` is the largest |x|, `-Infinity` the smallest, 0 counts what is not 0.
 * Gradient: `g·x·|x|ᵖ⁻² / yᵖ⁻¹`, and 0 where the norm is 0; for ±∞ shared evenly among equals, for 0 none.
 * Arguments: `ord`, `dim`, `keepdim`, by position or by name; `dtype` by name.
 * @see https://pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html
 */
export function vectorNorm(input: Tensor, ...rest: NormArgs<number, Dims>): Tensor {
  const op = 'linalg.vectorNorm';
  const { x, ord = 2, dim, keepdim } = readNorm(op, input, rest);
  if (typeof ord !== 'number') typeError(op, `ord: expected a number, got ${describe(ord)}`);
  const dims = normalizeDims(op, dim, x.ndim);
  if ((ord < 0 || ord === Infinity) && dims.some((d) => x.shape[d] === 0))
    rangeError(op, `ord ${ord} has no value over nothing: shape ${formatShape(x.shape)}`);
  return normOver(x, ord, dims, keepdim);
}
