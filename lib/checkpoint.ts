import { gradUpTo } from './autograd.js';
import { checkBoolean, describe, rangeError, typeError } from './errors.js';
import { callSync, enableGrad, isGradEnabled, notingRecorded } from './grad-mode.js';
import { checkOptions, trackAll } from './ops/primitive.js';
import { rememberRandom } from './random.js';
import { formatShape, sameShape } from './shape.js';
import { Tensor, viewOf } from './tensor.js';

/** Options of {@link checkpoint} and {@link checkpointSequential}. */
export interface CheckpointOptions {
  /** Whether the second run draws the random numbers of the first again (dropout). Default true. */
  readonly preserveRngState?: boolean;
  /** Only false: checkpoints work inside `grad`, with `createGraph`, and for what `fn` finds outside its arguments. */
  readonly useReentrant?: false;
}

const OPTIONS = ['preserveRngState', 'useReentrant'];

/**
 * `fn(...inputs)`, without keeping what it computes on the way: `backward` runs it again when it needs that. Memory for
 * time: a model cut into checkpoints keeps the inputs of each only.
 *
 * Gradients are those of `fn` itself, also of parameters and other tensors that it finds outside its arguments, and they have
 * gradients of their own.
 * @param fn synchronous; the same each time it is run. Returns a tensor, or tensors and plain values in an array.
 * @param args the inputs, and perhaps options: an object with `preserveRngState` or `useReentrant`
 * @throws Error from `backward` when the second run differs from the first, or when an input or a tensor that `fn` uses was
 *   changed in place.
 * @see https://pytorch.org/docs/stable/checkpoint.html
 */
export function checkpoint<Args extends unknown[], Out>(
  fn: (...inputs: Args) => Out,
  ...args: [...Args, CheckpointOptions] | Args
): Out {
  const last = args.at(-1);
  const hasOptions = isOptions(last);
  const inputs = (hasOptions ? args.slice(0, -1) : args) as Args;
  const preserveRngState = readOptions('checkpoint', hasOptions ? last : {});
  if (!isGradEnabled()) return callSync('checkpoint', () => fn(...inputs));

  const again = preserveRngState ? rememberRandom() : <T>(run: () => T): T => run();
  const first = runSegment(fn, inputs);
  if (first.outs.length === 0) return first.result;
  const shapes = first.outs.map(({ shape, dtype }) => ({ shape, dtype }));
  const { sources } = first;
  const views = first.outs.map((out) => viewOf(out, out.shape, out.strides));
  const saved = new Set([...inputs.filter((input) => input instanceof Tensor), ...sources]);
  trackAll('checkpoint', views, sources, [...saved], (grads) => {
    let found: (Tensor | null)[] | null = null;
    const run = (): (Tensor | null)[] => {
      const createGraph = isGradEnabled();
      const { outs, sources: used } = enableGrad(() => again(() => runSegment(fn, inputs)));
      const isSame = (out: Tensor, i: number): boolean =>
        sameShape(out.shape, shapes[i].shape) && out.dtype === shapes[i].dtype;
      if (outs.length !== shapes.length || !outs.every(isSame))
        differs(`results of ${describeAll(shapes)}, and then of ${describeAll(outs)}`);
      if (!used.every((x) => sources.includes(x))) differs('tensors that it did not use the first time');
      const reached = outs.map((_, i) => i).filter((i) => grads[i]);
      return gradUpTo(
        reached.map((i) => outs[i]),
        reached.map((i) => grads[i] as Tensor),
        sources,
        createGraph,
      );
    };
    return sources.map((_, i) => () => (found ??= run())[i]);
  });
  const tracked = new Map(first.outs.map((out, i) => [out, views[i]]));
  const replace = (value: unknown): unknown =>
    value instanceof Tensor ? (tracked.get(value) ?? value) : value;
  return (Array.isArray(first.result) ? first.result.map(replace) : replace(first.result)) as Out;
}

function differs(how: string): never {
  throw new Error(`[checkpoint] the function must do the same each time, but it gave ${how}`);
}

const describeAll = (outs: readonly Pick<Tensor, 'shape' | 'dtype'>[]): string =>
  outs.map(({ shape, dtype }) => `${dtype} ${formatShape(shape)}`).join(', ');

const isOptions = (value: unknown): value is CheckpointOptions => {
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => OPTIONS.includes(key));
};

function readOptions(op: string, options: CheckpointOptions): boolean {
  checkOptions(op, options, OPTIONS);
  const { preserveRngState = true, useReentrant = false } = options;
  checkBoolean(op, 'preserveRngState', preserveRngState);
  if (useReentrant) rangeError(op, `useReentrant: expected false, got ${describe(useReentrant)}`);
  return preserveRngState;
}

interface Segment<Out> {
  readonly result: Out;
  /** The results that require grad, each once. */
  readonly outs: readonly Tensor[];
  /** The tensors from before that they depend on. */
  readonly sources: readonly Tensor[];
}

/** Runs a function, and finds what the graph that it leaves begins with. */
function runSegment<Args extends unknown[], Out>(fn: (...inputs: Args) => Out, inputs: Args): Segment<Out> {
  const { result, made } = notingRecorded(() => callSync('checkpoint', () => fn(...inputs)));
  const list: readonly unknown[] = Array.isArray(result) ? result : [result];
  const outs = [
    ...new Set(list.filter((value) => value instanceof Tensor && value.requiresGrad)),
  ] as Tensor[];
  const sources: Tensor[] = [];
  const seen = new Set<Tensor>(outs);
  // A set is gone through in the order in which it grows.
  for (const node of seen) {
    if (!made.has(node)) sources.push(node);
    else for (const parent of node.edges) if (parent !== null) seen.add(parent);
  }
  return { result, outs, sources };
}

/**
 * A list of functions one after the other, in `segments` checkpoints of about equal length; only the last is computed as it
 * is, for its results are needed at once.
 * @param functions modules of a `Sequential`, or anything that takes the result of the one before
 * @see https://pytorch.org/docs/stable/checkpoint.html#torch.utils.checkpoint.checkpoint_sequential
 */
export function checkpointSequential(
  functions: Iterable<((x: Tensor) => Tensor) | { forward(x: Tensor): Tensor }>,
  segments: number,
  input: Tensor,
  options: CheckpointOptions = {},
): Tensor {
  const op = 'checkpointSequential';
  readOptions(op, options);
  const list = [...functions].map((each) => {
    if (typeof each === 'function') return each;
    if (typeof each?.forward !== 'function')
      typeError(op, `expected functions or modules, got ${describe(each)}`);
    return (x: Tensor) => each.forward(x);
  });
  if (!Number.isInteger(segments) || segments < 1 || segments > Math.max(1, list.length))
    rangeError(op, `segments: expected a whole number from 1 to ${list.length}, got ${describe(segments)}`);
  const length = Math.floor(list.length / segments);
  const run = (from: number, to?: number) => (x: Tensor) =>
    list.slice(from, to).reduce((y, each) => each(y), x);
  let x = input;
  for (let i = 0; i < segments - 1; i++)
    x = checkpoint(run(i * length, (i + 1) * length), x, { preserveRngState: true, ...options });
  return run((segments - 1) * length)(x);
}
