import { grad } from './autograd.js';
import { isFloat } from './dtype.js';
import { checkBoolean, rangeError, typeError } from './errors.js';
import { checkNumber, readArgs, type Rest } from './ops/arguments.js';
import { randn } from './ops/create.js';
import { select } from './ops/shape.js';
import type { Shape } from './shape.js';
import { checkTensor, empty, viewOf, type Tensor } from './tensor.js';

/** Arguments of {@link gradcheck}, by name. */
export interface GradcheckOptions {
  /** Step of the finite differences. Default 1e-6. */
  readonly eps?: number;
  /** Largest absolute difference allowed. Default 1e-5. */
  readonly atol?: number;
  /** Largest difference allowed, relative to the numerical value. Default 1e-3. */
  readonly rtol?: number;
  /** Whether a wrong gradient throws; otherwise the answer is false. Default true. */
  readonly raiseException?: boolean;
}

/** Arguments of {@link gradgradcheck}, by name. */
export interface GradgradcheckOptions extends GradcheckOptions {
  /** The gradients of the outputs, one for each that has one. Default random. */
  readonly gradOutputs?: Tensor | readonly Tensor[] | null;
  /** Whether random gradients of the outputs are not contiguous. Default false. */
  readonly genNonContigGradOutputs?: boolean;
}

const OPTIONS = ['eps', 'atol', 'rtol', 'raiseException'] as const;

/** @inline */
type Outputs = Tensor | readonly Tensor[];
/** @inline */
type Differentiable = (...inputs: Tensor[]) => Outputs;

/**
 * Compares the gradients of `fn` with central finite differences, for every element of every input that requires grad
 * and every element of every float output.
 * @param inputs float64: float32 is too coarse to tell
 * @returns true; false where gradients are wrong, with `raiseException: false`
 * @throws Error naming input, output, element and both numbers where they disagree; TypeError for float32 inputs.
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.gradcheck.html
 */
export function gradcheck(
  fn: Differentiable,
  inputs: Tensor | readonly Tensor[],
  ...rest: Rest<[eps: number, atol: number, rtol: number, raiseException: boolean], GradcheckOptions>
): boolean {
  const options = readArgs<GradcheckOptions>('gradcheck', rest, OPTIONS);
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3, raiseException = true } = options;
  for (const [name, value] of Object.entries({ eps, atol, rtol })) checkNumber('gradcheck', name, value);
  checkBoolean('gradcheck', 'raiseException', raiseException);
  const ins = toList(inputs);
  const checked = ins.filter((input) => input.requiresGrad);
  if (checked.length === 0) rangeError('gradcheck', 'no input requires grad');
  for (const input of checked)
    if (input.dtype !== 'float64') typeError('gradcheck', `inputs: expected float64, got ${input.dtype}`);
  const outputs = toList(fn(...ins));
  const numerics = checked.map((input) => differences(fn, ins, ins.indexOf(input), eps));
  for (const [o, output] of outputs.entries()) {
    if (!isFloat(output.dtype)) continue;
    const analytic = jacobian(output, checked);
    for (const [i, input] of checked.entries()) {
      const index = ins.indexOf(input);
      const numeric = numerics[i].map((moved) => moved[o]);
      const wrong = compare(analytic[i], numeric, { input, index, output: o, atol, rtol });
      if (wrong === null) continue;
      if (!raiseException) return false;
      throw new Error(wrong);
    }
  }
  return true;
}

/**
 * Checks the second derivatives of `fn`: {@link gradcheck} of its gradient, for the gradients of the outputs that are given,
 * or random ones.
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.gradgradcheck.html
 */
export function gradgradcheck(
  fn: Differentiable,
  inputs: Tensor | readonly Tensor[],
  ...rest: Rest<
    [
      gradOutputs: Tensor | readonly Tensor[] | null,
      eps: number,
      atol: number,
      rtol: number,
      genNonContigGradOutputs: boolean,
      raiseException: boolean,
    ],
    GradgradcheckOptions
  >
): boolean {
  const op = 'gradgradcheck';
  const names = ['gradOutputs', 'eps', 'atol', 'rtol', 'genNonContigGradOutputs', 'raiseException'] as const;
  const read = readArgs<GradgradcheckOptions>(op, rest, names);
  const { gradOutputs: given = null, genNonContigGradOutputs = false, ...options } = read;
  checkBoolean(op, 'genNonContigGradOutputs', genNonContigGradOutputs);
  const ins = toList(inputs);
  const made = toList(fn(...ins));
  const outputs = made.map((output) => output.requiresGrad);
  const used =
    given === null
      ? made
          .filter((_, i) => outputs[i])
          .map((y) => withGrad(randomGradient(y.shape, genNonContigGradOutputs)))
      : toList(given).map((g) => (g.requiresGrad ? g : withGrad(viewOf(g, g.shape, g.strides))));
  if (used.length !== outputs.filter(Boolean).length)
    rangeError(op, `gradOutputs: expected ${outputs.filter(Boolean).length}, got ${used.length}`);
  const gradient = (...all: Tensor[]): Tensor[] => {
    const xs = all.slice(0, ins.length);
    const gs = all.slice(ins.length);
    const ys = toList(fn(...xs)).filter((_, i) => outputs[i]);
    const wanted = xs.filter((x) => x.requiresGrad);
    const found = grad(ys, wanted, { gradOutputs: gs, createGraph: true, allowUnused: true });
    return found.filter((g) => g !== null);
  };
  return gradcheck(gradient, [...ins, ...used], options);
}

const withGrad = (x: Tensor): Tensor => Object.assign(x, { requiresGrad: true });

/** Random numbers; every other element of some, where they are not to lie together. */
function randomGradient(shape: Shape, isStrided: boolean): Tensor {
  const values = randn(isStrided ? [...shape, 2] : shape, { dtype: 'float64' });
  return isStrided ? select(values, -1, 0) : values;
}

function toList(value: Outputs): readonly Tensor[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((x, i) => {
    checkTensor('gradcheck', x, Array.isArray(value) ? `tensors[${i}]` : 'inputs and outputs');
    return x;
  });
}

/** d output / d input by autograd: for each input, a row for each element of the output. */
function jacobian(output: Tensor, inputs: readonly Tensor[]): Float64Array[][] {
  const rows = inputs.map((): Float64Array[] => []);
  for (let i = 0; i < output.size; i++) {
    const oneHot = empty(output.shape, output.dtype, true);
    oneHot.storage.array[i] = 1;
    const found = output.requiresGrad
      ? grad(output, inputs, { gradOutputs: oneHot, retainGraph: true, allowUnused: true })
      : inputs.map(() => null);
    found.forEach((g, n) =>
      rows[n].push(g ? (g.toArray() as Float64Array) : new Float64Array(inputs[n].size)),
    );
  }
  return rows;
}

/** d outputs / d input by central differences: for each element of the input, a row for each output; none where it is no float. */
function differences(
  fn: Differentiable,
  inputs: readonly Tensor[],
  index: number,
  eps: number,
): Float64Array[][] {
  const input = inputs[index];
  const evaluate = (element: number, step: number): Float64Array[] => {
    const moved = empty(input.shape, input.dtype);
    moved.storage.array.set(input.toArray());
    moved.storage.array[element] += step;
    moved.requiresGrad = true;
    const results = toList(fn(...inputs.map((x, i) => (i === index ? moved : x))));
    return results.map((result) => Float64Array.from(isFloat(result.dtype) ? result.toArray() : []));
  };
  return Array.from({ length: input.size }, (_, element) => {
    const above = evaluate(element, eps);
    const below = evaluate(element, -eps);
    return above.map((values, o) => values.map((value, i) => (value - below[o][i]) / (2 * eps)));
  });
}

interface Comparison {
  readonly input: Tensor;
  readonly index: number;
  readonly output: number;
  readonly atol: number;
  readonly rtol: number;
}

/** Says what is wrong with a gradient, or null. */
function compare(analytic: Float64Array[], numeric: Float64Array[], at: Comparison): string | null {
  for (let o = 0; o < analytic.length; o++) {
    for (let i = 0; i < at.input.size; i++) {
      const [a, n] = [analytic[o][i], numeric[i][o]];
      if (Math.abs(a - n) <= at.atol + at.rtol * Math.abs(n) || Object.is(a, n)) continue;
      return (
        `[gradcheck] d outputs[${at.output}][${o}] / d inputs[${at.index}][${i}] (flattened): ` +
        `autograd says ${a}, finite differences say ${n}`
      );
    }
  }
  return null;
}
