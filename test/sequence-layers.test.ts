import { readFileSync } from 'node:fs';
import test from 'ava';
import {
  compile,
  fromArray,
  grad,
  gradcheck,
  gradgradcheck,
  manualSeed,
  nn,
  ones,
  randn,
  ShapeError,
  tensor,
  zeros,
  type Tensor,
} from '../lib/index.js';
import { BACKENDS, differs, onBackend, sameBits } from './support/check.js';
import type { Nd } from './support/oracle.js';
import { testWrongCalls } from './support/wrong-calls.js';

// RNN, LSTM, GRU, their cells, attention and transformers against PyTorch's numbers, which scripts/golden/sequence-layers.py
// made.

type Spec = number[] | Spec[] | null;

interface Golden {
  readonly title: string;
  readonly make: readonly unknown[];
  readonly inputs: readonly Spec[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly masks: Readonly<Record<string, { data: unknown; dtype: 'bool' | 'float64' }>>;
  readonly keys: readonly string[];
  readonly outputs: readonly Nd[];
  readonly inputGrads: readonly Nd[];
  readonly projections: Readonly<Record<string, readonly [number, number]>>;
}

const GOLDEN = JSON.parse(
  readFileSync(new URL('golden/sequence-layers.json', import.meta.url), 'utf8'),
) as readonly Golden[];

const f64 = { dtype: 'float64' } as const;

/** The numbers of `pattern` in the script. */
function pattern(shape: readonly number[], k: number, scale = 1): Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  const numbers = Array.from(
    { length: size },
    (_, i) => (((i * 7919 + k * 104729 + 13) % 1009) / 1009 - 0.5) * scale,
  );
  return fromArray(Float64Array.from(numbers), shape);
}

type AnyLayer = nn.AnyModule;

/** A layer from its class and arguments, some of which are layers themselves. */
function make([name, ...args]: readonly unknown[]): AnyLayer {
  const read = args.map((arg) => (Array.isArray(arg) ? make(arg) : arg));
  if (!['TransformerEncoder', 'TransformerDecoder'].includes(name as string)) {
    const options = typeof read.at(-1) === 'object' ? (read.pop() as object) : {};
    read.push({ ...options, ...f64 });
  }
  const Layer = (nn as unknown as Record<string, new (...args: unknown[]) => AnyLayer>)[name as string];
  return new Layer(...read);
}

const camelCase = (name: string): string =>
  name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const numbersOf = (data: unknown): never =>
  (Array.isArray(data) ? data.map(numbersOf) : typeof data === 'string' ? Number(data.replace('inf', 'Infinity')) : data) as never; // prettier-ignore

const flatten = (value: unknown): Tensor[] =>
  Array.isArray(value) ? value.flatMap(flatten) : value === null ? [] : [value as Tensor];

for (const backend of BACKENDS)
  for (const golden of GOLDEN)
    test(`${golden.title}, as PyTorch, on ${backend}`, (t) => {
      onBackend(backend, () => {
        const layer = make(golden.make).eval();
        t.deepEqual(Object.keys(layer.stateDict()), [...golden.keys]);
        const state = Object.fromEntries(
          golden.keys.map((key, k) => [key, pattern(layer.getParameter(key).shape, k)]),
        );
        layer.loadStateDict(state);
        const leaves: Tensor[] = [];
        const build = (spec: Spec): unknown => {
          if (spec === null) return null;
          if (Array.isArray(spec[0])) return (spec as Spec[]).map(build);
          leaves.push(pattern(spec as number[], 100 + leaves.length, 2).requiresGrad_());
          return leaves.at(-1);
        };
        const options = Object.fromEntries([
          ...Object.entries(golden.kwargs).map(([name, value]) => [camelCase(name), value]),
          ...Object.entries(golden.masks).map(([name, { data, dtype }]) => [
            camelCase(name),
            tensor(numbersOf(data), { dtype }),
          ]),
        ]) as object;
        const inputs = golden.inputs.map(build);
        const rest = Object.keys(options).length > 0 ? [options] : [];
        const outputs = flatten(layer.forward(...inputs, ...rest));
        const check = (name: string, actual: Tensor, expected: Nd): void => {
          t.is(differs(actual, expected, 1e-12), '', name);
        };
        t.is(outputs.length, golden.outputs.length);
        outputs.forEach((output, i) => {
          check(`output ${i}`, output, golden.outputs[i]);
        });
        const losses = outputs.map((output, i) => output.mul(pattern(output.shape, 200 + i)).sum());
        losses.reduce((a, b) => a.add(b)).backward();
        leaves.forEach((leaf, i) => {
          check(`gradient of input ${i}`, leaf.grad!, golden.inputGrads[i]);
        });
        for (const [name, expected] of Object.entries(golden.projections)) {
          const { grad } = layer.getParameter(name);
          const found = [300, 301].map((k) => grad!.mul(pattern(grad!.shape, k)).sum().item());
          check(`gradient of ${name}`, tensor(found, f64), { shape: [2], data: [...expected] });
        }
      });
    });

for (const backend of BACKENDS)
  test(`second derivatives, on ${backend}`, (t) => {
    onBackend(backend, () => {
      manualSeed(1);
      const input = randn([2, 1, 2], f64).requiresGrad_();
      for (const layer of [
        new nn.RNN(2, 2, f64),
        new nn.GRU(2, 2, { ...f64, bidirectional: true }),
        new nn.LSTM(2, 2, { ...f64, projSize: 1 }),
      ]) {
        const f = (x: Tensor): Tensor => layer.forward(x)[0];
        t.true(gradcheck(f, input));
        t.true(gradgradcheck(f, input));
      }
      const attention = new nn.MultiheadAttention(2, 1, f64);
      for (const needWeights of [true, false]) {
        const f = (x: Tensor): Tensor => attention.forward(x, x, x, { needWeights })[0];
        t.true(gradgradcheck(f, input));
      }
    });
  });

test('dropout works between layers, in training only', (t) => {
  const layer = new nn.LSTM(3, 4, { numLayers: 2, dropout: 0.5 });
  const x = randn([5, 2, 3]);
  t.false(sameBits(layer.forward(x)[0], layer.forward(x)[0]));
  layer.eval();
  t.true(sameBits(layer.forward(x)[0], layer.forward(x)[0]));
  const transformer = new nn.TransformerEncoderLayer(4, 2, 8);
  const y = randn([5, 2, 4]);
  t.false(sameBits(transformer.forward(y), transformer.forward(y)));
  transformer.eval();
  t.true(sameBits(transformer.forward(y), transformer.forward(y)));
  const attention = new nn.MultiheadAttention(4, 2, 0.5);
  t.false(sameBits(attention.forward(y, y, y)[0], attention.forward(y, y, y)[0]));
});

test('cells are steps of their layers', (t) => {
  for (const [Layer, Cell] of [
    [nn.RNN, nn.RNNCell],
    [nn.GRU, nn.GRUCell],
  ] as const) {
    const [layer, cell] = [new Layer(3, 4, f64), new Cell(3, 4, f64)];
    const state = Object.entries(layer.stateDict()).map(([name, x]) => [name.replace('_l0', ''), x]);
    cell.loadStateDict(Object.fromEntries(state) as nn.StateDict);
    const x = randn([5, 2, 3], f64);
    let h = zeros([2, 4], f64);
    for (let i = 0; i < 5; i++) h = cell.forward(x.select(0, i), h);
    t.is(differs(h, { shape: [2, 4], data: [...layer.forward(x)[1].toArray()] }), '');
  }
});

test('causal attention, and a mask, are the same', (t) => {
  const attention = new nn.MultiheadAttention(4, 2, f64);
  const x = randn([3, 2, 4], f64);
  const mask = nn.Transformer.generateSquareSubsequentMask(3, 'float64');
  t.deepEqual(mask.tolist(), [[0, -Infinity, -Infinity], [0, 0, -Infinity], [0, 0, 0]]); // prettier-ignore
  for (const needWeights of [true, false]) {
    const [a] = attention.forward(x, x, x, { isCausal: true, needWeights });
    const [b] = attention.forward(x, x, x, null, needWeights, mask);
    t.true(sameBits(a, b));
  }
});

test('layers of an encoder are copies, with the values and the mode of the one given', (t) => {
  const layer = new nn.TransformerEncoderLayer(4, 2, 8).eval();
  const encoder = new nn.TransformerEncoder(layer, 2);
  const [a, b] = encoder.layers;
  t.true(sameBits(a.linear1.weight, layer.linear1.weight));
  t.not(a.linear1.weight, b.linear1.weight);
  t.false(a.training);
  t.true(Object.keys(encoder.stateDict()).includes('layers.1.self_attn.in_proj_weight'));
  const own = new nn.TransformerEncoder(() => new nn.TransformerEncoderLayer(4, 2, 8), 2);
  t.false(sameBits(own.layers[0].linear1.weight, own.layers[1].linear1.weight));
});

test('the norm after all layers comes by position or by name', (t) => {
  const norm = new nn.LayerNorm(4);
  const layers = [new nn.TransformerEncoderLayer(4, 2, 8), new nn.TransformerDecoderLayer(4, 2, 8)] as const;
  t.is(new nn.TransformerEncoder(layers[0], 1, norm).norm, norm);
  t.is(new nn.TransformerEncoder(layers[0], 1, { norm }).norm, norm);
  t.is(new nn.TransformerDecoder(layers[1], 1, { norm }).norm, norm);
  t.is(new nn.TransformerDecoder(layers[1], 1).norm, null);
});

test('names, in both notations, and what is printed', (t) => {
  const lstm = new nn.LSTM(3, 4, 2, true, true, { bidirectional: true });
  t.deepEqual(Object.keys(lstm.stateDict()).slice(0, 4), ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0']); // prettier-ignore
  t.is(lstm.weightIhL1Reverse, lstm.getParameter('weight_ih_l1_reverse'));
  t.is(String(lstm), 'LSTM(3, 4, numLayers=2, batchFirst=true, bidirectional=true)');
  t.is(String(new nn.GRUCell(3, 4, false)), 'GRUCell(3, 4, bias=false)');
  const attention = new nn.MultiheadAttention(4, 2);
  t.is(attention.inProjWeight, attention.getParameter('in_proj_weight'));
  t.regex(String(attention), /\(out_proj\): Linear/);
  nn.utils.weightNorm(lstm, 'weight_hh_l0');
  lstm
    .forward(randn([1, 2, 3]))[0]
    .sum()
    .backward();
  t.not(lstm.getParameter('weight_hh_l0_g').grad, null);
  nn.utils.removeWeightNorm(lstm, 'weight_hh_l0');
  t.true(Object.keys(lstm.stateDict()).includes('weight_hh_l0'));
});

test('a compiled step of an LSTM gives the same bits', (t) => {
  const lstm = new nn.LSTM(3, 4, { numLayers: 2, dropout: 0.3 });
  const body = (x: Tensor): Tensor[] => {
    lstm.zeroGrad();
    const loss = lstm.forward(x)[0].square().sum();
    loss.backward();
    return [loss, lstm.weightIhL0.grad!.clone()];
  };
  const step = compile(body);
  const x = randn([4, 2, 3]);
  manualSeed(2);
  const eager = [body(x), body(x), body(x)];
  manualSeed(2);
  for (const [loss, g] of eager) {
    const [loss2, g2] = step(x);
    t.true(sameBits(loss, loss2) && sameBits(g, g2));
  }
});

test('gradients of one step of many do not cost a tensor of all steps each', (t) => {
  const rnn = new nn.RNN(1, 2);
  const x = randn([300, 1, 1]).requiresGrad_();
  const [output] = rnn.forward(x);
  t.deepEqual(grad(output.select(0, 299).sum(), x)[0].shape, [300, 1, 1]);
});

const x = ones([2, 1, 3]);

// prettier-ignore
testWrongCalls([
  [() => new nn.LSTM(3, 0), RangeError, '[LSTM] hiddenSize: expected a whole number from 1, got 0'],
  [() => new nn.LSTM(3, 2, { projSize: 2 }), RangeError, '[LSTM] projSize: expected less than hiddenSize 2, got 2'],
  [() => new nn.GRU(3, 2, { projSize: 1 } as never), TypeError, "[GRU] options: unknown option 'projSize'; there is numLayers, bias, batchFirst, dropout, bidirectional, dtype"],
  [() => new nn.RNN(3, 2, 1, 'sigmoid' as never), RangeError, "[RNN] nonlinearity: expected 'tanh' or 'relu', got \"sigmoid\""],
  [() => new nn.RNN(3, 2, { bias: 1 as never }), TypeError, '[RNN] bias: expected true or false, got 1'],
  [() => new nn.RNN(3, 2).forward(ones([3])), ShapeError, '[RNN] input: expected two dimensions, or three with a batch, got (3,)'],
  [() => new nn.RNN(2, 2).forward(x), ShapeError, '[RNN] input: expected 2 features, got (2, 1, 3)'],
  [() => new nn.RNN(3, 2).forward(ones([0, 1, 3])), ShapeError, '[RNN] input: expected at least one step in time, got (0, 1, 3)'],
  [() => new nn.RNN(3, 2, f64).forward(x), TypeError, '[RNN] input: expected float64, got float32'],
  [() => new nn.RNN(3, 2).forward(x, ones([1, 1, 3])), ShapeError, '[RNN] hx: expected (1, 1, 2), got (1, 1, 3)'],
  [() => new nn.LSTM(3, 2).forward(x, ones([1, 1, 2]) as never), TypeError, '[LSTM] hx: expected [h, c]'],
  [() => new nn.LSTM(3, 2).forward(x, [ones([1, 1, 2]), ones([1, 1])]), ShapeError, '[LSTM] c: expected (1, 1, 2), got (1, 1)'],
  [() => new nn.LSTMCell(3, 2).forward(x), ShapeError, '[LSTMCell] input: expected (N, 3) or (3,), got (2, 1, 3)'],
  [() => new nn.GRUCell(3, 2).forward(ones([3]), ones([3])), ShapeError, '[GRUCell] hx: expected (2,), got (3,)'],
  [() => new nn.MultiheadAttention(4, 3), RangeError, '[MultiheadAttention] numHeads: expected a divisor of embedDim 4, got 3'],
  [() => new nn.MultiheadAttention(2, 1).forward(x, x, x), ShapeError, '[MultiheadAttention] query: expected two dimensions, or three with a batch, the last 2, got (2, 1, 3)'],
  [() => new nn.MultiheadAttention(3, 1).forward(x, ones([2, 2, 3]), x), ShapeError, '[MultiheadAttention] expected query, key and value of one batch, and as many keys as values, got (2, 1, 3), (2, 2, 3), (2, 1, 3)'],
  [() => new nn.MultiheadAttention(3, 1).forward(x, x, x, { attnMask: ones([2]) }), ShapeError, '[MultiheadAttention] attnMask: expected (2, 2) or (1, 2, 2), got (2,)'],
  [() => new nn.MultiheadAttention(3, 1).forward(x, x, x, ones([1, 2], { dtype: 'int32' })), TypeError, '[MultiheadAttention] keyPaddingMask: expected bool or float32, got int32'],
  [() => new nn.TransformerEncoderLayer(4, 2, { activation: 'tanh' as never }), RangeError, "[TransformerEncoderLayer] activation: expected 'relu', 'gelu' or a function, got \"tanh\""],
  [() => new nn.TransformerEncoder(new nn.TransformerEncoderLayer(4, 2), 2, 1e-5 as never), TypeError, '[TransformerEncoder] norm: expected a module or null, got 0.00001'],
  [() => new nn.TransformerEncoder(new nn.ReLU() as never, 2), TypeError, '[TransformerEncoder] expected a layer or a function that makes one, got a ReLU'],
]);
