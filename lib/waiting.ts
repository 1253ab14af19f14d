import { backend } from './backend/select.js';
import { shapeError, typeError } from './errors.js';
import { clone } from './ops/broadcast.js';
import { add } from './ops/pointwise.js';
import { formatShape, sameShape } from './shape.js';
import { adopt, closeScope, openScope, type Storage } from './storage.js';
import { checkTensor, type Tensor } from './tensor.js';

/**
 * The gradients of a running backward pass, each waiting at its node until all that flow into it are added up.
 *
 * What the pass itself makes it gives back as soon as it is consumed: a finalizer would not run before a synchronous
 * training loop ends, and reusing warm memory is faster than asking for new. `storage.pending` counts how many waiting
 * gradients lie in a storage (several may: views, or one gradient handed to two parents); at 0 it is recycled.
 * Storages that the pass did not make (`pending` -1) are left alone, and so is everything under `createGraph`, where
 * the gradients are part of a graph themselves.
 */
export class Waiting {
  readonly #gradients = new Map<Tensor, Tensor>();
  readonly #parts = new Map<Tensor, Tensor[]>();
  readonly #createGraph: boolean;

  constructor(createGraph: boolean) {
    this.#createGraph = createGraph;
  }

  /** The sum of the gradients that have reached `node`. */
  of(node: Tensor): Tensor | undefined {
    return this.#gradients.get(node);
  }

  /** Adds a gradient to what waits at `node`. */
  add(node: Tensor, gradient: Tensor): void {
    const there = this.#gradients.get(node);
    if (there === undefined) {
      this.#gradients.set(node, gradient);
      hold(gradient.storage);
    } else if (this.#owns(there)) {
      backend.binary('add', there, gradient, there);
    } else {
      this.collect(
        () => [add(there, gradient)],
        (sum) => {
          this.#gradients.set(node, sum);
          hold(sum.storage);
          letGo(there.storage);
        },
      );
    }
  }

  /** Adds the gradient of one result to what waits at the joint of an op with several. */
  addPart(joint: Tensor, part: number, gradient: Tensor): void {
    let parts = this.#parts.get(joint);
    if (parts === undefined) this.#parts.set(joint, (parts = []));
    parts[part] = gradient;
    hold(gradient.storage);
  }

  /** The gradients of the results that have reached a joint; where none has, the place is empty. */
  partsOf(joint: Tensor): Tensor[] | undefined {
    return this.#parts.size === 0 ? undefined : this.#parts.get(joint);
  }

  /** A joint is done with the gradients of its results. */
  partsDone(joint: Tensor, parts: readonly Tensor[]): void {
    this.#parts.delete(joint);
    parts.forEach((gradient) => {
      letGo(gradient.storage);
    });
  }

  /** Calls the hooks of `node` with the gradient that waits there, and returns what waits there then. */
  callHooks(node: Tensor, gradient: Tensor): Tensor {
    let current = gradient;
    for (const hook of [...(node.hooks?.gradient.values() ?? [])]) {
      // Who has seen a gradient may hold on to it.
      current.storage.kept = true;
      const next: unknown = hook(current);
      if (next === undefined || next === null) continue;
      checkHooked(node, next);
      hold(next.storage);
      this.#gradients.set(node, next);
      letGo(current.storage);
      current = next;
    }
    return current;
  }

  /** `node` is done with its gradient. */
  done(node: Tensor, gradient: Tensor): void {
    this.#gradients.delete(node);
    letGo(gradient.storage);
  }

  /** Runs `make`, passes what it returns to `use`, and recycles the rest of what was allocated meanwhile. */
  collect(make: () => (Tensor | null)[], use: (gradient: Tensor, i: number) => void): void {
    if (this.#createGraph) {
      make().forEach((gradient, i) => gradient && use(gradient, i));
      return;
    }
    const { outer, made } = openScope();
    let gradients: (Tensor | null)[];
    try {
      gradients = make();
    } finally {
      closeScope(outer);
    }
    for (const storage of made) storage.pending = 0;
    gradients.forEach((gradient, i) => gradient && use(gradient, i));
    for (const storage of made) if (storage.pending === 0) storage.recycle();
  }

  /**
   * Adds gradients to the `grad` of their nodes, in place where nobody can tell. All at the end: until then a rule may
   * read what a `grad` held before, and an error on the way leaves every `grad` as it was.
   */
  accumulate(filled: readonly (readonly [node: Tensor, gradient: Tensor])[]): void {
    const read = new Set(filled.map(([, gradient]) => gradient.storage));
    for (const [node, gradient] of filled) {
      this.#accumulate(node, gradient, read);
      this.done(node, gradient);
    }
    for (const [node] of filled)
      if (node.hooks !== null) for (const hook of [...node.hooks.accumulated.values()]) hook(node);
  }

  #accumulate(node: Tensor, gradient: Tensor, read: ReadonlySet<Storage>): void {
    const before = node.grad;
    if (before === null) {
      node.grad = this.#owns(gradient) ? gradient : clone(gradient);
      return;
    }
    checkTensor('backward', before, 'grad');
    if (!sameShape(before.shape, node.shape) || before.dtype !== node.dtype)
      throw new Error(
        `[backward] grad was set to ${before.dtype} ${formatShape(before.shape)} on a tensor that is ` +
          `${node.dtype} ${formatShape(node.shape)}`,
      );
    const isShared = read.has(before.storage) || before.storage === node.storage;
    if (this.#createGraph || before.requiresGrad || !before.isContiguous || isShared) {
      node.grad = add(before, gradient);
    } else {
      backend.binary('add', before, gradient, before);
      before.storage.version++;
    }
  }

  /** A gradient for the caller to keep. */
  take(gradient: Tensor): Tensor {
    if (this.#createGraph) return gradient;
    if (!this.#owns(gradient)) return clone(gradient);
    gradient.storage.pending = -1;
    adopt(gradient.storage);
    return gradient;
  }

  /** Whether a gradient's memory was made by this pass and nothing else that waits lies in it. */
  #owns(gradient: Tensor): boolean {
    const { storage } = gradient;
    return !this.#createGraph && storage.pending === 1 && !storage.kept && gradient.isContiguous;
  }
}

/** Throws unless a hook returned what can take the place of a gradient. */
function checkHooked(node: Tensor, value: unknown): asserts value is Tensor {
  checkTensor('registerHook', value, 'the result of the hook');
  if (!sameShape(value.shape, node.shape))
    shapeError(
      'registerHook',
      `the hook returned a gradient of shape ${formatShape(value.shape)} for a tensor of shape ${formatShape(node.shape)}`,
    );
  if (value.dtype !== node.dtype)
    typeError(
      'registerHook',
      `the hook returned a gradient that is ${value.dtype} for a tensor that is ${node.dtype}`,
    );
}

function hold(storage: Storage): void {
  if (storage.pending >= 0) storage.pending++;
}

function letGo(storage: Storage): void {
  if (storage.pending > 0 && --storage.pending === 0) storage.recycle();
}
