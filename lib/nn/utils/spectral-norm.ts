import { describe, rangeError } from '../../errors.js';
import { noGrad } from '../../grad-mode.js';
import type { RemovableHandle } from '../../hooks.js';
import { readArgs, type Rest } from '../../ops/arguments.js';
import { clone, reshape, sum } from '../../ops/broadcast.js';
import { persistent, randn } from '../../ops/create.js';
import { copy_ } from '../../ops/inplace.js';
import { matmul } from '../../ops/matmul.js';
import { div, maximum, mul, sqrt, square } from '../../ops/pointwise.js';
import { permute, transpose } from '../../ops/shape.js';
import { normalizeDim } from '../../shape.js';
import type { Tensor } from '../../tensor.js';
import type { AnyModule } from '../module.js';
import { checkCount } from '../options.js';
import { Parameter } from '../parameter.js';
import { parameterOf, replaceParameter } from './weight-norm.js';

/** @inline */
interface SpectralNormOptions {
  readonly name?: string;
  readonly nPowerIterations?: number;
  readonly eps?: number;
  readonly dim?: number | null;
}

interface Applied {
  readonly handle: RemovableHandle;
  readonly compute: (update: boolean) => Tensor;
}

/** What {@link spectralNorm} did to modules, by the name of the weight. */
const applied = new WeakMap<AnyModule, Map<string, Applied>>();

/** How many passes the vectors begin with, as PyTorch's do. */
const FIRST_ITERATIONS = 15;

/** A weight as a matrix whose rows are along a dimension. */
function asMatrix(weight: Tensor, dim: number): Tensor {
  const order = [dim, ...weight.shape.map((_, i) => i).filter((i) => i !== dim)];
  return reshape(permute(weight, order), [weight.shape[dim], -1]);
}

const normalize = (x: Tensor, eps: number): Tensor => div(x, maximum(sqrt(sum(square(x))), eps));

/**
 * Has a parameter of a module be computed as `W / σ(W)`, its largest singular value being 1. That is found by power iteration,
 * a step for each `forward` in training; the state has `weight_orig`, `weight_u` and `weight_v`, under PyTorch's names.
 * @param rest `name`: of the parameter, default 'weight'; `nPowerIterations`: steps in each `forward`, default 1; `eps`:
 *   default 1e-12; `dim`: of the outputs, default 1 for transposed convolutions, else 0
 * @returns the module
 * @see https://pytorch.org/docs/stable/generated/torch.nn.utils.spectral_norm.html
 */
export function spectralNorm<M extends AnyModule>(
  module: M,
  ...rest: Rest<
    [name: string, nPowerIterations: number, eps: number, dim: number | null],
    SpectralNormOptions
  >
): M {
  const op = 'spectralNorm';
  const read = readArgs<SpectralNormOptions>(op, rest, ['name', 'nPowerIterations', 'eps', 'dim']);
  const { name = 'weight', nPowerIterations = 1, eps = 1e-12 } = read;
  checkCount(op, 'nPowerIterations', nPowerIterations);
  const weight = parameterOf(op, module, name);
  const dim = normalizeDim(
    op,
    read.dim ?? (module.constructor.name.startsWith('ConvTranspose') ? 1 : 0),
    weight.ndim,
  );
  const matrix = noGrad(() => clone(asMatrix(weight, dim)));
  const { dtype } = weight;
  const [u, v] = matrix.shape.map((size) => {
    const own = persistent([size], dtype);
    return noGrad(() => copy_(own, normalize(randn([size], { dtype }), eps)));
  });
  module.registerParameter(`${name}_orig`, new Parameter(weight));
  module.registerBuffer(`${name}_u`, u);
  module.registerBuffer(`${name}_v`, v);

  const iterate = (w: Tensor, count: number): void => {
    for (let i = 0; i < count; i++) {
      copy_(v, normalize(matmul(transpose(w, 0, 1), u), eps));
      copy_(u, normalize(matmul(w, v), eps));
    }
  };
  if (weight.size > 0) noGrad(() => iterate(matrix, FIRST_ITERATIONS));
  const compute = (update: boolean): Tensor => {
    const original = (module as unknown as Record<string, Tensor>)[`${name}_orig`];
    const w = asMatrix(original, dim);
    if (update) noGrad(() => iterate(w, nPowerIterations));
    // Copies: a graph that saved them must not mind the next step.
    const [left, right] = noGrad(() => [clone(u), clone(v)]);
    return div(original, sum(mul(left, matmul(w, right))));
  };
  const update = (): void => {
    replaceParameter(module, name, compute(module.training));
  };
  replaceParameter(module, name, compute(false));
  const handle = module.registerForwardPreHook(update);
  const entries = applied.get(module) ?? new Map<string, Applied>();
  applied.set(module, entries.set(name, { handle, compute }));
  return module;
}

/**
 * Undoes {@link spectralNorm}: the parameter is what it was computed as last.
 * @throws RangeError when the parameter has none.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.utils.remove_spectral_norm.html
 */
export function removeSpectralNorm<M extends AnyModule>(module: M, name = 'weight'): M {
  const entry = applied.get(module)?.get(name);
  if (entry === undefined)
    rangeError('removeSpectralNorm', `${module.constructor.name} has no spectralNorm of ${describe(name)}`);
  applied.get(module)?.delete(name);
  entry.handle.remove();
  const weight = new Parameter(noGrad(() => entry.compute(false)));
  module.registerParameter(`${name}_orig`, null);
  module.registerBuffer(`${name}_u`, null);
  module.registerBuffer(`${name}_v`, null);
  replaceParameter(module, name, weight);
  return module;
}
