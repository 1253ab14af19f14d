import test from 'ava';
import { DataLoader } from '../lib/data/loader.js';
import { TensorDataset } from '../lib/data/dataset.js';
import { ImageDataset } from '../lib/data/mnist-dataset.js';
import { randperm } from '../lib/data/randperm.js';
import { arange, getRngState, manualSeed, rand, setBackend, tensor, tidy, zeros } from '../lib/index.js';
import type { Tensor } from '../lib/index.js';

const numbers = (x: Tensor): number[] => Array.from(x.toArray());

/** Ten samples: the number and its square. */
const tens = (): TensorDataset => new TensorDataset(arange(10), arange(10).mul(arange(10)));

test('randperm gives every number once, in an order that the seed decides', (t) => {
  manualSeed(1);
  const first = numbers(randperm(1000));
  const second = numbers(randperm(1000));
  t.deepEqual(
    first.toSorted((a, b) => a - b),
    numbers(arange(1000)),
  );
  t.notDeepEqual(first, second);
  manualSeed(1);
  t.deepEqual(numbers(randperm(1000)), first);
  t.deepEqual(numbers(randperm(0)), []);
  t.deepEqual(numbers(randperm(1)), [0]);
});

test('randperm gives all orders equally often', (t) => {
  manualSeed(2);
  const counts = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const key = numbers(randperm(3)).join('');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  t.is(counts.size, 6);
  // 1000 of each are expected; four standard deviations are 115.
  for (const [order, count] of counts) t.true(Math.abs(count - 1000) < 115, `${order}: ${count}`);
});

test.serial('randperm gives the same order on the reference backend', (t) => {
  manualSeed(3);
  const here = numbers(randperm(500));
  setBackend('reference');
  try {
    manualSeed(3);
    t.deepEqual(numbers(randperm(500)), here);
  } finally {
    try {
      setBackend('native');
    } catch {
      // There is no addon here: the reference backend was in use before, too.
    }
  }
});

test('a loader goes through the samples in order, batch by batch', (t) => {
  const loader = new DataLoader(tens(), { batchSize: 4 });
  t.is(loader.length, 3);
  const batches = [...loader].map(([x, y]) => [numbers(x), numbers(y)]);
  t.deepEqual(batches, [
    [
      [0, 1, 2, 3],
      [0, 1, 4, 9],
    ],
    [
      [4, 5, 6, 7],
      [16, 25, 36, 49],
    ],
    [
      [8, 9],
      [64, 81],
    ],
  ]);
});

test('dropLast leaves out the batch that is not full', (t) => {
  const loader = new DataLoader(tens(), { batchSize: 4, dropLast: true });
  t.is(loader.length, 2);
  t.is([...loader].length, 2);
  t.is(new DataLoader(tens(), { batchSize: 5, dropLast: true }).length, 2);
  t.is(new DataLoader(tens(), { batchSize: 11, dropLast: true }).length, 0);
});

test('a shuffling loader gives every sample once an epoch, in a new order each time', (t) => {
  manualSeed(4);
  const loader = new DataLoader(tens(), { batchSize: 3, shuffle: true });
  const epoch = (): number[] => [...loader].flatMap(([x]) => numbers(x));
  const [first, second] = [epoch(), epoch()];
  for (const order of [first, second])
    t.deepEqual(
      order.toSorted((a, b) => a - b),
      numbers(arange(10)),
    );
  t.notDeepEqual(first, second);
  manualSeed(4);
  t.deepEqual(epoch(), first);
  for (const [x, y] of loader) t.deepEqual(numbers(y), numbers(x.mul(x)), 'samples stay together');
});

test('a seed of its own makes a loader independent of all other random numbers', (t) => {
  const epochs = (): number[][] => {
    const loader = new DataLoader(tens(), { batchSize: 5, shuffle: true, seed: 5 });
    return [0, 1].map(() => {
      rand([3]);
      return [...loader].flatMap(([x]) => numbers(x));
    });
  };
  const before = getRngState();
  const first = epochs();
  t.deepEqual(epochs(), first);
  t.notDeepEqual(first[0], first[1]);
  t.deepEqual(getRngState().key, before.key);

  manualSeed(5);
  const global = new DataLoader(tens(), { batchSize: 5, shuffle: true });
  t.notDeepEqual(
    [...global].flatMap(([x]) => numbers(x)),
    first[0],
    'the numbers of manualSeed(5) are others',
  );
});

test('a loader lives through the scopes of its batches', (t) => {
  const dataset = tens();
  for (const shuffle of [false, true]) {
    const seen: number[] = [];
    const batches = new DataLoader(dataset, { batchSize: 3, shuffle, seed: 6 })[Symbol.iterator]();
    for (let done = false; !done;) {
      tidy(() => {
        const next = batches.next();
        done = next.done === true;
        if (!next.done) seen.push(...numbers(next.value[0]));
      });
    }
    t.deepEqual(
      seen.toSorted((a, b) => a - b),
      numbers(arange(10)),
    );
  }
});

test('images stay bytes in memory and become floats from 0 to 1 in batches', (t) => {
  const bytes = tensor(Uint8Array.from([0, 51, 102, 255])).reshape(2, 1, 1, 2);
  const dataset = new ImageDataset(bytes, tensor([7, 3], { dtype: 'int32' }));
  t.is(dataset.tensors[0], bytes);
  const [[x, y]] = new DataLoader(dataset, { batchSize: 2 });
  t.is(x.dtype, 'float32');
  t.deepEqual(x.shape, [2, 1, 1, 2]);
  t.deepEqual(numbers(x), [0, 0.2, 0.4, 1].map(Math.fround));
  t.is(y.dtype, 'int32');
  t.deepEqual(numbers(y), [7, 3]);
});

test('a dataset gives single samples', (t) => {
  const [x, y] = tens().getItem(3);
  t.is(x.item(), 3);
  t.is(y.item(), 9);
  t.throws(() => tens().getItem(10), { instanceOf: RangeError });
});

const wrong: [string, () => unknown, string][] = [
  ['no tensors', () => new TensorDataset(), '[TensorDataset] expected at least one tensor, got none'],
  [
    'lengths',
    () => new TensorDataset(zeros([3, 2]), zeros([4])),
    '[TensorDataset] tensors differ in length: (3, 2) and tensors[1] (4,)',
  ],
  [
    '0-d',
    () => new TensorDataset(zeros([])),
    '[TensorDataset] tensors[0]: expected at least one dimension, got ()',
  ],
  [
    'batchSize',
    () => new DataLoader(tens(), { batchSize: 0 }),
    '[DataLoader] batchSize: expected a whole number from 1, got 0',
  ],
  [
    'shuffle',
    () => new DataLoader(tens(), { shuffle: 1 as unknown as boolean }),
    '[DataLoader] shuffle: expected true or false, got 1',
  ],
  [
    'an unknown option',
    () => new DataLoader(tens(), { batch: 3 } as object),
    "[DataLoader] options: unknown option 'batch'; there is batchSize, shuffle, sampler, batchSampler, numWorkers, collateFn, " +
      'collate, dropLast, prefetchFactor, seed',
  ],
  [
    'no dataset',
    () => new DataLoader({} as never),
    '[DataLoader] dataset: expected a length and getItem(index) or getItems(indices), got an Object',
  ],
  [
    'seed',
    () => new DataLoader(tens(), { seed: -1 }),
    '[manualSeed] expected a whole number from 0 to 2^53 - 1, got -1',
  ],
  ['n', () => randperm(-1), '[randperm] n: expected a whole number from 0 to 2147483647, got -1'],
];

for (const [title, call, message] of wrong)
  test(`wrong: ${title}`, (t) => {
    t.is(t.throws(call)?.message, message);
  });
