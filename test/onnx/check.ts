import test, { type ExecutionContext } from 'ava';
import type * as Ort from 'onnxruntime-node';
import { arange, fromArray, io, noGrad, randn, type DType, type nn, type Tensor } from '../../lib/index.js';
import { tensorsIn } from '../../lib/tensors-in.js';

// There are machines that it has no binary for.
const loaded = await import('onnxruntime-node').catch((error: unknown) => String(error));
const ort = loaded as typeof Ort;

/** A test that runs exported models, where there is something to run them. */
export const testOnnx = typeof loaded === 'string' ? test.skip : test;

/** A model, and what it is called with for a batch of a size. */
export interface Row {
  readonly model: nn.AnyModule;
  readonly inputs: (n: number) => readonly unknown[];
  readonly options?: io.onnx.OnnxOptions;
  /** How far off results may be, in parts of themselves. Default 1e-4. */
  readonly tolerance?: number;
}

/** Random numbers of a shape behind the batch. */
export const images =
  (...shape: number[]) =>
  (n: number): Tensor[] => [randn([n, ...shape])];

/** Whole numbers below `below`, of a shape behind the batch. */
export const classes = (below: number, n: number, ...shape: number[]): Tensor => {
  const size = shape.reduce((all, each) => all * each, n);
  return fromArray(
    Int32Array.from(arange(size).toArray(), (i) => (7 * i + 3 * n) % below),
    [n, ...shape],
  );
};

type Typed = Ort.TypedTensor<'float32'>;

const feed = (x: Tensor): Ort.Tensor =>
  new ort.Tensor(x.dtype as 'float32', (x.dtype === 'bool' ? Uint8Array.from(x.toArray()) : x.toArray()) as Float32Array, x.shape); // prettier-ignore

/** Runs a model that was exported. */
export async function runOnnx(bytes: Uint8Array, inputs: readonly Tensor[]): Promise<Typed[]> {
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  try {
    return await runSession(session, inputs);
  } finally {
    await session.release();
  }
}

async function runSession(session: Ort.InferenceSession, inputs: readonly Tensor[]): Promise<Typed[]> {
  const feeds = inputs.map((x, i): [string, Ort.Tensor] => [session.inputNames[i], feed(x)]);
  const results = await session.run(Object.fromEntries(feeds));
  return session.outputNames.map((name) => results[name] as Typed);
}

/** Exports a model, and compares what onnxruntime makes of it with what the model gives, for batches of several sizes. */
export async function checkRow(t: ExecutionContext, name: string, row: Row): Promise<void> {
  const { model, inputs, options, tolerance = 1e-4 } = row;
  model.eval();
  const bytes = await io.onnx.serialize(model, inputs(4), options);
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
  const isDynamic = options?.dynamicBatch !== false;
  for (const n of isDynamic ? [1, 4, 5, 9] : [4]) {
    const given = inputs(n);
    const wanted = tensorsIn(noGrad(() => (model as nn.Module<unknown[], unknown>).forward(...given)));
    const results = await runSession(session, tensorsIn(given));
    t.is(results.length, wanted.length, `${name}: number of results`);
    wanted.forEach((y, i) => compare(t, `${name}, batch of ${n}, result ${i}`, y, results[i], tolerance));
  }
  await session.release();
}

const TYPES: Record<DType, string> = {
  float32: 'float32',
  float64: 'float64',
  int32: 'int32',
  uint8: 'uint8',
  bool: 'bool',
};

/** Compares a result with what it should be. */
export function compare(
  t: ExecutionContext,
  name: string,
  wanted: Tensor,
  got: Typed,
  tolerance: number,
): void {
  t.deepEqual(got.dims, wanted.shape, `${name}: shape`);
  t.is(got.type, TYPES[wanted.dtype] as 'float32', `${name}: dtype`);
  const values = wanted.toArray();
  const scale = Math.max(1e-3, ...values.filter(Number.isFinite).map(Math.abs));
  for (const [i, value] of values.entries()) {
    const other = got.data[i];
    if (Object.is(value, other) || value === other) continue;
    const isNear = Math.abs(value - other) <= tolerance * Math.max(Math.abs(value), 0.1 * scale);
    if (!isNear) {
      t.fail(`${name}: expected ${value} at ${i}, got ${other}`);
      return;
    }
  }
}
