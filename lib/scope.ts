import { typeError, describe } from './errors.js';
import { callSync } from './grad-mode.js';
import { adopt, closeScope, isOpen, openScope, type Storage } from './storage.js';
import { Tensor } from './tensor.js';

/** The storages of all tensors in a value: a tensor, or tensors in arrays, maps and plain objects. */
function storagesIn(value: unknown, found = new Set<Storage>(), seen = new Set<object>()): Set<Storage> {
  if (typeof value !== 'object' || value === null || seen.has(value) || ArrayBuffer.isView(value))
    return found;
  seen.add(value);
  if (value instanceof Tensor) {
    found.add(value.storage);
    storagesIn(value.grad, found, seen);
  } else if (value instanceof Map || value instanceof Set) {
    for (const item of value) storagesIn(item, found, seen);
  } else for (const item of Object.values(value)) storagesIn(item, found, seen);
  return found;
}

/**
 * Runs `fn` and gives the memory of every tensor made meanwhile back at once, but for those it returns (also in arrays
 * and objects), gradients in `.grad`, parameters, optimizer state, and what `keep` was called for. Never needed for
 * correctness: what no scope frees, the garbage collector does. A loop with scopes reuses the same memory at each step.
 * @throws TypeError when `fn` is async; ReferenceError later, from whoever uses a tensor that was freed here.
 */
export function tidy<T>(fn: () => T): T {
  const { outer, made } = openScope();
  let result: T;
  let survivors = new Set<Storage>();
  try {
    result = callSync('tidy', fn);
    survivors = storagesIn(result);
  } finally {
    endScope(outer, made, survivors);
  }
  return result;
}

function endScope(outer: Storage[] | null, made: readonly Storage[], survivors: ReadonlySet<Storage>): void {
  closeScope(outer);
  for (const storage of made) {
    if (survivors.has(storage)) adopt(storage);
    else storage.recycle();
  }
}

/**
 * Opens a scope that ends with the block: `using _ = scope();`. What it frees, and when, is as with {@link tidy};
 * tensors that must outlive it go through {@link keep}.
 * @throws Error at its end, when scopes do not end in the reverse order of their beginnings.
 */
export function scope(): Disposable {
  const { outer, made } = openScope();
  let open = true;
  return {
    [Symbol.dispose]() {
      if (!open) return;
      open = false;
      if (!isOpen(made)) {
        // Nobody can tell any more what belongs to whom: all of it is left to the collector.
        closeScope(null);
        throw new Error(
          '[scope] scopes end in the reverse order of their beginnings; was this one held across an await?',
        );
      }
      endScope(outer, made, new Set());
    },
  };
}

/** Keeps a tensor from being freed by any scope, from now on. */
export function keep(x: Tensor): Tensor {
  if (!(x instanceof Tensor)) typeError('keep', `expected a tensor, got ${describe(x)}`);
  x.storage.kept = true;
  return x;
}
