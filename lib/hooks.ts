import { describe, typeError } from './errors.js';
import { modeChanged } from './recording.js';
import type { GradientHook, Hooks, Tensor } from './tensor.js';

/** What registering a hook gives: it ends the hook. */
export class RemovableHandle {
  readonly #remove: () => void;

  constructor(remove: () => void) {
    this.#remove = remove;
  }

  /** Ends the hook; doing so again does nothing. */
  remove(): void {
    this.#remove();
  }
}

/**
 * Puts a hook into a list, and gives the handle that takes it out again.
 * @param prepend whether it is called before those that are there
 */
export function addHook<F>(hooks: Map<object, F>, hook: F, prepend = false): RemovableHandle {
  const handle = new RemovableHandle(() => {
    if (hooks.delete(handle)) modeChanged();
  });
  const others = prepend ? [...hooks] : [];
  if (prepend) hooks.clear();
  hooks.set(handle, hook);
  for (const [key, other] of others) hooks.set(key, other);
  // A recorded step was recorded without it.
  modeChanged();
  return handle;
}

export function checkHook(op: string, hook: unknown): void {
  if (typeof hook !== 'function') typeError(op, `expected a function, got ${describe(hook)}`);
}

const hooksOf = (x: Tensor): Hooks => (x.hooks ??= { gradient: new Map(), accumulated: new Map() });

/** `x.registerHook(hook)`. */
export function registerHook(x: Tensor, hook: GradientHook): RemovableHandle {
  checkHook('registerHook', hook);
  if (!x.requiresGrad) typeError('registerHook', 'expected a tensor that requires grad');
  return addHook(hooksOf(x).gradient, hook);
}

/** `x.registerPostAccumulateGradHook(hook)`. */
export function registerPostAccumulateGradHook(x: Tensor, hook: (tensor: Tensor) => void): RemovableHandle {
  checkHook('registerPostAccumulateGradHook', hook);
  if (!x.requiresGrad || !x.isLeaf)
    typeError('registerPostAccumulateGradHook', 'expected a leaf that requires grad');
  return addHook(hooksOf(x).accumulated, hook);
}
