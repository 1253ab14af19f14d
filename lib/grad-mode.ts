import { checkBoolean, describe, typeError } from './errors.js';

let enabled = true;
/** Whether `inferenceMode` is on: what is made now can never be part of a graph. */
export let inference = false;

/** Whether ops record what they did, so that gradients can be computed. */
export const isGradEnabled = (): boolean => enabled && !inference;

/** Whether the code runs in {@link inferenceMode}. */
export const isInferenceModeEnabled = (): boolean => inference;

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

/**
 * Turns recording on or off: for all that follows, or while `fn` runs, whose result it returns.
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.grad_mode.set_grad_enabled.html
 */
export function setGradEnabled(mode: boolean): void;
export function setGradEnabled<T>(mode: boolean, fn: () => T): T;
export function setGradEnabled<T>(mode: boolean, fn?: () => T): T | undefined {
  checkBoolean('setGradEnabled', 'mode', mode);
  if (fn !== undefined) return withGradMode('setGradEnabled', mode, fn);
  enabled = mode;
  return undefined;
}

/**
 * Runs `fn` as {@link noGrad} does, and marks every tensor whose memory is made meanwhile: it never becomes part of a graph.
 * Outside, such a tensor may be used, but not changed in place, not required a gradient of, and not used where its values
 * are needed for a gradient; `clone()` there gives one that may.
 * @param mode false switches the mode off while `fn` runs, inside another one. Default true.
 * @throws TypeError when `fn` returns a promise.
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.grad_mode.inference_mode.html
 */
export function inferenceMode<T>(fn: () => T, mode = true): T {
  checkBoolean('inferenceMode', 'mode', mode);
  const before = inference;
  inference = mode;
  try {
    return callSync('inferenceMode', fn);
  } finally {
    inference = before;
  }
}

/** Where tensors that are recorded are noted, while {@link notingRecorded} runs. */
export let recorded: Set<object> | null = null;

/** Runs `fn`, and notes every tensor that is made part of a graph meanwhile. */
export function notingRecorded<T>(fn: () => T): { result: T; made: ReadonlySet<object> } {
  const before = recorded;
  const made = new Set<object>();
  recorded = made;
  try {
    return { result: fn(), made };
  } finally {
    recorded = before;
  }
}

/** Calls a function that must not be async: a thread-wide mode cannot follow it across an `await`. */
export function callSync<T>(op: string, fn: () => T): T {
  if (typeof fn !== 'function') typeError(op, `expected a function, got ${describe(fn)}`);
  const result = fn();
  if (result instanceof Promise) typeError(op, 'expected a synchronous function, got an async one');
  return result;
}
