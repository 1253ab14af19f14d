import { describe, rangeError, typeError } from '../../errors.js';
import { checkNumber, isOptions } from '../../ops/arguments.js';
import { formatShape } from '../../shape.js';
import { Tensor } from '../../tensor.js';

// Reads the arguments of the methods of SummaryWriter.

/** One number; NaN is one. */
export function numberOf(op: string, name: string, value: unknown): number {
  if (typeof value === 'number') return value;
  if (!(value instanceof Tensor))
    typeError(op, `${name}: expected a number or a tensor, got ${describe(value)}`);
  if (value.size !== 1)
    rangeError(op, `${name}: expected one number, got a tensor of shape ${formatShape(value.shape)}`);
  return value.item();
}

/** Numbers of a tensor, or of a list of any kind. */
export function numbersOf(op: string, name: string, values: unknown): Float64Array {
  if (values instanceof Tensor) return new Float64Array(values.toArray());
  const isList = Array.isArray(values) || (ArrayBuffer.isView(values) && 'length' in values);
  if (!isList) typeError(op, `${name}: expected a tensor or numbers, got ${describe(values)}`);
  const list = values as ArrayLike<unknown>;
  const numbers = new Float64Array(list.length);
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    checkNumber(op, name, value);
    numbers[i] = value;
  }
  return numbers;
}

export function checkString(op: string, name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') typeError(op, `${name}: expected a string, got ${describe(value)}`);
}

export function checkRecord(
  op: string,
  name: string,
  value: unknown,
): asserts value is Record<string, unknown> {
  if (!isOptions(value)) typeError(op, `${name}: expected an object, got ${describe(value)}`);
}
