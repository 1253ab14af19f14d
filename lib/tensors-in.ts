import { Tensor } from './tensor.js';

/** The tensors in a value, in lists and plain objects too, in order. */
export function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.values(value).flatMap(tensorsIn);
  return [];
}
