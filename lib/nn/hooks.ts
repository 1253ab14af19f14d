import { rangeError, typeError } from '../errors.js';
import { isGradEnabled } from '../grad-mode.js';
import { trackAll } from '../ops/primitive.js';
import { unscoped } from '../storage.js';
import { Tensor, viewOf } from '../tensor.js';
import type { AnyModule } from './module.js';

/** Looks at the inputs of `forward` before it runs; what it returns takes their place (a single value, the only one's). */
export type ForwardPreHook<M, In extends unknown[]> = (module: M, inputs: In) => In | In[0] | void;

/** Looks at what `forward` gave; what it returns takes its place. */
export type ForwardHook<M, In extends unknown[], Out> = (module: M, inputs: In, output: Out) => Out | void;

/** Gradients of inputs or results in their order: null for what is no tensor, and where none has arrived. */
export type Gradients = readonly (Tensor | null)[];

/** Looks at the gradients of the inputs and of the results; what it returns takes the place of those of the inputs. */
export type BackwardHook<M> = (
  module: M,
  gradInput: Gradients,
  gradOutput: Gradients,
) => Tensor | Gradients | void;

/** Looks at the gradients of the results before those of the inputs are computed; what it returns takes their place. */
export type BackwardPreHook<M> = (module: M, gradOutput: Gradients) => Tensor | Gradients | void;

/** The hooks of a module, each list in the order of registration. */
export class ModuleHooks {
  readonly forwardPre = new Map<object, ForwardPreHook<AnyModule, unknown[]>>();
  readonly forward = new Map<object, ForwardHook<AnyModule, unknown[], unknown>>();
  readonly backwardPre = new Map<object, BackwardPreHook<AnyModule>>();
  readonly backward = new Map<object, BackwardHook<AnyModule>>();

  /** Runs `forward` with the hooks around it. */
  run(module: AnyModule, forward: (...inputs: unknown[]) => unknown, given: unknown[]): unknown {
    let inputs = given;
    for (const hook of [...this.forwardPre.values()]) {
      const next: unknown = hook(module, inputs);
      if (isGiven(next)) inputs = Array.isArray(next) ? (next as unknown[]) : [next];
    }
    const isWatched = isGradEnabled() && this.backward.size + this.backwardPre.size > 0;
    const watch = isWatched ? new Watch(module, this) : null;
    if (watch !== null) inputs = watch.inputs(inputs);
    let output = forward.apply(module, inputs);
    for (const hook of [...this.forward.values()]) {
      const next: unknown = hook(module, inputs, output);
      if (isGiven(next)) output = next;
    }
    return watch === null ? output : watch.outputs(output);
  }
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

/** One call of a module whose gradients are looked at: its tensors go through views whose backward rules call the hooks. */
class Watch {
  readonly #module: AnyModule;
  readonly #hooks: ModuleHooks;
  #gradOutput: Gradients = [];
  #inputCount = 0;
  /** Whether a rule at the inputs will call the hooks, or nobody but the one at the results. */
  #watchesInputs = false;

  constructor(module: AnyModule, hooks: ModuleHooks) {
    this.#module = module;
    this.#hooks = hooks;
  }

  inputs(inputs: readonly unknown[]): unknown[] {
    this.#inputCount = inputs.length;
    this.#watchesInputs = inputs.some(requiresGrad);
    return this.#through(inputs, (gradInput) => this.#callBackward(gradInput));
  }

  outputs(output: unknown): unknown {
    const list: readonly unknown[] = Array.isArray(output) ? output : [output];
    const views = this.#through(list, (grads) => {
      let gradOutput = grads;
      for (const hook of [...this.#hooks.backwardPre.values()])
        gradOutput = replaced('registerFullBackwardPreHook', gradOutput, hook(this.#module, gradOutput));
      this.#gradOutput = gradOutput;
      if (!this.#watchesInputs) this.#callBackward(new Array<null>(this.#inputCount).fill(null));
      return gradOutput;
    });
    return Array.isArray(output) ? views : views[0];
  }

  #callBackward(given: Gradients): Gradients {
    let gradInput = given;
    for (const hook of [...this.#hooks.backward.values()])
      gradInput = replaced(
        'registerFullBackwardHook',
        gradInput,
        hook(this.#module, gradInput, this.#gradOutput),
      );
    return gradInput;
  }

  /** The same values, the tensors that require grad as views whose gradients go through `rule`. */
  #through(values: readonly unknown[], rule: (grads: Gradients) => Gradients): unknown[] {
    const places = values.map((_, i) => i).filter((i) => requiresGrad(values[i]));
    const tensors = places.map((i) => values[i] as Tensor);
    const views = tensors.map((x) => viewOf(x, x.shape, x.strides));
    trackAll(`hooks of ${this.#module.constructor.name}`, views, tensors, [], (grads) => {
      const all = new Array<Tensor | null>(values.length).fill(null);
      places.forEach((place, i) => {
        const grad = grads[i] ?? null;
        // Who has seen a gradient may hold on to it.
        if (grad !== null) grad.storage.kept = true;
        all[place] = grad;
      });
      const passed = unscoped(() => rule(all));
      return places.map((place) => () => passed[place]);
    });
    const through = [...values];
    places.forEach((place, i) => (through[place] = views[i]));
    return through;
  }
}

const requiresGrad = (value: unknown): boolean => value instanceof Tensor && value.requiresGrad;

/** The gradients after a hook: what it returned, checked, or what they were. */
function replaced(op: string, before: Gradients, returned: unknown): Gradients {
  if (!isGiven(returned)) return before;
  const list: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  if (list.length !== before.length)
    rangeError(op, `the hook returned ${list.length} gradients, expected ${before.length}`);
  return list.map((value, i) => {
    if (value !== null && value !== undefined && !(value instanceof Tensor))
      typeError(op, `the hook returned what is neither a tensor nor null for gradient ${i}`);
    return value ?? null;
  });
}
