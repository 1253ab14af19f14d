import { describe, rangeError } from '../../errors.js';
import { noGrad } from '../../grad-mode.js';
import type { RemovableHandle } from '../../hooks.js';
import { readArgs, type Rest } from '../../ops/arguments.js';
import { sum } from '../../ops/broadcast.js';
import { div, mul, sqrt, square } from '../../ops/pointwise.js';
import { normalizeDim } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import type { AnyModule } from '../module.js';
import { Parameter } from '../parameter.js';

/** Where a module holds its weights. */
type Fields = Record<string, unknown>;

/** What {@link weightNorm} did to modules, by the name of the weight. */
const applied = new WeakMap<AnyModule, Map<string, { handle: RemovableHandle; compute: () => Tensor }>>();

/** @inline */
interface WeightNormOptions {
  readonly name?: string;
  readonly dim?: number | null;
}

/** The parameter that a module holds under a name. */
export function parameterOf(op: string, module: AnyModule, name: unknown): Parameter {
  const value = typeof name === 'string' ? (module as unknown as Fields)[name] : undefined;
  if (!(value instanceof Parameter))
    rangeError(op, `${module.constructor.name} has no parameter ${describe(name)}`);
  return value;
}

/** Puts what is computed from other parameters in the place of a parameter, or a parameter back. */
export function replaceParameter(module: AnyModule, name: string, value: Tensor): void {
  if (value instanceof Parameter && !Object.prototype.propertyIsEnumerable.call(module, name)) {
    // It was no field, but registered.
    Reflect.deleteProperty(module, name);
    module.registerParameter(name, value);
  } else {
    if (!(value instanceof Parameter)) module.registerParameter(name, null);
    (module as unknown as Fields)[name] = value;
  }
}

/** The norm over all dimensions but one; over all for null. */
function normExcept(v: Tensor, dim: number | null): Tensor {
  const others = v.shape.map((_, i) => i).filter((i) => i !== dim);
  if (others.length === 0) return sqrt(square(v));
  return sqrt(dim === null ? sum(square(v)) : sum(square(v), others, true));
}

/**
 * Has a parameter of a module be computed as `g · v / ‖v‖`, so that its length and its direction are learned apart: the
 * module has the parameters `weight_g` and `weight_v`, under PyTorch's names, in the place of `weight`.
 * @param rest `name`: of the parameter, default 'weight'; `dim`: along which there is a length each, default 0, null for one
 *   length in all
 * @returns the module
 * @see https://pytorch.org/docs/stable/generated/torch.nn.utils.weight_norm.html
 */
export function weightNorm<M extends AnyModule>(
  module: M,
  ...rest: Rest<[name: string, dim: number | null], WeightNormOptions>
): M {
  const op = 'weightNorm';
  const { name = 'weight', dim = 0 } = readArgs<WeightNormOptions>(op, rest, ['name', 'dim']);
  const weight = parameterOf(op, module, name);
  const along = dim === null ? null : normalizeDim(op, dim, weight.ndim);
  const v = new Parameter(weight);
  const g = new Parameter(noGrad(() => normExcept(weight, along)));
  module.registerParameter(`${name}_g`, g);
  module.registerParameter(`${name}_v`, v);
  const compute = (): Tensor => {
    const [length, direction] = [`${name}_g`, `${name}_v`].map((own) => (module as unknown as Fields)[own]);
    return mul(direction as Tensor, div(length as Tensor, normExcept(direction as Tensor, along)));
  };
  const update = (): void => {
    replaceParameter(module, name, compute());
  };
  update();
  const handle = module.registerForwardPreHook(update);
  const entries =
    applied.get(module) ?? new Map<string, { handle: RemovableHandle; compute: () => Tensor }>();
  applied.set(module, entries.set(name, { handle, compute }));
  return module;
}

/**
 * Undoes {@link weightNorm}: the parameter is what it was computed as last.
 * @throws RangeError when the parameter has none.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.utils.remove_weight_norm.html
 */
export function removeWeightNorm<M extends AnyModule>(module: M, name = 'weight'): M {
  const entry = applied.get(module)?.get(name);
  if (entry === undefined)
    rangeError('removeWeightNorm', `${module.constructor.name} has no weightNorm of ${describe(name)}`);
  applied.get(module)?.delete(name);
  entry.handle.remove();
  const weight = new Parameter(noGrad(entry.compute));
  module.registerParameter(`${name}_g`, null);
  module.registerParameter(`${name}_v`, null);
  replaceParameter(module, name, weight);
  return module;
}
