import { grad } from './autograd.js';
import { rangeError, typeError } from './errors.js';
import { checkTensor, empty, type Tensor } from './tensor.js';
import { randn } from './ops/create.js';
import { checkOptions } from './ops/primitive.js';

export interface GradcheckOptions {
  /** Step of the finite differences. Default 1e-6. */
  readonly eps?: number;
  /** Largest absolute difference allowed. Default 1e-5. */
  readonly atol?: number;
  /** Largest difference allowed, relative to the numerical value. Default 1e-3. */
  readonly rtol?: number;
}

type Outputs = Tensor | readonly Tensor[];
type Differentiable = (...inputs: Tensor[]) => Outputs;

/**
 * Compares the gradients of `fn` with central finite differences, for every element of every input that requires grad
 * and every element of every float output.
 * @param inputs float64: float32 is too coarse to tell
 * @returns true
 * @throws Error naming input, output, element and both numbers where they disagree; TypeError for float32 inputs.
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.gradcheck.html
 */
export function gradcheck(
  fn: Differentiable,
  inputs: Tensor | readonly Tensor[],
  options: GradcheckOptions = {},
): true {
  checkOptions('gradcheck', options, ['eps', 'atol', 'rtol']);
  const { eps = 1e-6, atol = 1e-5, rtol = 1e-3 } = options;
  const ins = toList(inputs);
  const checked = ins.filter((input) => input.requiresGrad);
  if (checked.length === 0) rangeError('gradcheck', 'no input requires grad');
  for (const input of checked)
    if (input.dtype !== 'float64') typeError('gradcheck', `inputs: expected float64, got ${input.dtype}`);
  const outputs = toList(fn(...ins));
  outputs.forEach((output, o) => {
    if (output.dtype !== 'float64' && output.dtype !== 'float32') return;
    const analytic = jacobian(output, checked);
    checked.forEach((input, i) => {
      const numeric = differences(fn, ins, ins.indexOf(input), o, eps);
      compare(analytic[i], numeric, { input, index: ins.indexOf(input), output: o, atol, rtol });
    });
  });
  return true;
}

/**
 * Checks the second derivatives of `fn`: {@link gradcheck} of its gradient, for random gradients of the outputs.
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.gradgradcheck.html
 */
export function gradgradcheck(
  fn: Differentiable,
  inputs: Tensor | readonly Tensor[],
  options: GradcheckOptions = {},
): true {
  const ins = toList(inputs);
  const outputs = toList(fn(...ins)).map((output) => output.requiresGrad);
  const gradOutputs = toList(fn(...ins)).map((y) => randn(y.shape, { dtype: 'float64', requiresGrad: true }));
  const used = gradOutputs.filter((_, i) => outputs[i]);
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

/** d output / d input by central differences: a row for each element of the input. */
function differences(
  fn: Differentiable,
  inputs: readonly Tensor[],
  index: number,
  output: number,
  eps: number,
): Float64Array[] {
  const input = inputs[index];
  const evaluate = (element: number, step: number): Float64Array => {
    const moved = empty(input.shape, input.dtype);
    moved.storage.array.set(input.toArray());
    moved.storage.array[element] += step;
    moved.requiresGrad = true;
    const result = toList(fn(...inputs.map((x, i) => (i === index ? moved : x))))[output];
    return Float64Array.from(result.toArray());
  };
  return Array.from({ length: input.size }, (_, element) => {
    const above = evaluate(element, eps);
    const below = evaluate(element, -eps);
    return above.map((value, i) => (value - below[i]) / (2 * eps));
  });
}

interface Comparison {
  readonly input: Tensor;
  readonly index: number;
  readonly output: number;
  readonly atol: number;
  readonly rtol: number;
}

function compare(analytic: Float64Array[], numeric: Float64Array[], at: Comparison): void {
  for (let o = 0; o < analytic.length; o++) {
    for (let i = 0; i < at.input.size; i++) {
      const [a, n] = [analytic[o][i], numeric[i][o]];
      if (Math.abs(a - n) <= at.atol + at.rtol * Math.abs(n) || Object.is(a, n)) continue;
      throw new Error(
        `[gradcheck] d outputs[${at.output}][${o}] / d inputs[${at.index}][${i}] (flattened): ` +
          `autograd says ${a}, finite differences say ${n}`,
      );
    }
  }
}
