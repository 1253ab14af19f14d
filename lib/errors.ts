/** A shape, size or index that does not fit: the wrong size of the right kind of thing. */
export class ShapeError extends RangeError {
  override name = 'ShapeError';
}

/** Throws a `ShapeError`: `[op] message`. */
export function shapeError(op: string, message: string): never {
  throw new ShapeError(`[${op}] ${message}`);
}

/** Throws a `RangeError` (a value outside what is allowed): `[op] message`. */
export function rangeError(op: string, message: string): never {
  throw new RangeError(`[${op}] ${message}`);
}

/** Throws a `TypeError` (the wrong kind of thing): `[op] message`. */
export function typeError(op: string, message: string): never {
  throw new TypeError(`[${op}] ${message}`);
}

/** Throws unless an option is a boolean. */
export function checkBoolean(op: string, name: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') typeError(op, `${name}: expected true or false, got ${describe(value)}`);
}

/** Whether a value is a class that can only be called with `new`. */
export const isClass = (value: unknown): value is { readonly name: string } =>
  typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));

/** Says what a value is, for the "what came" half of a message. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) return String(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return isClass(value) ? `the class ${value.name}` : 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'symbol') return 'a symbol';
  const name = value.constructor?.name ?? 'object without a prototype';
  return `${/^[aeiou]/i.test(name) && !name.startsWith('U') ? 'an' : 'a'} ${name}`;
}
