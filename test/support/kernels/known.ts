import test from 'ava';
import type { Backend, Operand } from '../../../lib/backend/contract.js';
import { loadNative } from '../../../lib/backend/native.js';
import { reference } from '../../../lib/backend/reference/index.js';
import { arrayOf, type DType } from '../../../lib/dtype.js';
import { contiguousStrides, sizeOf, type Shape } from '../../../lib/shape.js';
import { borrow } from '../../../lib/storage.js';
import { read, view } from './trial.js';

// What tests of kernels against known numbers are written in.

/** A contiguous operand with these elements; zeros when there are none. */
export function tensor(shape: Shape, elements: readonly number[] = [], dtype: DType = 'float64'): Operand {
  const array = new (arrayOf(dtype))(sizeOf(shape));
  array.set(elements);
  return view(borrow(array.buffer, dtype), 0, shape, contiguousStrides(shape));
}

export const vector = (elements: readonly number[], dtype: DType = 'float64'): Operand =>
  tensor([elements.length], elements, dtype);

/** 0, 1, 2, … modulo `modulus`, shifted: numbers that fill a tensor and are still easy to write in Python. */
export const cycle = (shape: Shape, modulus: number, shift: number): Operand =>
  tensor(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => (i % modulus) + shift),
  );

const backends: readonly (() => Backend)[] =
  process.env.MGP_BACKEND === 'reference' ? [() => reference] : [() => reference, loadNative];

/** A test of every backend. */
export function each(title: string, check: (t: Checks, kernels: Backend) => void): void {
  backends.forEach((load, i) => {
    test(`${title} (${['reference', 'native'][i]})`, (t) => {
      check(
        {
          is: (actual, expected) => t.deepEqual(read(actual), [...expected]),
          close(actual, expected, tolerance = 1e-12) {
            const elements = read(actual);
            t.is(elements.length, expected.length);
            elements.forEach((x, j) => {
              const isSame = Object.is(x, expected[j]) || x === expected[j];
              const message = `element ${j}: ${x}, expected ${expected[j]}`;
              t.true(
                isSame || Math.abs(x - expected[j]) <= tolerance * Math.max(1e-9, Math.abs(expected[j])),
                message,
              );
            });
          },
          throws: (fn, message) => t.throws(fn, { instanceOf: RangeError, message }),
          equal: (actual, expected) => t.deepEqual(actual, expected),
        },
        load(),
      );
    });
  });
}

interface Checks {
  /** Element for element, with NaN equal to itself and -0 unlike 0. */
  is(actual: Operand, expected: readonly number[]): void;
  close(actual: Operand, expected: readonly number[], tolerance?: number): void;
  throws(fn: () => void, message: string | RegExp): void;
  equal(actual: unknown, expected: unknown): void;
}
