import { checkFits, isFloat, type DType } from '../dtype.js';
import { describe, rangeError, typeError } from '../errors.js';
import { checkShape, type Shape } from '../shape.js';
import { empty, type Tensor } from '../tensor.js';
import { isOptions, putNamed } from './arguments.js';
import { checkFinite, finish, readOptions, tensor, type CreateOptions } from './create.js';

// Numbers in a row.

/**
 * What {@link arange} takes, by name.
 * @inline
 */
interface Steps {
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
}

/**
 * The numbers from `start` (default 0) up to, not including, `end`, `step` (default 1) apart.
 * Default dtype: int32 when all are whole numbers, else float32.
 * @see https://pytorch.org/docs/stable/generated/torch.arange.html
 */
export function arange(end: number, options?: CreateOptions): Tensor;
export function arange(start: number, end: number, options?: CreateOptions): Tensor;
export function arange(start: number, end: number, step: number, options?: CreateOptions): Tensor;
export function arange(start: number, options: CreateOptions & Steps): Tensor;
export function arange(start: number, end: number, options: CreateOptions & Steps): Tensor;
export function arange(options: CreateOptions & Steps): Tensor;
export function arange(...given: readonly unknown[]): Tensor {
  const args = inOrder(given);
  const count = args.findIndex((arg) => typeof arg !== 'number');
  const numbers = (count < 0 ? args : args.slice(0, count)) as number[];
  const [options, ...rest] = (count < 0 ? [] : args.slice(count)) as (CreateOptions | undefined)[];
  const [start, end, step] =
    numbers.length === 1 ? [0, numbers[0], 1] : [numbers[0], numbers[1], numbers[2] ?? 1];
  if (numbers.length < 1 || numbers.length > 3 || rest.some((arg) => arg !== undefined))
    typeError('arange', `expected one to three numbers, got ${args.map(describe).join(', ') || 'none'}`);
  numbers.forEach((n) => checkFinite('arange', n));
  if (step === 0) rangeError('arange', 'step: expected a number other than 0');
  const whole = numbers.every(Number.isInteger);
  const { dtype, requiresGrad } = readOptions('arange', options, whole ? 'int32' : 'float32');
  const length = Math.max(0, Math.ceil((end - start) / step));
  checkShape('arange', [length]);
  checkFits('arange', dtype, start);
  checkFits('arange', dtype, start + Math.max(0, length - 1) * step);
  return finish(
    generate([length], dtype, (i) => start + i * step),
    requiresGrad,
  );
}

/** The arguments of {@link arange} by position: a number alone is the end, unless there is one by name. */
function inOrder(args: readonly unknown[]): (number | CreateOptions | undefined)[] {
  const last = args.at(-1);
  const isAlone = args.length === 2 && typeof args[0] === 'number' && isOptions(last) && !('end' in last);
  const isNamed = isOptions(last) && ('start' in last || 'end' in last || 'step' in last);
  if (!isNamed) return args as (number | CreateOptions | undefined)[];
  const [start = 0, end, step = 1, options] = putNamed('arange', isAlone ? [undefined, ...args] : args, [
    'start',
    'end',
    'step',
  ]) as [number?, number?, number?, CreateOptions?];
  return [start, end, step, options];
}

/**
 * `steps` numbers from `start` to `end`, both included, evenly apart.
 * @see https://pytorch.org/docs/stable/generated/torch.linspace.html
 */
export function linspace(start: number, end: number, steps: number, options?: CreateOptions): Tensor;
export function linspace(
  start: number,
  options: CreateOptions & { readonly end: number; readonly steps: number },
): Tensor;
export function linspace(
  start: number,
  end: number,
  options: CreateOptions & { readonly steps: number },
): Tensor;
export function linspace(...args: readonly unknown[]): Tensor {
  const [start, end, steps, options] = putNamed('linspace', args, ['start', 'end', 'steps']) as [
    number,
    number,
    number,
    CreateOptions?,
  ];
  checkFinite('linspace', start);
  checkFinite('linspace', end);
  checkShape('linspace', [steps]);
  const { dtype, requiresGrad } = readOptions('linspace', options, 'float32');
  checkFits('linspace', dtype, start);
  checkFits('linspace', dtype, end);
  const step = steps > 1 ? (end - start) / (steps - 1) : 0;
  // From the nearer end, so that the last number is `end` itself.
  const at = (i: number): number => (i < steps / 2 ? start + i * step : end - (steps - 1 - i) * step);
  return finish(generate([steps], dtype, steps === 1 ? () => start : at), requiresGrad);
}

/**
 * `steps` powers of `base` (default 10), whose exponents go evenly from `start` to `end`, both included.
 * @see https://pytorch.org/docs/stable/generated/torch.logspace.html
 */
export function logspace(
  start: number,
  end: number,
  steps: number,
  options?: CreateOptions & { readonly base?: number },
): Tensor;
export function logspace(
  start: number,
  end: number,
  steps: number,
  base: number,
  options?: CreateOptions,
): Tensor;
export function logspace(...args: readonly unknown[]): Tensor {
  const [start, end, steps, base = 10, options] = putNamed('logspace', args, [
    'start',
    'end',
    'steps',
    'base',
  ]) as [number, number, number, (number | CreateOptions)?, CreateOptions?];
  const isBase = typeof base === 'number';
  const { dtype, requiresGrad } = readOptions('logspace', isBase ? options : base, 'float32');
  checkFinite('logspace', start);
  checkFinite('logspace', end);
  const exponents = linspace(start, end, steps, { dtype: 'float64' }).data;
  const powers = Float64Array.from(exponents, (x) => (isBase ? base : 10) ** x);
  return tensor(isFloat(dtype) ? powers : powers.map(Math.trunc), { dtype, requiresGrad });
}

function generate(shape: Shape, dtype: DType, value: (i: number) => number): Tensor {
  const out = empty(shape, dtype);
  const { array } = out.storage;
  const isBool = dtype === 'bool';
  for (let i = 0; i < out.size; i++) array[i] = isBool ? Number(value(i) !== 0) : value(i);
  return out;
}
