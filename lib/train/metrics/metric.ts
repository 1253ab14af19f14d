import { describe, typeError } from '../../errors.js';
import { checkTensor, type Tensor } from '../../tensor.js';

/** Whether smaller (`min`) or larger (`max`) values are better. */
export type Mode = 'min' | 'max';

/**
 * The base class of metrics. A metric of your own starts with a state of plain values (which `JSON` can write, for
 * checkpoints), adds each batch to it, and computes its value from it in the end:
 * ```ts
 * class Bias extends train.Metric<{ sum: number; count: number }> {
 *   readonly name = 'bias';
 *   readonly mode = 'min';
 *   protected start() { return { sum: 0, count: 0 }; }
 *   update(output: Tensor, target: Tensor) {
 *     this.state.sum += output.sub(target).sum().item();
 *     this.state.count += target.size;
 *   }
 *   compute() { return Math.abs(this.state.sum / this.state.count); }
 * }
 * ```
 */
export abstract class Metric<State = unknown> {
  /** Its name in results, unless it is given another. */
  abstract readonly name: string;
  /** Whether smaller or larger values are better. */
  abstract readonly mode: Mode;
  #state: { readonly value: State } | null = null;

  /** The state after the batches so far. */
  protected get state(): State {
    return (this.#state ??= { value: this.start() }).value;
  }

  /** The state before the first batch. */
  protected abstract start(): State;

  /** Adds a batch. `fit` calls it without gradients, inside a scope. */
  abstract update(output: Tensor, target: Tensor): void;

  /** The value for all batches since the last {@link reset}. */
  abstract compute(): number;

  /** Forgets all batches. */
  reset(): void {
    this.#state = null;
  }

  /** A copy of the state, plain values. */
  stateDict(): unknown {
    return structuredClone(this.state);
  }

  /** Puts back what {@link stateDict} gave. */
  loadStateDict(state: unknown): void {
    if (typeof state !== typeof this.start())
      typeError(this.name, `loadStateDict: expected what stateDict gave, got ${describe(state)}`);
    this.#state = { value: structuredClone(state) as State };
  }
}

/** Throws unless outputs and targets are tensors. */
export function checkPair(op: string, output: unknown, target: unknown): void {
  checkTensor(op, output, 'output');
  checkTensor(op, target, 'target');
}
