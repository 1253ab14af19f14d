import { describe, typeError } from './errors.js';

let enabled = true;

/** Whether ops record what they did, so that gradients can be computed. */
export const isGradEnabled = (): boolean => enabled;

/** Runs `fn` with recording on or off, and puts back what was. */
export function withGradMode<T>(op: string, mode: boolean, fn: () => T): T {
  const before = enabled;
  enabled = mode;
  try {
    return callSync(op, fn);
  } finally {
    enabled = before;
  }
}

/**
 * Runs `fn` without recording: results do not require gradients, and parameters may be changed in place.
 * `fn` must not be async: the mode is the thread's, and other code would run under it.
 * @throws TypeError when `fn` returns a promise.
 * @see https://pytorch.org/docs/stable/generated/torch.no_grad.html
 */
export const noGrad = <T>(fn: () => T): T => withGradMode('noGrad', false, fn);

/** Runs `fn` with recording on, inside a `noGrad`. */
export const enableGrad = <T>(fn: () => T): T => withGradMode('enableGrad', true, fn);

/** Calls a function that must not be async: a thread-wide mode cannot follow it across an `await`. */
export function callSync<T>(op: string, fn: () => T): T {
  if (typeof fn !== 'function') typeError(op, `expected a function, got ${describe(fn)}`);
  const result = fn();
  if (result instanceof Promise) typeError(op, 'expected a synchronous function, got an async one');
  return result;
}
