import { checkDType, type DType } from '../dtype.js';
import { checkBoolean } from '../errors.js';
import { readArgs, type Rest } from './arguments.js';

/**
 * Over what a reduction goes: one dimension, several, or all (null).
 * @inline
 */
export type Dims = number | readonly number[] | null;

/** @inline */
export interface ReduceOptions {
  readonly dim?: Dims;
  /** Whether reduced dimensions stay, with size 1. Default false. */
  readonly keepdim?: boolean;
  /** What the input is converted to first. Default none. */
  readonly dtype?: DType;
}

/** The arguments of a reduction after its input. */
export type ReduceRest = Rest<[dim: Dims | undefined, keepdim: boolean | undefined], ReduceOptions>;

/** The arguments of a reduction, read. */
export function readReduce(
  op: string,
  rest: readonly unknown[],
): { readonly dim: Dims; readonly keepdim: boolean; readonly dtype?: DType } {
  const {
    dim = null,
    keepdim = false,
    dtype,
  } = readArgs<ReduceOptions>(op, rest, ['dim', 'keepdim'], ['dtype']);
  checkBoolean(op, 'keepdim', keepdim);
  if (dtype !== undefined) checkDType(op, dtype);
  return { dim, keepdim, dtype };
}
