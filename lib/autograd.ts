import { backend } from './backend/select.js';
import { isFloat } from './dtype.js';
import { checkBoolean, describe, rangeError, shapeError, typeError } from './errors.js';
import { withGradMode } from './grad-mode.js';
import { anomaly } from './ops/anomaly.js';
import { readArgs, type Rest } from './ops/arguments.js';
import { formatShape, sameShape } from './shape.js';
import { Waiting } from './waiting.js';
import { checkTensor, empty, Tensor, type GradFn } from './tensor.js';
import { observed } from './observer.js';

/** Arguments of {@link backward}, by name. */
export interface BackwardOptions {
  /** Keep the graph, so that `backward` can go over it again. Default: the value of `createGraph`. */
  readonly retainGraph?: boolean;
  /** Record the backward pass itself, so that gradients have gradients. Default false. */
  readonly createGraph?: boolean;
  /** The tensors whose `grad` is added to, and no other. Default all leaves. */
  readonly inputs?: Tensor | readonly Tensor[] | null;
}

/** @inline */
type Gradient = Tensor | null | undefined | readonly (Tensor | null)[];

/** What `backward` takes after the outputs: their gradient, and options, by position or by name. */
export type BackwardArgs<G = Gradient> = Rest<
  [gradient: G, retainGraph: boolean, createGraph: boolean, inputs: Tensor | readonly Tensor[] | null],
  BackwardOptions & { readonly gradient?: G }
>;

/** Arguments of {@link grad}, by name. */
export interface GradOptions extends Omit<BackwardOptions, 'inputs'> {
  /** The gradients of the outputs: one for each, or a single one. Default: 1 for each output of one element. */
  readonly gradOutputs?: Tensor | readonly (Tensor | null)[] | null;
  /** Whether an input that the outputs do not depend on gets `null` instead of an error. Default false. */
  readonly allowUnused?: boolean;
  /** Whether an input that the outputs do not depend on gets zeros instead of an error. Default false. */
  readonly materializeGrads?: boolean;
}

type GradArgs = [
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  gradOutputs: Tensor | readonly (Tensor | null)[] | null | undefined,
  retainGraph?: boolean,
  createGraph?: boolean,
  onlyInputs?: boolean,
];

/**
 * Computes the gradient of `outputs` with respect to every leaf they depend on that requires one, and adds it to the
 * leaf's `grad`. Frees the graph behind them, unless `retainGraph`.
 * @param args `gradient`: dL/d(output), of its shape and dtype, for each output; may be left out where it has one element;
 *   `retainGraph`, `createGraph`, `inputs`: see {@link BackwardOptions}
 * @throws Error when `output` has no graph, or one that was freed; ShapeError, TypeError when `grad` does not fit;
 *   Error when a tensor that a gradient needs was changed in place.
 * @see https://pytorch.org/docs/stable/generated/torch.Tensor.backward.html
 */
export function backward(outputs: Tensor | readonly Tensor[], ...args: BackwardArgs): void {
  const list = outputs instanceof Tensor ? [outputs] : toList('backward', outputs, 'input');
  const options = args.length === 0 ? {} : readBackward(args);
  const { gradient, inputs } = options;
  const given: readonly unknown[] = Array.isArray(gradient) ? gradient : [gradient];
  if (Array.isArray(gradient) && given.length !== list.length)
    rangeError('backward', `gradient: expected ${list.length}, one for each output, got ${given.length}`);
  const name = (i: number): string => (outputs instanceof Tensor ? 'output' : `outputs[${i}]`);
  const seeds = list.map((output, i) => seedFor('backward', output, given[i], name(i)));
  const only = inputs === undefined || inputs === null ? null : toList('backward', inputs, 'inputs');
  only?.forEach((input, i) => {
    if (!input.requiresGrad) throw new Error(`[backward] inputs[${i}] does not require grad`);
  });
  run(list, seeds, only, options, true);
}

type ReadBackward = BackwardOptions & { readonly gradient?: Gradient };

function readBackward(args: BackwardArgs): ReadBackward {
  const names = ['gradient', 'retainGraph', 'createGraph', 'inputs'] as const;
  const options = readArgs<ReadBackward>('backward', args, names);
  checkFlags('backward', options);
  return options;
}

/**
 * Computes and returns the gradients of `outputs` with respect to `inputs`; no `grad` is touched.
 * @returns one tensor for each input; `null` for one that the outputs do not depend on, with `allowUnused`
 * @throws as {@link backward}; Error for an unused input without `allowUnused`.
 * @see https://pytorch.org/docs/stable/generated/torch.autograd.grad.html
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions & { readonly allowUnused: true },
): (Tensor | null)[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options?: GradOptions,
): Tensor[];
export function grad(
  ...args: [...GradArgs, allowUnused: true, materializeGrads?: boolean]
): (Tensor | null)[];
export function grad(
  ...args:
    GradArgs | [...GradArgs, GradOptions] | [...GradArgs, allowUnused: false, materializeGrads?: boolean]
): Tensor[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  ...rest: unknown[]
): (Tensor | null)[] {
  const outs = toList('grad', outputs, 'outputs');
  const ins = toList('grad', inputs, 'inputs');
  const names = ['gradOutputs', 'retainGraph', 'createGraph', 'onlyInputs', 'allowUnused'] as const;
  const options = readArgs<GradOptions & { onlyInputs?: boolean }>('grad', rest, names, ['materializeGrads']);
  const { materializeGrads = false, allowUnused = materializeGrads } = options;
  const gradOutputs = options.gradOutputs ?? undefined;
  checkFlags('grad', options);
  checkBoolean('grad', 'allowUnused', allowUnused);
  checkBoolean('grad', 'materializeGrads', materializeGrads);
  if (gradOutputs !== undefined && !(gradOutputs instanceof Tensor) && !Array.isArray(gradOutputs))
    typeError('grad', `gradOutputs: expected a tensor or a list of tensors, got ${describe(gradOutputs)}`);
  const given: readonly (Tensor | null)[] = [gradOutputs ?? []].flat();
  if (gradOutputs !== undefined && given.length !== outs.length)
    rangeError('grad', `gradOutputs: expected ${outs.length}, one for each output, got ${given.length}`);
  const seeds = outs.map((out, i) => seedFor('grad', out, given[i], `outputs[${i}]`));
  ins.forEach((input, i) => {
    if (!input.requiresGrad) throw new Error(`[grad] inputs[${i}] does not require grad`);
  });
  const found = run(outs, seeds, ins, options, false);
  return ins.map((input, i) => {
    const result = found.get(input) ?? (materializeGrads ? empty(input.shape, input.dtype, true) : null);
    if (result === null && !allowUnused)
      throw new Error(
        `[grad] inputs[${i}] was not used to compute the outputs; pass allowUnused to get null for it`,
      );
    return result;
  });
}

function checkFlags(op: string, { createGraph = false, retainGraph = false }: BackwardOptions): void {
  checkBoolean(op, 'createGraph', createGraph);
  checkBoolean(op, 'retainGraph', retainGraph);
}

function toList(op: string, value: unknown, name: string): readonly Tensor[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) rangeError(op, `${name}: expected at least one tensor`);
  return list.map((tensor, i) => {
    checkTensor(op, tensor, Array.isArray(value) ? `${name}[${i}]` : name);
    return tensor;
  });
}

/** The gradient to start from: the one given, checked, or 1. */
function seedFor(op: string, output: Tensor, given: unknown, name: string): Tensor {
  if (!output.requiresGrad)
    throw new Error(
      `[${op}] ${name} does not require grad: ` +
        (isFloat(output.dtype)
          ? 'no input of its computation did, or it was made under noGrad or detached'
          : `it is ${output.dtype}, and what argmax, comparisons or conversions to ${output.dtype} give has no gradient`),
    );
  if (given === undefined || given === null) {
    if (output.size !== 1)
      shapeError(
        op,
        `${name} has shape ${formatShape(output.shape)}: pass its gradient, or reduce it to one number first`,
      );
    const one = empty(output.shape, output.dtype);
    backend.fill(1, one);
    return one;
  }
  checkTensor(op, given, 'the gradient');
  if (!sameShape(given.shape, output.shape))
    shapeError(
      op,
      `gradient: expected the output's shape ${formatShape(output.shape)}, got ${formatShape(given.shape)}`,
    );
  if (given.dtype !== output.dtype)
    typeError(op, `gradient: expected the output's dtype ${output.dtype}, got ${given.dtype}`);
  return given;
}

/** The backward rule of a node whose graph has been freed. */
const FREED: GradFn = () => {
  throw freedGraph();
};

const freedGraph = (): Error =>
  new Error(
    '[backward] the graph was already freed by an earlier backward; pass { retainGraph: true } to that one',
  );

/**
 * The nodes that need a gradient, each after all that it was computed from. Iterative: a chain of 100,000 ops must
 * not overflow the stack.
 * @param end nodes that are not gone behind
 */
function topologicalOrder(outputs: readonly Tensor[], end: ReadonlySet<Tensor> | null): Tensor[] {
  const order: Tensor[] = [];
  const visited = new Set<Tensor>();
  // The path to the node in hand, and beside it which parent comes next.
  const path: Tensor[] = [];
  const next: number[] = [];
  const enter = (node: Tensor): void => {
    visited.add(node);
    path.push(node);
    next.push(0);
  };
  for (const output of outputs) {
    if (!visited.has(output)) enter(output);
    while (path.length > 0) {
      const top = path.length - 1;
      const edges = end?.has(path[top]) ? [] : path[top].edges;
      if (next[top] < edges.length) {
        const parent = edges[next[top]++];
        if (parent?.requiresGrad && !visited.has(parent)) enter(parent);
      } else {
        order.push(path[top]);
        path.pop();
        next.pop();
      }
    }
  }
  return order;
}

/**
 * The gradients with respect to `inputs` as if these were leaves: what lies behind them is neither looked at nor freed.
 * Null for inputs that the outputs do not depend on.
 */
export function gradUpTo(
  outputs: readonly Tensor[],
  gradOutputs: readonly Tensor[],
  inputs: readonly Tensor[],
  createGraph: boolean,
): (Tensor | null)[] {
  const found = run(outputs, gradOutputs, inputs, { createGraph }, false, new Set(inputs));
  return inputs.map((input) => found.get(input) ?? null);
}

/**
 * Walks the graph from the outputs back, for the gradients of the inputs, or of all leaves.
 * @param fills whether `grad` is added to; otherwise the gradients are returned
 * @param end nodes that are not gone behind, among the inputs
 */
function run(
  outputs: readonly Tensor[],
  seeds: readonly Tensor[],
  inputs: readonly Tensor[] | null,
  { createGraph = false, retainGraph = createGraph }: BackwardOptions,
  fills: boolean,
  end: ReadonlySet<Tensor> | null = null,
): Map<Tensor, Tensor> {
  const order = topologicalOrder(outputs, end);
  const wanted = inputs && new Set(inputs);
  checkNotFreed(order, wanted, end);
  const leading = wanted && nodesLeadingTo(order, wanted, end);
  // What lies behind the wanted inputs is not gone through: it may have changed since, and it is not freed.
  const passed = leading
    ? order.filter((node) => leading.has(node))
    : order.filter((node) => node.gradFn !== null);
  checkSaved(passed);
  const needed = (node: Tensor): boolean =>
    node.requiresGrad && (wanted === null || leading === null || wanted.has(node) || leading.has(node));
  const found = new Map<Tensor, Tensor>();
  const waiting = new Waiting(createGraph);
  const filled: [node: Tensor, gradient: Tensor][] = [];
  const walk = (): void => {
    outputs.forEach((output, i) => waiting.add(output, seeds[i]));
    for (let i = order.length - 1; i >= 0; i--) {
      const node = order[i];
      const parts = waiting.partsOf(node);
      if (parts !== undefined) {
        const grads = Array.from(parts, (part) => part ?? null);
        propagate(node, grads, needed, waiting);
        waiting.partsDone(node, parts);
        continue;
      }
      let g = waiting.of(node);
      if (g === undefined) continue;
      if (node.hooks !== null) g = waiting.callHooks(node, g);
      const isWanted = wanted === null ? node.gradFn === null : wanted.has(node);
      if (isWanted && !fills) found.set(node, waiting.take(g));
      if (node.gradFn !== null && (leading === null || leading.has(node))) {
        const [joint] = node.edges;
        if (node.part < 0) propagate(node, g, needed, waiting);
        else if (joint !== null && needed(joint)) waiting.addPart(joint, node.part, g);
      }
      if (fills && (isWanted || node.retainsGrad)) filled.push([node, g]);
      else waiting.done(node, g);
    }
    waiting.accumulate(filled);
  };
  observed('backward', () => {
    withGradMode('backward', createGraph, walk);
  });
  if (!retainGraph) for (const node of passed) node.releaseHistory(FREED);
  return found;
}

/** Throws when part of the graph is gone. That may lie behind the only tensor wanted, where nobody goes. */
function checkNotFreed(
  order: readonly Tensor[],
  wanted: ReadonlySet<Tensor> | null,
  end: ReadonlySet<Tensor> | null,
): void {
  for (const node of order)
    if (node.gradFn === FREED && !end?.has(node) && !(wanted?.size === 1 && wanted.has(node)))
      throw freedGraph();
}

/** Throws when a tensor that a backward rule reads was changed since it was saved, before anything is computed. */
function checkSaved(nodes: readonly Tensor[]): void {
  for (const node of nodes) {
    for (let i = 0; i < node.saved.length; i++) {
      const { version } = node.saved[i].storage;
      if (version !== node.savedVersions[i])
        throw new Error(
          `[backward] a tensor of shape ${formatShape(node.saved[i].shape)} that ${node.op} saved for its gradient was ` +
            `changed in place: it is at version ${version}, expected ${node.savedVersions[i]}`,
        );
    }
  }
}

/** The nodes on the way from the outputs to the wanted inputs: no other gradient needs to be computed. */
function nodesLeadingTo(
  order: readonly Tensor[],
  wanted: ReadonlySet<Tensor>,
  end: ReadonlySet<Tensor> | null,
): Set<Tensor> {
  const leading = new Set<Tensor>();
  for (const node of order)
    if (!end?.has(node) && node.edges.some((p) => p !== null && (wanted.has(p) || leading.has(p))))
      leading.add(node);
  return leading;
}

/** Runs the backward rule of `node` for the parents that need it, and lets them wait with what it returns. */
function propagate(
  node: Tensor,
  g: Tensor | readonly (Tensor | null)[],
  needed: (node: Tensor) => boolean,
  waiting: Waiting,
): void {
  const { edges } = node;
  // A joint takes a list, every other node its gradient: which it is decided where it was recorded.
  const gradFn = node.gradFn as (g: Tensor | readonly (Tensor | null)[]) => ReturnType<GradFn>;
  waiting.collect(
    () => {
      const thunks = gradFn(g);
      return edges.map((parent, i) => {
        if (parent === null || !needed(parent)) return null;
        const gradient = anomaly.enabled ? anomaly.rule(thunks[i]) : thunks[i]();
        if (gradient !== null) checkGradient(node, parent, gradient);
        return gradient;
      });
    },
    (gradient, i) => {
      waiting.add(edges[i] as Tensor, gradient);
    },
  );
}

function checkGradient(node: Tensor, parent: Tensor, gradient: Tensor): void {
  if (!sameShape(gradient.shape, parent.shape) || gradient.dtype !== parent.dtype)
    throw new Error(
      `[backward] the gradient rule of ${node.op} returned ${gradient.dtype} ${formatShape(gradient.shape)} ` +
        `for an input that is ${parent.dtype} ${formatShape(parent.shape)}`,
    );
  if (anomaly.enabled) anomaly.inspectGradient(node, gradient);
}
