import { full, getBackend, noGrad, setBackend, tidy, Tensor } from '../../lib/index.js';
import type { DType } from '../../lib/dtype.js';
import type { Nd } from './oracle.js';

/**
 * The backends to test. Both, unless MGP_BACKEND says `reference`: an addon that does not load must fail the tests, not
 * silence them.
 */
export const BACKENDS: readonly ('reference' | 'native')[] =
  process.env.MGP_BACKEND === 'reference' ? ['reference'] : ['reference', 'native'];

/** Runs `fn` on a backend, and puts back the one that was in use. */
export function onBackend<T>(name: 'reference' | 'native', fn: () => T): T {
  const before = getBackend();
  setBackend(name);
  try {
    return fn();
  } finally {
    setBackend(before);
  }
}

/** How far a result may be from what it should be, relative to its size (or absolute, below 1). */
export const TOLERANCE: Record<DType, number> = {
  float32: 2e-5,
  float64: 1e-12,
  int32: 0,
  uint8: 0,
  bool: 0,
};

/** What is wrong with a tensor that should have a shape and values; empty when nothing is. */
export function differs(actual: Tensor, expected: Nd, tolerance = TOLERANCE[actual.dtype]): string {
  if (actual.shape.join() !== expected.shape.join())
    return `shape (${actual.shape.join(', ')}), expected (${expected.shape.join(', ')})`;
  const values = actual.toArray();
  const at = expected.data.findIndex((want, i) => !near(values[i], want, tolerance));
  return at < 0 ? '' : `element ${at} is ${values[at]}, expected ${expected.data[at]}`;
}

/** Whether two numbers are the same, or so near that rounding explains it. NaN is NaN; infinities are themselves. */
export const near = (a: number, b: number, tolerance: number): boolean =>
  Object.is(a, b) || a === b || Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));

/** The shape and the elements of a tensor. */
export const snapshot = (x: Tensor): Nd => ({ shape: [...x.shape], data: [...x.toArray()] });

/** Whether two tensors are the same to the last bit. */
export function sameBits(a: Tensor | Nd, b: Tensor | Nd): boolean {
  const [x, y] = [a, b].map((v) => (v instanceof Tensor ? snapshot(v) : v));
  return x.shape.join() === y.shape.join() && x.data.every((value, i) => Object.is(value, y.data[i]));
}

/**
 * Fills the free list with buffers of NaN, in all the sizes small tensors have. Whoever reads memory that was not
 * written, or was given back, will now show it.
 */
export function poison(copies = 3): void {
  noGrad(() =>
    tidy(() => {
      for (let bytes = 64; bytes <= 2048; bytes += 64)
        for (let i = 0; i < copies; i++) full([bytes / 8], NaN, { dtype: 'float64' });
    }),
  );
}

/** Changes a tensor in place, outside the graph: numbers by 1, booleans to their opposites. */
export function disturb(x: Tensor): void {
  noGrad(() => {
    if (x.dtype === 'bool') x.copy_(x.logicalNot());
    else x.add_(1);
  });
}
