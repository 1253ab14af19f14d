import { checkDType, isFloat, type FloatDType } from '../dtype.js';
import { describe, rangeError, typeError } from '../errors.js';

/** What layers with weights take last. */
export interface LayerOptions {
  /** Whether a bias is learned. Default true. */
  readonly bias?: boolean;
  /** Default float32. */
  readonly dtype?: FloatDType;
}

/** The dtype of a layer's weights, checked. */
export function readDType(op: string, options: { readonly dtype?: FloatDType }): FloatDType {
  const { dtype = 'float32' } = options;
  checkDType(op, dtype);
  if (!isFloat(dtype)) typeError(op, `dtype: expected float32 or float64, got ${describe(dtype)}`);
  return dtype;
}

/** Throws unless an option is a whole number from `least`. */
export function checkCount(op: string, name: string, value: unknown, least = 1): void {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least)
    rangeError(op, `${name}: expected a whole number from ${least}, got ${describe(value)}`);
}
