import { Outdated, type Input, type Plan } from './backend/plan.js';
import { Recording } from './backend/recording.js';
import { backend } from './backend/select.js';
import { itemSize } from './dtype.js';
import { describe, typeError } from './errors.js';
import { isGradEnabled, noGrad } from './grad-mode.js';
import { anomaly } from './ops/anomaly.js';
import { clone } from './ops/broadcast.js';
import { modeVersion, recorder } from './recording.js';
import { tidy } from './scope.js';
import { sameShape } from './shape.js';
import { partOf, type Storage } from './storage.js';
import { Tensor, viewOf } from './tensor.js';
import { observed } from './observer.js';

/** A step made by {@link compile}: it takes and returns what the function did. */
export interface Compiled<Args extends readonly unknown[], Result> {
  (...args: Args): Result;
  /** How often the function itself ran, to be recorded. */
  readonly recordings: number;
  /** The kernels of the last recording, and the bytes of memory that their intermediate results take. */
  readonly size: { readonly calls: number; readonly bytes: number };
}

/** A recording, and the calls that it stands for. */
interface Recorded {
  readonly plan: Plan;
  readonly inputs: readonly InputKey[];
  readonly mode: number;
  readonly grad: boolean;
  /** What the function returned, and where its tensors come from. */
  readonly result: unknown;
  readonly sources: ReadonlyMap<Tensor, Source>;
}

/** What has to be the same for a recording to fit an argument: all of it, or of a tensor all but the numbers in it. */
type InputKey = { readonly value: unknown } | { readonly tensor: Tensor; readonly memory: number };

/**
 * Where the memory of a returned tensor comes from: made by each run, an input's, made in the recording (gradients and
 * constants), or from outside.
 */
interface Source {
  readonly from: 'run' | 'input' | 'recording' | 'outside';
  readonly index: number;
}

/** As many recordings are kept: one for each shape of batch, in training and in evaluation. */
const MOST_RECORDINGS = 8;

/**
 * A step of training that runs as one native call. The first time, `step` runs as it is, and the kernels it calls are
 * recorded; from then on they run again without any JavaScript between them, in memory that was laid out once. The
 * results are the same, to the last bit.
 *
 * ```ts
 * const train = compile((x: Tensor, y: Tensor) => {
 *   const loss = crossEntropy(model.forward(x), y);
 *   optimizer.zeroGrad();
 *   loss.backward();
 *   optimizer.step();
 *   return loss;
 * });
 * for (const [x, y] of loader) console.log(train(x, y).item());
 * ```
 *
 * What changes from step to step has to come in as an argument, or from an optimizer, or from the random numbers of the
 * library: learning rates, counts of steps and seeds are asked for each time. All else that JavaScript does in `step` it
 * does once for each recording, and numbers it makes tensors of are constants. It is recorded anew when the shape, strides
 * or dtype of an argument changes, or an argument that is no tensor, the mode of a module (`train`, `eval`), what requires
 * gradients, or the gradients that it reads or adds to. Parameters and optimizer state stay where they are; `grad` is the same
 * tensor after each run, with new numbers in it. Tensors made in `step` and not returned are freed at its end, as by
 * {@link tidy}; what it returns has no graph. On the reference backend and under `detectAnomaly`, `step` runs as it is.
 * @param step takes tensors without graph, and plain values; returns tensors, also in arrays and objects, or plain values
 * @throws Error from inside `step` when it reads the values of a tensor (`item`, `tolist`, `data`, …): what follows
 *   could depend on them; when it makes an optimizer, or changes a tensor in place that it made from numbers;
 *   TypeError for an argument that requires a gradient or is an array or object of others, for an async step, and for a
 *   result that is neither made of tensors nor a plain value
 * @see https://pytorch.org/docs/stable/generated/torch.compile.html
 */
export function compile<Args extends readonly unknown[], Result>(
  step: (...args: Args) => Result,
): Compiled<Args, Result> {
  if (typeof step !== 'function') typeError('compile', `expected a function, got ${describe(step)}`);
  let recorded: Recorded[] = [];
  const state = { recordings: 0, size: { calls: 0, bytes: 0 } };

  const run = (...args: Args): Result => {
    args.forEach(checkInput);
    if (backend.name !== 'native' || anomaly.enabled || recorder !== null)
      return mapResult(
        tidy(() => step(...args)),
        leafOf,
      ) as Result;
    for (const each of recorded) {
      const { plan, inputs, mode, grad } = each;
      if (mode !== modeVersion || grad !== isGradEnabled() || !plan.isCurrent) continue;
      const given = matchInputs(inputs, args);
      if (given === null) continue;
      try {
        return instantiate(
          each,
          observed('compiled step', () => plan.run(given)),
          given,
        ) as Result;
      } catch (error) {
        if (!(error instanceof Outdated)) throw error;
      }
    }
    const { fresh, first } = recordStep(step, args);
    state.recordings++;
    state.size = fresh.plan.size;
    recorded = [fresh, ...recorded.filter(({ mode }) => mode === modeVersion)];
    recorded.length = Math.min(recorded.length, MOST_RECORDINGS);
    return first as Result;
  };
  return Object.defineProperties(run, {
    recordings: { get: () => state.recordings },
    size: { get: () => state.size },
  }) as unknown as Compiled<Args, Result>;
}

function checkInput(value: unknown, i: number): void {
  if (value instanceof Tensor && value.requiresGrad)
    typeError('compile', `argument ${i + 1} requires grad, and a recorded step leaves no graph: detach() it`);
  // What is in it could change, or lead to tensors, without being another argument.
  if (Array.isArray(value) || ArrayBuffer.isView(value) || isPlainObject(value))
    typeError(
      'compile',
      `argument ${i + 1}: expected a tensor or a plain value, got ${describe(value)}: pass what is in it as arguments`,
    );
}

const isPlainObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The memory of the arguments for a plan, or null when the plan is for others. */
function matchInputs(keys: readonly InputKey[], args: readonly unknown[]): Input[] | null {
  if (keys.length !== args.length) return null;
  const memories: Input[] = [];
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    const arg = args[i];
    if ('value' in key) {
      if (!Object.is(key.value, arg)) return null;
      continue;
    }
    const { tensor, memory } = key;
    if (!(arg instanceof Tensor) || arg.dtype !== tensor.dtype) return null;
    if (!sameShape(arg.shape, tensor.shape) || !sameShape(arg.strides, tensor.strides)) return null;
    // Without elements there is no memory to replace.
    if (arg.size === 0) continue;
    const { storage } = arg;
    const shift = (arg.offset - tensor.offset) * itemSize(arg.dtype);
    // Arguments share memory as they did in the recording, or not at all.
    const shared = memories.findIndex((other) => other.storage === storage);
    if (shared !== (memory < memories.length ? memory : -1)) return null;
    if (shared < 0) memories.push({ storage, shift });
    else if (memories[shared].shift !== shift) return null;
  }
  return memories;
}

/** Runs a step and records it. */
function recordStep<Args extends readonly unknown[]>(
  step: (...args: Args) => unknown,
  args: Args,
): { fresh: Recorded; first: unknown } {
  const grad = isGradEnabled();
  const { inputs, memories, parts, countChanges } = ownInputs(args);
  const recording = new Recording(parts);
  const stepArgs = inputs.map((key) => ('value' in key ? key.value : key.tensor)) as unknown as Args;
  let returned: unknown;
  try {
    returned = recording.run(() => tidy(() => step(...stepArgs)));
  } finally {
    countChanges();
  }
  const outputs: Storage[] = [];
  const sources = new Map<Tensor, Source>();
  const sourceOf = (storage: Storage): Source => {
    if (parts.includes(storage)) return { from: 'input', index: parts.indexOf(storage) };
    const from = recording.originOf(storage);
    if (from === 'recording') storage.kept = true;
    if (from !== 'run') return { from, index: -1 };
    if (!outputs.includes(storage)) outputs.push(storage);
    return { from, index: outputs.indexOf(storage) };
  };
  const result = mapResult(returned, (tensor) => {
    const leaf = leafOf(tensor);
    sources.set(leaf, sourceOf(tensor.storage));
    return leaf;
  });
  const fresh = { plan: recording.plan(outputs), inputs, mode: modeVersion, grad, result, sources };
  return { fresh, first: instantiate(fresh, outputs, memories) };
}

/**
 * The arguments of a recording, as tensors of their own over the same memory: what the step finds elsewhere is not an
 * input, even when it is the same tensor.
 */
function ownInputs(args: readonly unknown[]): {
  inputs: InputKey[];
  memories: Input[];
  parts: Storage[];
  countChanges: () => void;
} {
  const spans = new Map<Storage, { low: number; high: number }>();
  for (const arg of args) {
    if (!(arg instanceof Tensor) || arg.size === 0) continue;
    const span = spans.get(arg.storage) ?? { low: Infinity, high: 0 };
    const { low, high } = spanOf(arg);
    spans.set(arg.storage, { low: Math.min(span.low, low), high: Math.max(span.high, high) });
  }
  const originals = [...spans.keys()];
  const parts = [...spans].map(([storage, { low, high }]) => partOf(storage, low, high));
  return {
    inputs: args.map((arg) => {
      if (!(arg instanceof Tensor)) return { value: arg };
      const { dtype, shape, strides } = arg;
      if (arg.size === 0)
        return { tensor: new Tensor(partOf(arg.storage, 0, 0), dtype, shape, strides), memory: -1 };
      const memory = originals.indexOf(arg.storage);
      const { low } = spans.get(arg.storage) as { low: number };
      const tensor = new Tensor(parts[memory], dtype, shape, strides, arg.offset - low);
      return { tensor, memory };
    }),
    memories: [...spans].map(([storage, { low }]) => ({ storage, shift: low * itemSize(storage.dtype) })),
    parts,
    countChanges: () => {
      parts.forEach(({ version }, i) => (originals[i].version += version));
    },
  };
}

/** From which element to before which one a tensor reaches in its storage. */
function spanOf({ offset, shape, strides }: Tensor): { low: number; high: number } {
  let [low, high] = [offset, offset + 1];
  for (let i = 0; i < shape.length; i++) {
    const reach = (shape[i] - 1) * strides[i];
    if (reach < 0) low += reach;
    else high += reach;
  }
  return { low, high };
}

/** What a run returns: the result of the recording with the memory of this run. */
const instantiate = (
  { result, sources }: Recorded,
  made: readonly Storage[],
  inputs: readonly Input[],
): unknown =>
  mapResult(result, (tensor) => {
    const { from, index } = sources.get(tensor) as Source;
    if (from === 'outside') return leafOf(tensor);
    // The next run needs it, or writes it anew.
    if (from === 'recording') return noGrad(() => clone(tensor));
    const { dtype, shape, strides, offset } = tensor;
    if (from === 'run') return new Tensor(made[index], dtype, shape, strides, offset);
    const { storage, shift } = inputs[index];
    return new Tensor(storage, dtype, shape, strides, offset + shift / itemSize(dtype));
  });

const leafOf = (tensor: Tensor): Tensor => viewOf(tensor, tensor.shape, tensor.strides);

/** A result with `change` made to each tensor in it, or to what stands for one. */
function mapResult(result: unknown, change: (tensor: Tensor) => unknown): unknown {
  if (result instanceof Tensor) return change(result);
  if (Array.isArray(result)) return result.map((item) => mapResult(item, change));
  if (typeof result !== 'object' || result === null) return result;
  if (!isPlainObject(result))
    typeError(
      'compile',
      `the step returned ${describe(result)}: expected tensors, in arrays and plain objects`,
    );
  return Object.fromEntries(Object.entries(result).map(([name, item]) => [name, mapResult(item, change)]));
}
