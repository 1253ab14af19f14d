import test from 'ava';
import { manualSeed, randint, randn, softmax, tensor, train, type Tensor } from '../lib/index.js';

/** The value of a metric for batches. */
function valueOf(metric: train.Metric, ...batches: readonly [Tensor, Tensor][]): number {
  metric.reset();
  for (const [output, target] of batches) metric.update(output, target);
  return metric.compute();
}

const classes = (values: number[]): Tensor => tensor(values, { dtype: 'int32' });
const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6;

test('accuracy counts classes, single outputs and pixels', (t) => {
  const scores = tensor([
    [1, 2, 0],
    [5, 1, 1],
    [0, 0, 1],
    [0, 3, 1],
  ]);
  t.is(valueOf(train.accuracy(), [scores, classes([1, 0, 1, 1])]), 0.75);
  t.is(valueOf(train.accuracy(), [scores, classes([1, 0, 1, 1])], [scores, classes([0, 1, 0, 2])]), 3 / 8);
  t.is(valueOf(train.accuracy(), [tensor([-1, 0.5, 2]), tensor([0, 0, 1])]), 2 / 3);
  t.is(valueOf(train.accuracy(), [tensor([[-1], [0.5], [2]]), classes([0, 1, 1])]), 1);
  t.is(valueOf(train.accuracy({ threshold: 0.5 }), [tensor([0.4, 0.6]), tensor([0, 1])]), 1);
  const pixels = tensor([
    [
      [1, 0],
      [0, 1],
    ],
  ]); // (1, 2, 2): classes 0 and 1
  t.is(valueOf(train.accuracy(), [pixels, tensor([[0, 0]], { dtype: 'int32' })]), 0.5);
  t.is(valueOf(train.accuracy()), NaN);
});

test('topK finds the class among the best', (t) => {
  const scores = tensor([
    [4, 3, 2, 1],
    [1, 2, 3, 4],
    [4, 1, 2, 3],
  ]);
  t.is(train.topK(2).name, 'top2');
  t.is(valueOf(train.topK(2), [scores, classes([1, 0, 0])]), 2 / 3);
  t.is(valueOf(train.topK(4), [scores, classes([1, 0, 0])]), 1);
});

test('precision, recall and f1 are those of scikit-learn', (t) => {
  // precision_score([0, 1, 2, 0, 1, 2], [0, 2, 1, 0, 0, 1], average=…) and its like, from scikit-learn's documentation.
  const scores = tensor([0, 2, 1, 0, 0, 1].map((guess) => [0, 1, 2].map((c) => Number(c === guess))));
  const target = classes([0, 1, 2, 0, 1, 2]);
  const pair: [Tensor, Tensor] = [scores, target];
  t.true(near(valueOf(train.precision(), pair), 2 / 9));
  t.true(near(valueOf(train.precision({ average: 'micro' }), pair), 1 / 3));
  t.true(near(valueOf(train.precision({ average: 'weighted' }), pair), 2 / 9));
  t.true(near(valueOf(train.recall(), pair), 1 / 3));
  t.true(near(valueOf(train.recall({ average: 'micro' }), pair), 1 / 3));
  t.true(near(valueOf(train.f1(), pair), 0.8 / 3));
  t.true(near(valueOf(train.f1({ average: 'weighted' }), pair), 0.8 / 3));
  // Two hits, one false alarm, two misses.
  const single: [Tensor, Tensor] = [tensor([1, 1, 1, -1, -1, -1]), tensor([1, 1, 0, 1, 1, 0])];
  t.true(near(valueOf(train.precision(), single), 2 / 3));
  t.true(near(valueOf(train.recall(), single), 1 / 2));
  t.true(near(valueOf(train.f1(), single), 4 / 7));
  t.is(valueOf(train.precision(), [tensor([-1, -1]), tensor([1, 0])]), 0);
});

test('rocAuc counts pairs in the right order, and ties by half', (t) => {
  manualSeed(4);
  const scores = Array.from(randint(0, 8, [60]).toArray());
  const truths = Array.from(randint(0, 2, [60]).toArray());
  let right = 0;
  let pairs = 0;
  for (let i = 0; i < 60; i++)
    for (let j = 0; j < 60; j++) {
      if (truths[i] !== 1 || truths[j] !== 0) continue;
      pairs++;
      right += scores[i] > scores[j] ? 1 : scores[i] === scores[j] ? 0.5 : 0;
    }
  const half = (values: number[], from: number): Tensor => tensor(values.slice(from, from + 30));
  const metric = train.rocAuc();
  t.true(
    near(
      valueOf(metric, [half(scores, 0), half(truths, 0)], [half(scores, 30), half(truths, 30)]),
      right / pairs,
    ),
  );
  // roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), from scikit-learn's documentation.
  t.is(valueOf(metric, [tensor([0.1, 0.4, 0.35, 0.8]), tensor([0, 0, 1, 1])]), 0.75);
  t.is(valueOf(metric, [tensor([0.1, 0.4]), tensor([1, 1])]), NaN);
});

test('rocAuc of several classes is the mean of each against the others', (t) => {
  manualSeed(5);
  const scores = randn([40, 3]);
  const target = randint(0, 3, [40]);
  const probabilities = softmax(scores, 1).tolist() as number[][];
  const one = (c: number): number =>
    valueOf(train.rocAuc(), [
      tensor(
        probabilities.map((row) => row[c]),
        { dtype: 'float64' },
      ),
      tensor(Array.from(target.toArray(), (truth) => Number(truth === c))),
    ]);
  t.true(near(valueOf(train.rocAuc(), [scores, target]), (one(0) + one(1) + one(2)) / 3));
});

test('mae and r2 are those of scikit-learn', (t) => {
  const [truths, guesses] = [
    [3, -0.5, 2, 7],
    [2.5, 0, 2, 8],
  ];
  t.is(valueOf(train.mae(), [tensor(guesses), tensor(truths)]), 0.5);
  t.true(near(valueOf(train.r2(), [tensor(guesses), tensor(truths)]), 0.948608137));
  t.true(
    near(
      valueOf(
        train.r2(),
        [tensor([[2.5], [0]]), tensor([3, -0.5])],
        [tensor([[2], [8]]), tensor([[2], [7]])],
      ),
      0.948608137,
    ),
  );
  const pairs = [
    [0.5, 1],
    [-1, 1],
    [7, -6],
  ];
  const wrong = [
    [0, 2],
    [-1, 2],
    [8, -5],
  ];
  t.true(near(valueOf(train.r2(), [tensor(wrong), tensor(pairs)]), (0.965438 + 0.908163) / 2));
  // Far from 0, sums of squares would have no digits left.
  const far = [1e8, 1e8 + 1, 1e8 + 2].map((x) => [x]);
  t.true(
    near(valueOf(train.r2(), [tensor(far, { dtype: 'float64' }), tensor(far, { dtype: 'float64' })]), 1),
  );
  t.is(valueOf(train.r2(), [tensor([1, 1]), tensor([1, 1])]), 1);
  t.is(valueOf(train.r2(), [tensor([1, 2]), tensor([1, 1])]), 0);
});

test('a metric goes on where its state was taken', (t) => {
  manualSeed(6);
  const scores = randn([20, 3]);
  const target = randint(0, 3, [20]);
  for (const make of [train.accuracy, train.f1, train.rocAuc, () => train.topK(2)]) {
    const first = make();
    first.update(scores, target);
    const second = make();
    second.loadStateDict(JSON.parse(JSON.stringify(first.stateDict())));
    for (const metric of [first, second]) metric.update(scores.neg(), target);
    t.is(second.compute(), first.compute());
  }
});

test('metrics say what they expected', (t) => {
  const wrong: [() => unknown, string][] = [
    [() => train.topK(0), '[topK] k: expected a whole number from 1, got 0'],
    [
      () => train.accuracy({ treshold: 1 } as object),
      "[accuracy] options: unknown option 'treshold'; there is threshold",
    ],
    [
      () => train.f1({ average: 'mean' as 'macro' }),
      "[f1] average: expected 'binary' or 'macro' or 'micro' or 'weighted', got \"mean\"",
    ],
    [
      () => valueOf(train.accuracy(), [tensor([[1, 2]]), tensor([1, 2])]),
      '[accuracy] expected outputs (N, C, …) for classes (N, …), or one output for each target, got (1, 2) for (2,)',
    ],
    [
      () => valueOf(train.accuracy(), [tensor([[1, 2]]), tensor([2])]),
      '[accuracy] target: expected classes from 0 to 1, got 2',
    ],
    [
      () => valueOf(train.precision({ average: 'binary' }), [tensor([[1, 2, 3]]), classes([2])]),
      "[precision] average 'binary' is for two classes, got 3: there is 'macro'",
    ],
    [
      () => valueOf(train.topK(3), [tensor([[1, 2]]), classes([1])]),
      '[topK] expected at least 3 classes, got 2',
    ],
    [
      () => valueOf(train.mae(), [tensor([1, 2]), tensor([[1, 2]])]),
      "[mae] expected outputs of the targets' shape, got (2,) for (1, 2)",
    ],
    [
      () => valueOf(train.r2(), [tensor(1), tensor(1)]),
      '[r2] expected samples along the first dimension, got ()',
    ],
  ];
  for (const [call, message] of wrong) t.throws(call, { message });
});
