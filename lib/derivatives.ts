import { grad } from './autograd.js';
import { checkBoolean, describe, rangeError, shapeError, typeError } from './errors.js';
import { enableGrad } from './grad-mode.js';
import { readArgs, type Rest } from './ops/arguments.js';
import { reshape } from './ops/broadcast.js';
import { full, zeros } from './ops/create.js';
import { track } from './ops/primitive.js';
import { stack } from './ops/shape.js';
import { formatShape, sameShape } from './shape.js';
import { checkTensor, empty, Tensor, viewOf } from './tensor.js';

// Derivatives of functions, as torch.autograd.functional has them: a function of tensors, the point, and for products the
// vector. One input or output is a tensor, several are an array, and so are their derivatives.

/** Arguments of {@link jacobian}, {@link hessian} and their products, by name. */
export interface FunctionalOptions {
  /** Record what is computed, so that it has gradients itself. Default false. */
  readonly createGraph?: boolean;
  /** Whether an output that does not depend on an input is an error instead of zeros. Default false. */
  readonly strict?: boolean;
}

/** @inline */
type Tensors = Tensor | readonly Tensor[];
/**
 * For each tensor in `T` an `R`.
 */
type Each<T extends Tensors, R> = T extends Tensor ? R : R[];
type Fn = (...inputs: Tensor[]) => Tensors;
type FlagArgs = Rest<[createGraph: boolean, strict: boolean], FunctionalOptions>;
/** @inline */
type VectorOptions = FunctionalOptions & { readonly v?: Tensors | null };
type VectorArgs = Rest<[v: Tensors | null, createGraph: boolean, strict: boolean], VectorOptions>;

/** A call, read: tensors to differentiate at, whose graph the caller sees only under `createGraph`. */
interface Call {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  readonly createGraph: boolean;
  readonly strict: boolean;
  /** One tensor, or several? */
  readonly isSingle: { readonly input: boolean; readonly output: boolean };
}

/** Runs the function at the inputs, recorded. */
function call(op: string, fn: Fn, given: unknown, flags: FunctionalOptions): Call {
  if (typeof fn !== 'function') typeError(op, `expected a function, got ${describe(fn)}`);
  const { createGraph = false, strict = false } = flags;
  checkBoolean(op, 'createGraph', createGraph);
  checkBoolean(op, 'strict', strict);
  const inputs = toList(op, given, 'inputs').map((x) => {
    const view = viewOf(x, x.shape, x.strides);
    // Another tensor either way, so that derivatives are with respect to the arguments alone.
    return createGraph && x.requiresGrad
      ? track(op, view, [x], [], (g) => [() => g])
      : Object.assign(view, { requiresGrad: true });
  });
  const returned: unknown = fn(...inputs);
  const outputs = toList(op, returned, 'outputs');
  if (strict)
    outputs.forEach((output, i) => {
      if (!output.requiresGrad) independent(op, i, 0);
    });
  const isSingle = { input: given instanceof Tensor, output: returned instanceof Tensor };
  return { op, inputs, outputs, createGraph, strict, isSingle };
}

function toList(op: string, value: unknown, name: string): readonly Tensor[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) rangeError(op, `${name}: expected at least one tensor`);
  return list.map((x, i) => {
    checkTensor(op, x, Array.isArray(value) ? `${name}[${i}]` : name);
    return x;
  });
}

function independent(op: string, output: number, input: number): never {
  throw new Error(
    `[${op}] output ${output} does not depend on input ${input}, which is an error with strict`,
  );
}

/** The gradients of outputs in a direction; zeros for inputs that they do not depend on, or an error. */
function gradients(
  { op, inputs, strict }: Call,
  outputs: readonly Tensor[],
  directions: readonly Tensor[],
  createGraph: boolean,
  which = 0,
): Tensor[] {
  const used = outputs.map((_, i) => i).filter((i) => outputs[i].requiresGrad);
  const found =
    used.length === 0
      ? inputs.map(() => null)
      : grad(
          used.map((i) => outputs[i]),
          inputs,
          { gradOutputs: used.map((i) => directions[i]), createGraph, retainGraph: true, allowUnused: true },
        );
  return found.map((g, i) => {
    if (g === null && strict) independent(op, which, i);
    return g ?? zeros(inputs[i].shape, { dtype: inputs[i].dtype });
  });
}

/** The vector of a product, checked against the tensors it goes with. */
function readVector(
  op: string,
  given: Tensors | null | undefined,
  like: readonly Tensor[],
): readonly Tensor[] {
  if (given === undefined || given === null) {
    if (like.length === 1 && like[0].size === 1) return [ones(like[0])];
    rangeError(op, 'v: expected a vector, which can be left out for one number only');
  }
  const list = toList(op, given, 'v');
  if (list.length !== like.length) rangeError(op, `v: expected ${like.length} tensors, got ${list.length}`);
  list.forEach((x, i) => {
    if (!sameShape(x.shape, like[i].shape))
      shapeError(op, `v[${i}]: expected shape ${formatShape(like[i].shape)}, got ${formatShape(x.shape)}`);
    if (x.dtype !== like[i].dtype) typeError(op, `v[${i}]: expected ${like[i].dtype}, got ${x.dtype}`);
  });
  return list;
}

const ones = ({ shape, dtype }: Tensor): Tensor => full(shape, 1, { dtype });

/** Results without a graph, unless there is to be one. */
const finish = (tensors: readonly Tensor[], createGraph: boolean): Tensor[] =>
  tensors.map((x) => (createGraph ? x : viewOf(x, x.shape, x.strides)));

const pick = <T>(list: readonly T[], isSingle: boolean): T | readonly T[] => (isSingle ? list[0] : list);

/**
 * The matrix of all first derivatives. Shapes: output (…), input (***) → (…, ***).
 * @param inputs a tensor, or several
 * @returns for each output, for each input, d output / d input; of one output or one input without the array around it
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.functional.jacobian.html
 */
export function jacobian<In extends Tensors, Out extends Tensors>(
  fn: (...inputs: Tensor[]) => Out,
  inputs: In,
  ...rest: FlagArgs
): Each<Out, Each<In, Tensor>> {
  return enableGrad(() => {
    const at = call('jacobian', fn, inputs, readFlags('jacobian', rest));
    return jacobianOf(at) as Each<Out, Each<In, Tensor>>;
  });
}

function jacobianOf(at: Call): unknown {
  const rows = at.outputs.map((output, o) => {
    const elements = Array.from({ length: output.size }, (_, i) =>
      gradients(at, [output], [oneHot(output, i)], at.createGraph, o),
    );
    const blocks = at.inputs.map(({ shape, dtype }, n) => {
      const whole = [...output.shape, ...shape];
      if (output.size === 0) return zeros(whole, { dtype });
      return reshape(stack(elements.map((each) => each[n])), whole);
    });
    return pick(finish(blocks, at.createGraph), at.isSingle.input);
  });
  return pick(rows, at.isSingle.output);
}

function oneHot(like: Tensor, i: number): Tensor {
  const out = empty(like.shape, like.dtype, true);
  out.storage.array[i] = 1;
  return out;
}

const readFlags = (op: string, rest: readonly unknown[]): FunctionalOptions =>
  readArgs<FunctionalOptions>(op, rest, ['createGraph', 'strict']);

/**
 * The matrix of all second derivatives of a function that gives one number. Shapes: inputs (…), (***) → (…, ***).
 * @returns for each input, for each input, their second derivative; of one input without the arrays around it
 * @throws ShapeError when the function gives more than one number.
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.functional.hessian.html
 */
export function hessian<In extends Tensors>(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: In,
  ...rest: FlagArgs
): Each<In, Each<In, Tensor>> {
  return enableGrad(() => {
    const at = call('hessian', fn, inputs, readFlags('hessian', rest));
    const output = oneNumber('hessian', at.outputs);
    const first = gradients(at, [output], [ones(output)], true);
    const isSingle = { input: at.isSingle.input, output: at.isSingle.input };
    return jacobianOf({ ...at, outputs: first, isSingle }) as Each<In, Each<In, Tensor>>;
  });
}

function oneNumber(op: string, outputs: readonly Tensor[]): Tensor {
  if (outputs.length !== 1 || outputs[0].size !== 1)
    shapeError(
      op,
      `expected a function that gives one number, got shape ${outputs.map((x) => formatShape(x.shape)).join(', ')}`,
    );
  return outputs[0];
}

const readVectorArgs = (op: string, rest: readonly unknown[]): VectorOptions =>
  readArgs<VectorOptions>(op, rest, ['v', 'createGraph', 'strict']);

/** The outputs of the function, and a product. */
const results = (at: Call, product: readonly Tensor[], isSingle: boolean): unknown[] => [
  pick(finish(at.outputs, at.createGraph), at.isSingle.output),
  pick(finish(product, at.createGraph), isSingle),
];

/**
 * The product of a vector and the Jacobian matrix, `vᵀ J`: what `backward` computes.
 * @param rest `v`: of the shapes of the outputs; may be left out for one number
 * @returns the outputs of `fn`, and the product: a tensor for each input
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.functional.vjp.html
 */
export function vjp<In extends Tensors, Out extends Tensors>(
  fn: (...inputs: Tensor[]) => Out,
  inputs: In,
  ...rest: VectorArgs
): [outputs: Out, product: Each<In, Tensor>] {
  const { v, ...flags } = readVectorArgs('vjp', rest);
  return enableGrad(() => {
    const at = call('vjp', fn, inputs, flags);
    const product = gradients(at, at.outputs, readVector('vjp', v, at.outputs), at.createGraph);
    return results(at, product, at.isSingle.input) as [Out, Each<In, Tensor>];
  });
}

/**
 * The product of the Jacobian matrix and a vector, `J v`: the derivative in one direction. It is the gradient of `vᵀ J` with
 * respect to its v, so `fn` needs second derivatives.
 * @param rest `v`: of the shapes of the inputs; may be left out for one number
 * @returns the outputs of `fn`, and the product: a tensor for each output
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.functional.jvp.html
 */
export function jvp<Out extends Tensors>(
  fn: (...inputs: Tensor[]) => Out,
  inputs: Tensors,
  ...rest: VectorArgs
): [outputs: Out, product: Each<Out, Tensor>] {
  const { v, ...flags } = readVectorArgs('jvp', rest);
  return enableGrad(() => {
    const at = call('jvp', fn, inputs, flags);
    const vector = readVector('jvp', v, at.inputs);
    const weights = at.outputs.map(({ shape, dtype }) => zeros(shape, { dtype, requiresGrad: true }));
    const back = gradients(at, at.outputs, weights, true);
    // Linear in the weights: its gradient for them is the product, whatever they are.
    const product = gradients({ ...at, inputs: weights }, back, vector, at.createGraph);
    return results(at, product, at.isSingle.output) as [Out, Each<Out, Tensor>];
  });
}

function secondProduct(op: string, fn: Fn, inputs: Tensors, rest: readonly unknown[]): unknown[] {
  const { v, ...flags } = readVectorArgs(op, rest);
  return enableGrad(() => {
    const at = call(op, fn, inputs, flags);
    const output = oneNumber(op, at.outputs);
    const vector = readVector(op, v, at.inputs);
    const first = gradients(at, [output], [ones(output)], true);
    const product = gradients(at, first, vector, at.createGraph);
    return results(at, product, at.isSingle.input);
  });
}

/**
 * The product of a vector and the Hessian matrix of a function that gives one number, `vᵀ H`.
 * @param rest `v`: of the shapes of the inputs; may be left out for one number
 * @returns the output of `fn`, and the product: a tensor for each input
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.functional.vhp.html
 */
export function vhp<In extends Tensors>(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: In,
  ...rest: VectorArgs
): [output: Tensor, product: Each<In, Tensor>] {
  return secondProduct('vhp', fn, inputs, rest) as [Tensor, Each<In, Tensor>];
}

/**
 * The product of the Hessian matrix and a vector, `H v`, which is `vᵀ H` where second derivatives are continuous, and is
 * computed as that.
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.functional.hvp.html
 */
export function hvp<In extends Tensors>(
  fn: (...inputs: Tensor[]) => Tensor,
  inputs: In,
  ...rest: VectorArgs
): [output: Tensor, product: Each<In, Tensor>] {
  return secondProduct('hvp', fn, inputs, rest) as [Tensor, Each<In, Tensor>];
}
