import { backend, withBackend } from '../backend/select.js';
import { watched } from '../backend/watch.js';
import { checkDType, itemSize, type DType } from '../dtype.js';
import { describe, rangeError, typeError } from '../errors.js';
import { formatCount } from '../format.js';
import { noGrad } from '../grad-mode.js';
import { inMode } from '../nn/mode.js';
import { Module, type AnyModule } from '../nn/module.js';
import { clone } from '../ops/broadcast.js';
import { zeros } from '../ops/create.js';
import { copy_ } from '../ops/inplace.js';
import { checkOptions } from '../ops/primitive.js';
import { getRngState, setRngState } from '../random.js';
import { formatShape, type Shape } from '../shape.js';
import { tensorsIn } from '../tensors-in.js';
import { formatTable } from './table.js';
import { workOf } from './work.js';

/** Options of {@link summary}. */
export interface SummaryOptions {
  /** What to call the model with instead of zeros: one argument, or a list of them. */
  readonly inputData?: unknown;
  /** The dtype of the zeros: one for all inputs, or one for each, such as `'int32'` for tokens. Default float32. */
  readonly dtype?: DType | readonly DType[];
}

/** A module in a {@link Summary}. */
export interface SummaryRow {
  /** 0 for the model itself. */
  readonly depth: number;
  /** As in `namedModules`; '' for the model itself. */
  readonly name: string;
  /** The name of its class. */
  readonly className: string;
  /** How often it was called. */
  readonly calls: number;
  /** Of the first tensor, in its first call; null where it was not called by itself, or takes and gives no tensor. */
  readonly inputShape: Shape | null;
  readonly outputShape: Shape | null;
  /** Elements of the parameters of the module and those below it, each once. */
  readonly parameters: number;
  /** Those of them that require a gradient. */
  readonly trainable: number;
  /** Of all calls, with what they call: see {@link Summary}. */
  readonly flops: number;
  readonly macs: number;
}

/**
 * What {@link summary} returns; as a string, a table. Operations are counted where kernels are called: `macs` are the
 * multiplications of matrix products, convolutions and attention that are added to a sum, and `flops` 2 for each of them, 1 for
 * each element of biases, pointwise operations and sums, 5 of softmax, 8 of layer normalization and 4 of batch normalization.
 */
export interface Summary {
  readonly rows: readonly SummaryRow[];
  /** Elements of all parameters, each once. */
  readonly parameters: number;
  readonly trainable: number;
  /** Elements of all buffers. */
  readonly buffers: number;
  readonly flops: number;
  readonly macs: number;
  /** Bytes of the parameters, and of the outputs of all leaf modules. */
  readonly parameterBytes: number;
  readonly forwardBytes: number;
  /** The table. */
  toString(): string;
}

/** A module while the model runs. */
interface Seen {
  calls: number;
  input: Shape | null;
  output: Shape | null;
  flops: number;
  macs: number;
}

/**
 * What a model is made of: its modules with shapes, parameters and operations, as torchinfo shows them. The model runs once, in
 * evaluation and without gradients; afterwards modes, buffers, random numbers and hooks are as they were.
 *
 * ```ts
 * console.log(String(summary(model, [1, 3, 32, 32])));
 * summary(gpt, [1, 64], { dtype: 'int32' }).parameters;
 * ```
 * @param inputShape of the input, with the batch; a list of shapes for several inputs; null with `inputData`
 * @throws TypeError, RangeError for wrong arguments, and what the model throws.
 */
export function summary(
  model: AnyModule,
  inputShape: Shape | readonly Shape[] | null,
  options: SummaryOptions = {},
): Summary {
  if (!(model instanceof Module)) typeError('summary', `expected a module, got ${describe(model)}`);
  checkOptions('summary', options, ['inputData', 'dtype']);
  const inputs = inputsOf(inputShape, options);
  const modules = [...model.namedModules()];
  const seen = new Map<AnyModule, Seen>(
    modules.map(([, module]) => [module, { calls: 0, input: null, output: null, flops: 0, macs: 0 }]),
  );
  const forwardBytes = unchanged(model, () => runOnce(model, inputs, seen));
  const rows = modules.map(([name, module]): SummaryRow => {
    const { calls, input, output, flops, macs } = seen.get(module) as Seen;
    return {
      depth: name === '' ? 0 : depthOf(modules, name),
      name,
      className: module.constructor.name,
      calls,
      inputShape: input,
      outputShape: output,
      ...parametersOf(module),
      flops,
      macs,
    };
  });
  const { parameters, trainable, flops, macs } = rows[0];
  const parameterBytes = sum([...model.parameters()].map(({ size, dtype }) => size * itemSize(dtype)));
  const buffers = sum([...model.buffers()].map(({ size }) => size));
  const all = { rows, parameters, trainable, buffers, flops, macs, parameterBytes, forwardBytes };
  return { ...all, toString: () => format(all) };
}

function inputsOf(
  shapes: Shape | readonly Shape[] | null,
  { inputData, dtype = 'float32' }: SummaryOptions,
): unknown[] {
  if (inputData !== undefined) return Array.isArray(inputData) ? (inputData as unknown[]) : [inputData];
  if (!Array.isArray(shapes))
    typeError('summary', `inputShape: expected a shape or a list of shapes, got ${describe(shapes)}`);
  const list = (shapes.some(Array.isArray) ? shapes : [shapes]) as readonly Shape[];
  const dtypes = typeof dtype === 'string' ? list.map(() => dtype) : dtype;
  if (dtypes.length !== list.length)
    rangeError('summary', `dtype: expected ${list.length}, one for each input, got ${dtypes.length}`);
  return list.map((shape, i) => {
    checkDType('summary', dtypes[i]);
    return zeros(shape, { dtype: dtypes[i] });
  });
}

/** Runs `fn`, and has everything as it was afterwards. */
function unchanged<T>(model: AnyModule, fn: () => T): T {
  const random = getRngState();
  return noGrad(() => {
    const buffers = [...model.buffers()].map((x) => ({ x, before: clone(x), version: x.storage.version }));
    try {
      return inMode(model, false, fn);
    } finally {
      for (const { x, before, version } of buffers) if (x.storage.version !== version) copy_(x, before);
      setRngState(random);
    }
  });
}

/** Runs the model; returns the bytes of what modules without others in them gave. */
function runOnce(model: AnyModule, inputs: unknown[], seen: ReadonlyMap<AnyModule, Seen>): number {
  const running: AnyModule[] = [];
  let bytes = 0;
  const handles: { remove(): void }[] = [];
  const kernels = watched(backend, (name, args, run) => {
    const { flops, macs } = workOf(name, args);
    // A module that calls itself has it once.
    for (const module of new Set(running)) {
      const own = seen.get(module) as Seen;
      own.flops += flops;
      own.macs += macs;
    }
    return run();
  });
  try {
    for (const [module, own] of seen) {
      const isLeaf = [...module.children()].length === 0;
      handles.push(
        module.registerForwardPreHook((_: unknown, given: unknown[]) => {
          running.push(module);
          if (own.calls++ === 0) own.input = firstShape(given);
        }),
        module.registerForwardHook((_: unknown, __: unknown, output: unknown) => {
          running.pop();
          if (own.calls === 1) own.output = firstShape(output);
          if (isLeaf) bytes += sum(tensorsIn(output).map(({ size, dtype }) => size * itemSize(dtype)));
        }),
      );
    }
    withBackend(kernels, () => model.forward(...inputs) as unknown);
  } finally {
    for (const handle of handles) handle.remove();
  }
  return bytes;
}

const firstShape = (value: unknown): Shape | null => tensorsIn(value).at(0)?.shape ?? null;

/** How many modules a module is below: names in lists (`layers.0`) have more points than that. */
const depthOf = (modules: readonly (readonly [string, AnyModule])[], name: string): number =>
  modules.filter(([other]) => other === '' || name.startsWith(`${other}.`)).length;

function parametersOf(module: AnyModule): { parameters: number; trainable: number } {
  const all = [...module.parameters()];
  const trainable = all.filter(({ requiresGrad }) => requiresGrad);
  return { parameters: sum(all.map(({ size }) => size)), trainable: sum(trainable.map(({ size }) => size)) };
}

const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);

function format(all: Omit<Summary, 'toString'>): string {
  const shape = (of: Shape | null): string => (of === null ? '-' : formatShape(of));
  const table = formatTable(
    ['Layer', 'Input', 'Output', 'Parameters', 'FLOPs'],
    all.rows.map((row) => [
      '  '.repeat(row.depth) + row.className + (row.name === '' ? '' : ` (${row.name})`),
      shape(row.inputShape),
      shape(row.outputShape),
      formatCount(row.parameters),
      row.calls === 0 ? '-' : formatCount(row.flops),
    ]),
  );
  const [parameters, trainable, buffers] = [all.parameters, all.trainable, all.buffers].map(formatCount);
  const [flops, macs] = [all.flops, all.macs].map(formatCount);
  const [parameterBytes, forwardBytes] = [all.parameterBytes, all.forwardBytes].map(formatCount);
  return [
    table,
    `Parameters: ${parameters}, trainable: ${trainable}, buffers: ${buffers}`,
    `FLOPs: ${flops}, multiply-adds: ${macs}`,
    `Bytes: parameters ${parameterBytes}, forward ${forwardBytes}`,
  ].join('\n');
}
