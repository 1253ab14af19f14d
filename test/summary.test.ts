import test from 'ava';
import { getRngState, nn, randn, summary, tensor, type Tensor } from '../lib/index.js';

class Block extends nn.Module {
  conv = new nn.Conv2d(4, 4, 3, { padding: 1, bias: false });
  bn = new nn.BatchNorm2d(4);
  forward(x: Tensor): Tensor {
    return this.bn.forward(this.conv.forward(x)).add(x).relu();
  }
}

test('a CNN: parameters and operations as calculated by hand', (t) => {
  const model = new nn.Sequential(
    new nn.Conv2d(1, 8, 3),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(8 * 13 * 13, 10),
  );
  const all = summary(model, [2, 1, 28, 28]);
  t.is(all.parameters, 80 + 13_530);
  const [conv, linear] = [2 * 8 * 26 * 26 * 9, 2 * 1352 * 10];
  t.is(all.macs, conv + linear);
  t.is(all.rows[1].flops, 2 * conv + 2 * 8 * 26 * 26);
  t.is(all.rows[2].flops, 2 * 8 * 26 * 26);
  t.is(all.rows[3].flops, 2 * 8 * 13 * 13 * 4);
  t.is(all.rows[5].flops, 2 * linear + 20);
  t.is(
    all.flops,
    all.rows.slice(1).reduce((sum, row) => sum + row.flops, 0),
  );
  t.deepEqual(all.rows[1].outputShape, [2, 8, 26, 26]);
  t.deepEqual(
    all.rows.map((row) => row.depth),
    [0, 1, 1, 1, 1, 1],
  );
  t.is(all.parameterBytes, 4 * 13_610);
  t.regex(String(all), /Conv2d \(0\) +\(2, 1, 28, 28\) +\(2, 8, 26, 26\) +80 /);
});

test('a block with a shortcut', (t) => {
  const all = summary(new Block(), [1, 4, 5, 5]);
  t.is(all.parameters, 4 * 4 * 9 + 8);
  t.is(all.macs, 100 * 36);
  t.is(all.flops, 2 * 3600 + 4 * 100 + 100 + 100);
  t.is(all.buffers, 9);
});

test('an LSTM and a transformer layer: multiply-adds', (t) => {
  const lstm = summary(new nn.LSTM(3, 5), [7, 2, 3]);
  t.is(lstm.parameters, 4 * 5 * (3 + 5 + 2));
  t.is(lstm.macs, 7 * 2 * 20 * (3 + 5));
  const layer = summary(new nn.TransformerEncoderLayer(8, 2, 16), [4, 3, 8]);
  // Projections of attention, its scores and sums, and the two linear layers, for 4 tokens of 3 batches.
  t.is(layer.macs, 12 * (8 * 24 + 8 * 8) + 3 * 2 * 16 * (4 + 4) + 12 * 2 * 8 * 16);
});

test('tokens, data, and what is shared', (t) => {
  t.is(summary(new nn.Embedding(10, 4), [2, 3], { dtype: 'int32' }).parameters, 40);
  t.is(summary(new nn.Linear(2, 3), null, { inputData: tensor([[1, 2]]) }).macs, 6);
  const linear = new nn.Linear(4, 4);
  const shared = summary(new nn.Sequential(linear, linear), [1, 4]);
  t.is(shared.parameters, 20);
  t.is(shared.rows[1].calls, 2);
  t.is(shared.macs, 32);
});

test('what modules give in lists and objects is seen', (t) => {
  class Heads extends nn.Module<[Tensor], object> {
    readonly lstm = new nn.LSTM(3, 4, { batchFirst: true });
    readonly head = new nn.Linear(4, 2);

    forward(x: Tensor): object {
      const [y, states] = this.lstm.forward(x);
      return { y: this.head.forward(y), more: { states } };
    }
  }
  const { rows, forwardBytes } = summary(new Heads(), [2, 5, 3]);
  t.deepEqual(
    rows.map(({ outputShape }) => outputShape),
    [
      [2, 5, 2],
      [2, 5, 4],
      [2, 5, 2],
    ],
  );
  // The states, too, are given by a module without others in it.
  t.is(forwardBytes, 4 * (2 * 5 * 4 + 2 * 2 * 4 + 2 * 5 * 2));
});

test('everything is as it was, also after errors', (t) => {
  const model = new nn.Sequential(new nn.Conv2d(1, 2, 3), new nn.BatchNorm2d(2), new nn.Dropout(0.5));
  model.forward(randn([2, 1, 8, 8]));
  const bn = [...model.modules()][2];
  bn.eval();
  const before = {
    state: Object.values(model.stateDict()).map((x) => x.tolist()),
    modes: [...model.modules()].map((each) => each.training),
    random: getRngState(),
  };
  const check = (): void => {
    t.deepEqual(
      Object.values(model.stateDict()).map((x) => x.tolist()),
      before.state,
    );
    t.deepEqual(
      [...model.modules()].map((each) => each.training),
      before.modes,
    );
    t.deepEqual(getRngState(), before.random);
  };
  summary(model, [1, 1, 8, 8]);
  check();
  t.throws(() => summary(model, [1, 3, 8, 8]));
  check();
  t.throws(() => summary(model, null), { instanceOf: TypeError });
  t.throws(() => summary(model, [1, 1, 8, 8], { dtype: [] }), { instanceOf: RangeError });
});
