import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { io, linalg, nn, noGrad, randn, searchsorted, tensor, zeros, type Tensor } from '../../lib/index.js';
import { readMessage, type Fields } from '../support/protobuf.js';
import { runOnnx, testOnnx } from './check.js';

// What an ONNX file holds, and what cannot become one.

const { serialize, saveFile } = io.onnx;

const messages = (fields: Fields, field: number): Fields[] =>
  (fields.get(field) ?? []).map((bytes) => readMessage(bytes as Buffer));
const text = (fields: Fields, field: number): string => String(fields.get(field)?.[0] ?? '');
const texts = (fields: Fields, field: number): string[] => (fields.get(field) ?? []).map(String);

/** The graph of a file, taken apart. */
function graphOf(bytes: Uint8Array) {
  const model = readMessage(bytes);
  const [graph] = messages(model, 7);
  const shapeOf = (info: Fields): string[] => {
    const [type] = messages(info, 2);
    const [shape] = messages(messages(type, 1)[0], 2);
    return messages(shape, 1).map((dim) => (dim.has(2) ? text(dim, 2) : String(dim.get(1)?.[0])));
  };
  const infos = (field: number) => Object.fromEntries(messages(graph, field).map((info) => [text(info, 1), shapeOf(info)])); // prettier-ignore
  return {
    irVersion: model.get(1)?.[0],
    opset: messages(model, 8)[0].get(2)?.[0],
    nodes: messages(graph, 1).map((node) => ({
      op: text(node, 4),
      inputs: texts(node, 1),
      outputs: texts(node, 2),
    })),
    constants: messages(graph, 5).map((constant) => text(constant, 8)),
    inputs: infos(11),
    outputs: infos(12),
  };
}

const mlp = (): nn.Sequential => new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 2));

test('a graph has a node for each operation, and the names of the state dict', async (t) => {
  const graph = graphOf(await serialize(mlp(), zeros([1, 3])));
  t.deepEqual(
    graph.nodes.map(({ op }) => op),
    ['Gemm', 'Relu', 'Gemm'],
  );
  t.deepEqual(graph.constants.sort(), ['0.bias', '0.weight', '2.bias', '2.weight']);
  t.deepEqual(graph.inputs, { input: ['batch', '3'] });
  t.deepEqual(graph.outputs, { output: ['batch', '2'] });
  t.is(graph.irVersion, 8n);
  t.is(graph.opset, 18n);
  t.is(graphOf(await serialize(mlp(), zeros([1, 3]), { opset: 21 })).irVersion, 10n);
});

test('names, and a batch of one size', async (t) => {
  const options = { inputNames: ['x'], outputNames: ['y'], dynamicBatch: false };
  const graph = graphOf(await serialize(mlp(), [zeros([5, 3])], options));
  t.deepEqual(graph.inputs, { x: ['5', '3'] });
  t.deepEqual(graph.outputs, { y: ['5', '2'] });
});

class Tied extends nn.Module {
  readonly embedding = new nn.Embedding(5, 4);
  readonly head = new nn.Linear(4, 5, { bias: false });
  readonly norm = new nn.BatchNorm1d(5);

  constructor() {
    super();
    (this.head as { weight: nn.Parameter }).weight = this.embedding.weight;
  }

  forward(x: Tensor): Tensor {
    return this.norm.forward(this.head.forward(this.embedding.forward(x)));
  }
}

test('shared weights are there once, and what is not used is not there', async (t) => {
  const graph = graphOf(await serialize(new Tied(), zeros([2], { dtype: 'int32' })));
  const names = ['embedding.weight', 'norm.bias', 'norm.running_mean', 'norm.running_var', 'norm.weight'];
  t.deepEqual(graph.constants.sort(), names);
});

test('the model is left as it was', async (t) => {
  const model = new nn.Sequential(new nn.Linear(3, 3), new nn.Dropout(0.5), mlp());
  model.train();
  [...model.modules()][1].eval();
  const modes = [...model.modules()].map(({ training }) => training);
  const state = model.stateDict();
  const before = Object.values(state).map((x) => x.tolist());
  await serialize(model, zeros([1, 3]));
  t.deepEqual(
    [...model.modules()].map(({ training }) => training),
    modes,
  );
  t.deepEqual(
    Object.values(model.stateDict()).map((x) => x.tolist()),
    before,
  );
  t.false([...model.modules()].some((module) => Object.hasOwn(module, 'forward')));
  t.true([...model.parameters()].every((parameter) => parameter.requiresGrad && parameter.grad === null));
  await t.throwsAsync(serialize(model, zeros([1, 4])), { message: /linear/ });
  t.false([...model.modules()].some((module) => Object.hasOwn(module, 'forward')));
  t.true(model.training);
});

testOnnx('hooks are part of what a model computes', async (t) => {
  const model = mlp();
  const hook = (_module: unknown, _inputs: unknown, y: Tensor): Tensor => y.mul(2).add(1);
  model.registerForwardHook(hook);
  const x = randn([3, 3]);
  const [y] = await runOnnx(await serialize(model, x), [x]);
  const wanted = noGrad(() => model.forward(x)).toArray();
  t.true([...wanted].every((value, i) => Math.abs(value - y.data[i]) < 1e-5));
  const plain = mlp();
  plain.loadStateDict(model.stateDict());
  t.is(model.forward(x).tolist().toString(), plain.forward(x).mul(2).add(1).tolist().toString());
});

/** A module that is a function. */
class Lambda extends nn.Module<Tensor[], unknown> {
  readonly bias = new nn.Parameter(zeros([3]));

  constructor(readonly fn: (x: Tensor, module: Lambda) => unknown) {
    super();
  }

  forward(x: Tensor): unknown {
    return this.fn(x, this);
  }
}

const within = (fn: (x: Tensor, module: Lambda) => unknown) => () =>
  serialize(new nn.Sequential(new nn.Identity(), new Lambda(fn) as never), zeros([2, 3, 3]));
const onlyBatch = 'export with dynamicBatch: false';

/** Models that cannot be exported, and what is said of them. */
const REFUSED: readonly [name: string, call: () => Promise<unknown>, message: string][] = [
  ['values in JavaScript', within((x) => (x.sum().item() > 0 ? x : x.neg())), '[onnx] 1 (Lambda, values): the model reads the values of a tensor (item, tolist, toArray, …): what follows could depend on them'], // prettier-ignore
  ['no such operation', within((x) => linalg.inv(x)), '[onnx] 1 (Lambda, lu): ONNX has no such operation'],
  ['no such function', within((x) => x.lgamma()), '[onnx] 1 (Lambda, lgamma): ONNX has no such operation'],
  ['random numbers', within((x) => x.add(randn([3]))), '[onnx] 1 (Lambda, random): random numbers are drawn'],
  ['state that changes', within((x, { bias }) => bias.copy_(x.sum([0, 1]))), '[onnx] 1 (Lambda, copy): the state 1.bias changes'], // prettier-ignore
  ['rows of the batch', within((x) => x.slice(0, 1)), `[onnx] the model (Sequential, output): shapes (7, 3, 3) and (8, 3, 3), with batches of 8 and 9: only sizes that are multiples of the batch can follow it; ${onlyBatch}`], // prettier-ignore
  ['the size of the batch as a number', within((x) => x.div(x.shape[0] + 1)), `[onnx] 1 (Lambda, div): numbers that do not come from the input depend on the size of the batch: ${onlyBatch}`], // prettier-ignore
  ['another way for each size', within((x) => (x.shape[0] > 8 ? x.neg() : x.abs())), `[onnx] 1 (Lambda, unary): a number depends on the size of the batch (abs, then neg): ${onlyBatch}`], // prettier-ignore
  ['a search among the batch', within((x) => searchsorted(x.select(1, 0).select(1, 0), 0.5)), `[onnx] the model (Sequential, output): the model computes something else when the batch has another size: export it with dynamicBatch: false`], // prettier-ignore
  ['as many results as the batch has', within((x) => x.unbind()), `[onnx] the model gave 8 tensors for a batch of 8, and 9 for one of 9: ${onlyBatch}`], // prettier-ignore
  [
    'nothing',
    within(() => 'text'),
    '[onnx] the model gave "text": expected a tensor, or lists and objects with tensors',
  ],
  ['no model', () => serialize({} as never, zeros([1])), '[onnx] model: expected a module, got an Object'],
  ['no example', () => serialize(mlp(), [] as never), '[onnx] example: expected a tensor or a list with tensors, got an array of 0'], // prettier-ignore
  ['no such option', () => serialize(mlp(), zeros([1, 3]), { names: [] } as never), "[onnx] options: unknown option 'names'; there is inputNames, outputNames, dynamicBatch, opset"], // prettier-ignore
  [
    'no such opset',
    () => serialize(mlp(), zeros([1, 3]), { opset: 9 }),
    '[onnx] opset: expected 18 to 21, got 9',
  ],
  ['too many names', () => serialize(mlp(), zeros([1, 3]), { inputNames: ['a', 'b'] }), '[onnx] inputNames: expected 1 names, got 2'], // prettier-ignore
  ['a name twice', () => serialize(mlp(), zeros([1, 3]), { inputNames: ['a'], outputNames: ['a'] }), '[onnx] "a" is the name of an input and of an output'], // prettier-ignore
  ['a name that is taken', () => serialize(mlp(), zeros([1, 3]), { inputNames: ['0.bias'] }), '[onnx] "0.bias" is the name of a parameter or buffer: choose another one'], // prettier-ignore
  [
    'no batch',
    () => serialize(mlp(), zeros([0, 3])),
    '[onnx] example: expected at least one element in the batch',
  ],
  ['no such dimension', () => serialize(mlp(), zeros([1, 3]), { dynamicBatch: 2 }), '[onnx] dynamicBatch: input 0 of shape (1, 3) has no dimension 2'], // prettier-ignore
  ['batches of two sizes', () => serialize(new nn.MSELoss(), [zeros([1, 3]), zeros([2, 3])]), '[onnx] example: expected the same batch size in all inputs, got 1, 2; say which dimension of each is the batch: dynamicBatch: [0, null, …]'], // prettier-ignore
];

for (const [name, call, message] of REFUSED)
  test(`refused: ${name}`, async (t) => {
    t.is((await t.throwsAsync(call)).message, message);
  });

test('a file is written as a whole or not at all', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'mgp-'));
  const path = join(folder, 'model.onnx');
  try {
    await writeFile(path, 'before');
    await t.throwsAsync(saveFile(new Lambda((x) => x.tolist()) as never, zeros([1, 3]), path));
    t.is(await readFile(path, 'utf8'), 'before');
    const model = mlp();
    await saveFile(model, zeros([1, 3]), path);
    t.deepEqual(new Uint8Array(await readFile(path)), await serialize(model, zeros([1, 3])));
    t.deepEqual(await readdir(folder), ['model.onnx']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

testOnnx('inputs of their own dtypes, and results that are inputs or constants', async (t) => {
  class Parts extends nn.Module<[Tensor, { mask: Tensor; counts: readonly Tensor[] }], unknown> {
    readonly table = new nn.Parameter(tensor([1, 2, 3]));

    forward(x: Tensor, { mask, counts }: { mask: Tensor; counts: readonly Tensor[] }): unknown {
      return [x, this.table, { y: x.where(mask, counts[0]), z: counts[0].add(1) }, x.mul(2), x.mul(2)];
    }
  }
  const x = randn([2, 3]);
  const mask = tensor([
    [true, false, true],
    [false, true, false],
  ]);
  const counts = tensor(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    { dtype: 'int32' },
  );
  const bytes = await serialize(new Parts(), [x, { mask, counts: [counts] }]);
  const results = await runOnnx(bytes, [x, mask, counts]);
  const wanted = [x, tensor([1, 2, 3]), x.where(mask, counts), counts.add(1), x.mul(2), x.mul(2)];
  t.deepEqual(
    results.map(({ data }) => [...data]),
    wanted.map((y) => [...y.toArray()]),
  );
  t.deepEqual(Object.keys(graphOf(bytes).inputs), ['input_0', 'input_1', 'input_2']);
});
