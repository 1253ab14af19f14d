import { describe, rangeError, shapeError, typeError } from './errors.js';
import { isGradEnabled, noGrad } from './grad-mode.js';
import { trackAll } from './ops/primitive.js';
import { zeros } from './ops/create.js';
import { formatShape, sameShape } from './shape.js';
import { unscoped } from './storage.js';
import { checkTensor, Tensor, viewOf } from './tensor.js';

/** What `backward` of a {@link Function} returns: for each argument of `forward` a gradient, or null. */
export type FunctionGradients = Tensor | null | undefined | readonly (Tensor | null | undefined)[];

/**
 * What `forward` of a {@link Function} leaves for `backward`: tensors through `saveForBackward`, anything else as a
 * property (`ctx.power = 3`).
 */
export class FunctionContext {
  /** For each argument of `forward`, whether it is a tensor that requires grad. */
  readonly needsInputGrad: readonly boolean[];
  /** What {@link saveForBackward} was called with; empty before. */
  savedTensors: readonly Tensor[] = [];
  [name: string]: unknown;
  readonly #nonDifferentiable = new Set<Tensor>();
  #materializeGrads = true;

  constructor(needsInputGrad: readonly boolean[]) {
    this.needsInputGrad = needsInputGrad;
  }

  /**
   * Saves inputs and results for `backward`, which finds them in `savedTensors`. If one is changed in place before, that is
   * an error, as for the ops of the library.
   * @see https://pytorch.org/docs/stable/generated/torch.autograd.function.FunctionCtx.save_for_backward.html
   */
  saveForBackward(...tensors: Tensor[]): void {
    tensors.forEach((tensor, i) => {
      checkTensor('saveForBackward', tensor, `tensors[${i}]`);
    });
    this.savedTensors = tensors;
  }

  /**
   * Says that no gradient flows through these results.
   * @see https://pytorch.org/docs/stable/generated/torch.autograd.function.FunctionCtx.mark_non_differentiable.html
   */
  markNonDifferentiable(...results: Tensor[]): void {
    results.forEach((tensor, i) => {
      checkTensor('markNonDifferentiable', tensor, `results[${i}]`);
      this.#nonDifferentiable.add(tensor);
    });
  }

  /**
   * Whether `backward` gets zeros for results that no gradient has reached, or null. Default true.
   * @see https://pytorch.org/docs/stable/generated/torch.autograd.function.FunctionCtx.set_materialize_grads.html
   */
  setMaterializeGrads(value: boolean): void {
    if (typeof value !== 'boolean')
      typeError('setMaterializeGrads', `expected true or false, got ${describe(value)}`);
    this.#materializeGrads = value;
  }

  /** For the library: what was marked, and how. */
  static marks(ctx: FunctionContext): { nonDifferentiable: ReadonlySet<Tensor>; materializeGrads: boolean } {
    return { nonDifferentiable: ctx.#nonDifferentiable, materializeGrads: ctx.#materializeGrads };
  }
}

/** A subclass of {@link Function}: `forward` and `backward` are static. */
export interface FunctionClass<Args extends unknown[], Out> {
  readonly name: string;
  /** Computes the results; it is not recorded. */
  forward(ctx: FunctionContext, ...args: Args): Out;
  /** Gets the gradient of each result, and returns one for each argument of `forward`. */
  backward(ctx: FunctionContext, ...grads: Tensor[]): FunctionGradients;
}

/**
 * An op of your own: a subclass has a static `forward`, which computes, and a static `backward`, its gradient.
 * ```ts
 * class Exp extends Function {
 *   static forward(ctx: FunctionContext, x: Tensor) {
 *     const y = x.exp();
 *     ctx.saveForBackward(y);
 *     return y;
 *   }
 *   static backward(ctx: FunctionContext, g: Tensor) {
 *     return g.mul(ctx.savedTensors[0]);
 *   }
 * }
 * const y = Exp.apply(x);
 * ```
 * `forward` is not recorded; it takes any arguments and returns a tensor or an array of tensors. `backward` takes the
 * gradient of each result and returns one for each argument of `forward`: null for what is no tensor, and where there is none.
 * It is recorded under `createGraph`, so that written in differentiable ops it has a gradient of its own; where it cannot
 * have one, wrap it in {@link onceDifferentiable}.
 * @see https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function
 */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- a class is what PyTorch's users derive from
export abstract class Function {
  /**
   * Runs `forward`, and records `backward` for its gradient.
   * @throws TypeError when `forward` returns anything but tensors; later RangeError, ShapeError or TypeError when `backward`
   *   returns too few or too many gradients, or one of another shape or dtype. All begin with the name of the class.
   */
  static apply<Args extends unknown[], Out extends Tensor | readonly Tensor[]>(
    this: FunctionClass<Args, Out>,
    ...args: Args
  ): Out {
    const { name } = this;
    if (typeof this.forward !== 'function' || typeof this.backward !== 'function')
      typeError(name, 'expected a class with static forward and backward');
    const ctx = new FunctionContext(args.map((arg) => arg instanceof Tensor && arg.requiresGrad));
    const returned: unknown = noGrad(() => this.forward(ctx, ...args));
    const list: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
    if (list.length === 0) typeError(name, 'forward: expected a tensor or an array of tensors, got none');
    const parents = args.filter((arg) => arg instanceof Tensor);
    const { nonDifferentiable, materializeGrads } = FunctionContext.marks(ctx);
    const differentiable = new Set<Tensor>();
    const outs = list.map((value, i) => {
      checkTensor(name, value, `result ${i} of forward`);
      // An input that is returned, or a tensor with a history of its own, stays what it is.
      const isOld = value.requiresGrad || parents.includes(value) || differentiable.has(value);
      const out = isOld ? viewOf(value, value.shape, value.strides) : value;
      if (!nonDifferentiable.has(value)) differentiable.add(out);
      return out;
    });
    const shapes = outs.map(({ shape, dtype }) => ({ shape, dtype }));

    trackAll(
      name,
      outs,
      parents,
      ctx.savedTensors,
      (grads) => {
        let found: readonly (Tensor | null)[] | null = null;
        const run = (): readonly (Tensor | null)[] => {
          const given = shapes.map(({ shape, dtype }, i) => {
            const grad = grads[i] ?? null;
            // Who has seen a gradient may hold on to it.
            if (grad !== null) grad.storage.kept = true;
            return grad ?? (materializeGrads ? zeros(shape, { dtype }) : null);
          });
          return readGradients(
            name,
            unscoped(() => this.backward(ctx, ...(given as Tensor[]))),
            args,
          );
        };
        return parents.map((_, i) => () => (found ??= run())[i]);
      },
      (out) => differentiable.has(out),
    );
    return (Array.isArray(returned) ? outs : outs[0]) as Out;
  }
}

/** The gradients that a `backward` returned for the tensors among the arguments, checked. */
function readGradients(name: string, returned: unknown, args: readonly unknown[]): (Tensor | null)[] {
  const list: readonly unknown[] = Array.isArray(returned) ? returned : [returned];
  const isRest = (value: unknown): boolean => value === null || value === undefined;
  if (list.length < args.length || !list.slice(args.length).every(isRest))
    rangeError(
      name,
      `backward: expected ${args.length} gradients, one for each argument of forward, got ${list.length}`,
    );
  const gradients: (Tensor | null)[] = [];
  args.forEach((arg, i) => {
    const gradient = list[i] ?? null;
    if (!(arg instanceof Tensor)) {
      if (gradient !== null)
        typeError(
          name,
          `backward: expected null for argument ${i}, which is no tensor, got ${describe(gradient)}`,
        );
      return;
    }
    if (gradient === null) {
      gradients.push(null);
      return;
    }
    checkTensor(name, gradient, `backward: gradient ${i}`);
    if (!sameShape(gradient.shape, arg.shape))
      shapeError(
        name,
        `backward: gradient ${i}: expected shape ${formatShape(arg.shape)}, got ${formatShape(gradient.shape)}`,
      );
    if (gradient.dtype !== arg.dtype && arg.requiresGrad)
      typeError(name, `backward: gradient ${i}: expected ${arg.dtype}, got ${gradient.dtype}`);
    gradients.push(gradient);
  });
  return gradients;
}

/**
 * Wraps the `backward` of a {@link Function} that has no gradient itself. It is not recorded, and whoever asks for its
 * gradient gets an error instead of zeros.
 * ```ts
 * static backward = onceDifferentiable((ctx, g: Tensor) => …);
 * ```
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.function.once_differentiable.html
 */
export function onceDifferentiable<Ctx extends FunctionContext, Grads extends unknown[]>(
  backward: (ctx: Ctx, ...grads: Grads) => FunctionGradients,
): (ctx: Ctx, ...grads: Grads) => FunctionGradients {
  if (typeof backward !== 'function')
    typeError('onceDifferentiable', `expected a function, got ${describe(backward)}`);
  return function (this: unknown, ctx: Ctx, ...grads: Grads) {
    const returned = noGrad(() => backward.call(this, ctx, ...grads));
    if (!isGradEnabled()) return returned;
    // Whatever it was computed from, the saved tensors as much as the gradients: the way there ends with an error.
    const parents = [...grads, ...ctx.savedTensors].filter((x) => x instanceof Tensor);
    const refuse = (value: Tensor | null | undefined): Tensor | null | undefined => {
      if (!(value instanceof Tensor)) return value;
      const copy = viewOf(value, value.shape, value.strides);
      return trackAll('onceDifferentiable', [copy], parents, [], () => {
        throw new Error(
          '[onceDifferentiable] a second gradient was asked of a backward that is differentiable only once',
        );
      })[0];
    };
    return Array.isArray(returned)
      ? (returned as readonly (Tensor | null | undefined)[]).map(refuse)
      : refuse(returned as Tensor | null | undefined);
  };
}
