import { Readable } from 'node:stream';
import test from 'ava';
import {
  arange,
  data,
  getRngState,
  manualSeed,
  rand,
  setRngState,
  tensor,
  zeros,
  type Tensor,
} from '../lib/index.js';

const { DataLoader, Subset, ConcatDataset, IterableDataset, randomSplit, TensorDataset } = data;

const numbers = (x: Tensor): number[] => Array.from(x.toArray());
const tens = (n = 10): data.TensorDataset => new TensorDataset(arange(n), arange(n).mul(arange(n)));
const sorted = (list: number[]): number[] => list.toSorted((a, b) => a - b);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

class Squares extends data.Dataset<[number, string]> {
  readonly length = 7;
  getItem(i: number): [number, string] {
    return [i * i, `square of ${i}`];
  }
}

class Slow extends data.Dataset<Promise<{ x: Tensor; y: boolean }>> {
  readonly length = 5;
  async getItem(i: number): Promise<{ x: Tensor; y: boolean }> {
    await new Promise((resolve) => setTimeout(resolve, 5 - i));
    return { x: tensor([i, 1]), y: i > 2 };
  }
}

test('samples are collated item by item', (t) => {
  const batches = [...new DataLoader(new Squares(), { batchSize: 3 })];
  t.deepEqual(
    batches.map(([x, names]) => [x.tolist(), names]),
    [
      [
        [0, 1, 4],
        ['square of 0', 'square of 1', 'square of 2'],
      ],
      [
        [9, 16, 25],
        ['square of 3', 'square of 4', 'square of 5'],
      ],
      [[36], ['square of 6']],
    ],
  );
  t.is(batches[0][0].dtype, 'float32');
});

test('a collate of its own, and none', (t) => {
  const sums = new DataLoader(new Squares(), {
    batchSize: 4,
    collate: (all) => all.reduce((s, [x]) => s + x, 0),
  });
  t.deepEqual([...sums], [14, 77]);
  const single = new DataLoader(new Squares(), { batchSize: null });
  t.is(single.length, 7);
  t.deepEqual([...single][2] as unknown, [4, 'square of 2']);
});

test('promises of samples come with for await, all of a batch at once', async (t) => {
  const loader = new DataLoader(new Slow(), { batchSize: 3 });
  const seen: unknown[] = [];
  for await (const { x, y } of loader) seen.push([x.tolist(), y.tolist()]);
  t.deepEqual(seen, [
    [
      [
        [0, 1],
        [1, 1],
        [2, 1],
      ],
      [false, false, false],
    ],
    [
      [
        [3, 1],
        [4, 1],
      ],
      [true, true],
    ],
  ]);
  t.throws(() => [...loader], {
    message: '[DataLoader] the samples of the dataset are promises: use `for await`',
  });
});

test('arrays are datasets', (t) => {
  t.deepEqual(
    [...new DataLoader([1, 2, 3], 2)].map((x) => x.tolist()),
    [[1, 2], [3]],
  );
});

test('streams, generators and cursors are loaded as they come', async (t) => {
  const collect = async (loader: AsyncIterable<unknown>): Promise<unknown[]> => {
    const all: unknown[] = [];
    for await (const batch of loader) all.push(batch);
    return all;
  };
  const lines = new IterableDataset(() => Readable.from(['a', 'b', 'c', 'd', 'e']) as AsyncIterable<string>);
  const loader = new DataLoader(lines, { batchSize: 2 });
  const expected = [['a', 'b'], ['c', 'd'], ['e']];
  t.deepEqual(await collect(loader), expected);
  t.deepEqual(await collect(loader), expected, 'and again');
  t.deepEqual(await collect(new DataLoader(lines, { batchSize: 2, dropLast: true })), expected.slice(0, 2));
  t.throws(() => loader.length, { instanceOf: TypeError });
  t.throws(() => [...loader], {
    message: '[IterableDataset] the samples come asynchronously: use `for await`',
  });

  function* count(): Generator<number, void> {
    yield* [1, 2, 3];
  }
  const once = new DataLoader(count(), { batchSize: 2 });
  t.deepEqual(
    [...once].map((x) => x.tolist()),
    [[1, 2], [3]],
  );
  t.throws(() => [...once], { message: /^\[IterableDataset\] the source was read already/ });
  t.deepEqual(
    ((await collect(new DataLoader(new Set([5, 6]), { batchSize: 2 }))) as Tensor[]).map((x) => x.tolist()),
    [[5, 6]],
  );
});

test('Subset and ConcatDataset give samples and batches', (t) => {
  const subset = new Subset(tens(), [7, 2, 2, 9]);
  t.is(subset.length, 4);
  t.is(subset.getItem(1)[1].item(), 4);
  t.deepEqual(
    [...new DataLoader(subset, { batchSize: 3 })].map(([x, y]) => [numbers(x), numbers(y)]),
    [
      [
        [7, 2, 2],
        [49, 4, 4],
      ],
      [[9], [81]],
    ],
  );
  const nested = new Subset(new Subset(tens(), [5, 6, 7]), [2, 0]);
  t.deepEqual(numbers([...new DataLoader(nested, { batchSize: 2 })][0][0]), [7, 5]);

  const both = new ConcatDataset([tens(3), new TensorDataset(arange(5).add(100), arange(5)), tens(0)]);
  t.is(both.length, 8);
  t.is(both.getItem(4)[0].item(), 101);
  t.is(both.getItem(-1)[0].item(), 104);
  const [[x, y]] = new DataLoader(both, {
    batchSize: 5,
    sampler: {
      length: 5,
      *[Symbol.iterator]() {
        yield* [7, 0, 3, 2, 4];
      },
    },
  });
  t.deepEqual(
    [numbers(x), numbers(y)],
    [
      [104, 0, 100, 2, 101],
      [4, 0, 0, 4, 1],
    ],
  );
  const plain = new ConcatDataset([new Squares(), new Squares()]);
  t.deepEqual(plain.getItem(9), [4, 'square of 2']);
  t.deepEqual(numbers([...new DataLoader(plain, { batchSize: 14 })][0][0])[9], 4);
});

test('randomSplit gives parts that do not overlap', (t) => {
  const parts = randomSplit(tens(), [3, 5, 2], { seed: 1 });
  t.deepEqual(
    parts.map(({ length }) => length),
    [3, 5, 2],
  );
  t.deepEqual(sorted(parts.flatMap(({ indices }) => [...indices])), upTo(10));
  t.deepEqual(randomSplit(tens(), [3, 5, 2], { seed: 1 })[0].indices, parts[0].indices);
  t.notDeepEqual(randomSplit(tens(), [3, 5, 2], { seed: 2 })[0].indices, parts[0].indices);
  t.deepEqual(
    randomSplit(tens(), [0.25, 0.25, 0.5]).map(({ length }) => length),
    [3, 2, 5],
  );
  t.deepEqual(
    randomSplit(tens(11), [0.5, 0.5]).map(({ length }) => length),
    [6, 5],
  );
  t.deepEqual(
    randomSplit(tens(1), [1, 0]).map(({ length }) => length),
    [1, 0],
  );
});

test('samplers', (t) => {
  t.deepEqual([...new data.SequentialSampler({ length: 4 })], [0, 1, 2, 3]);
  const random = new data.RandomSampler({ length: 50 }, { seed: 3 });
  const [first, second] = [[...random], [...random]];
  t.deepEqual(sorted(first), upTo(50));
  t.notDeepEqual(first, second);
  t.deepEqual([...new data.RandomSampler({ length: 50 }, { seed: 3 })], first);
  const more = [...new data.RandomSampler({ length: 3 }, { numSamples: 8 })];
  t.deepEqual([more.length, sorted(more.slice(0, 3)), sorted(more.slice(3, 6))], [8, [0, 1, 2], [0, 1, 2]]);
  const again = [...new data.RandomSampler({ length: 4 }, { replacement: true, numSamples: 400, seed: 1 })];
  for (const i of upTo(4)) t.true(Math.abs(again.filter((x) => x === i).length - 100) < 40);
  t.deepEqual(sorted([...new data.SubsetRandomSampler([5, 9, 7])]), [5, 7, 9]);
  t.deepEqual(
    [...new data.BatchSampler(new data.SequentialSampler({ length: 5 }), 2, false)],
    [[0, 1], [2, 3], [4]],
  );
  t.deepEqual(
    [...new data.BatchSampler(new data.SequentialSampler({ length: 5 }), 2, true)],
    [
      [0, 1],
      [2, 3],
    ],
  );

  const weighted = [...new data.WeightedRandomSampler([1, 0, 3], 4000, true, { seed: 2 })];
  t.false(weighted.includes(1));
  t.true(Math.abs(weighted.filter((x) => x === 2).length - 3000) < 120);
  const firsts = upTo(2000).map((seed) => [...new data.WeightedRandomSampler([1, 0, 3], 2, false, { seed })]);
  t.true(firsts.every((two) => sorted(two).join() === '0,2'));
  t.true(Math.abs(firsts.filter(([one]) => one === 2).length - 1500) < 80);
});

test('processes share the samples of a DistributedSampler', (t) => {
  for (const shuffle of [false, true]) {
    const of = (length: number, rank: number, dropLast: boolean, epoch = 0): number[] => {
      const sampler = new data.DistributedSampler(
        { length },
        { numReplicas: 3, rank, shuffle, dropLast, seed: 1 },
      );
      sampler.setEpoch(epoch);
      const order = [...sampler];
      t.is(order.length, sampler.length);
      return order;
    };
    const all = [0, 1, 2].map((rank) => of(10, rank, false));
    t.deepEqual(
      all.map(({ length }) => length),
      [4, 4, 4],
    );
    t.deepEqual(sorted([...new Set(all.flat())]), upTo(10));
    const most = [0, 1, 2].flatMap((rank) => of(10, rank, true));
    t.is(new Set(most).size, 9);
    if (!shuffle)
      t.deepEqual(all, [
        [0, 3, 6, 9],
        [1, 4, 7, 0],
        [2, 5, 8, 1],
      ]);
    else t.notDeepEqual(of(10, 0, false, 1), all[0]);
    t.deepEqual(
      [0, 1, 2].map((rank) => of(1, rank, false)),
      [[0], [0], [0]],
    );
  }
});

test('the position in the middle of an epoch is saved and restored', (t) => {
  const loaders: [string, (n: number) => data.DataLoader<data.TensorDataset>][] = [
    ['shuffling', () => new DataLoader(tens(), { batchSize: 3, shuffle: true })],
    ['with a seed', (seed) => new DataLoader(tens(), { batchSize: 3, shuffle: true, seed })],
    ['in order', () => new DataLoader(tens(), { batchSize: 3, dropLast: true })],
    ['a sampler', () => new DataLoader(tens(), { batchSize: 2, sampler: new data.RandomSampler(tens()) })],
    [
      'a seeded one',
      (seed) => new DataLoader(tens(), { batchSize: 2, sampler: new data.RandomSampler(tens(), { seed }) }),
    ],
    [
      'batches',
      (seed) =>
        new DataLoader(tens(), {
          batchSampler: new data.BatchSampler(
            new data.RandomSampler(tens(), { seed, replacement: true }),
            4,
            false,
          ),
        }),
    ],
  ];
  for (const [title, make] of loaders)
    for (const stop of [0, 1, 2, 3]) {
      manualSeed(stop);
      const loader = make(5);
      const [first] = [[...loader]];
      let state: unknown = JSON.parse(JSON.stringify(loader.stateDict()));
      let common = getRngState();
      const rest: number[][] = [];
      let seen = 0;
      for (const [x] of loader) {
        if (seen++ >= stop) rest.push(numbers(x));
        if (seen !== stop) continue;
        state = JSON.parse(JSON.stringify(loader.stateDict()));
        common = getRngState();
      }
      rand([5]);
      const after = getRngState();
      // Those who draw from the common generator put it back, too; a seed does without.
      setRngState(common);
      const next = [...loader].map(([x]) => numbers(x));

      const other = make(6 - 1);
      setRngState(title.includes('seed') ? after : common);
      other.loadStateDict(state as data.DataLoaderState);
      t.deepEqual(
        [...other].map(([x]) => numbers(x)),
        rest,
        `${title}, from ${stop}`,
      );
      if (stop > 0)
        t.deepEqual(
          [...other].map(([x]) => numbers(x)),
          next,
          `${title}, the epoch after`,
        );
      t.is(other.stateDict().epoch, stop > 0 ? 3 : 2, title);
      t.is(first.length, loader.length);
    }
});

test('the position in a stream is saved and restored', async (t) => {
  const make = (): data.DataLoader<data.IterableDataset<number>> =>
    new DataLoader(new IterableDataset(() => upTo(10)), { batchSize: 3 });
  for (const stop of [1, 3, 4]) {
    const loader = make();
    let seen = 0;
    for await (const _ of loader) if (++seen === stop) break;
    const state = loader.stateDict();
    const expected = [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]].slice(stop);
    const [one, other] = [make(), make()];
    one.loadStateDict(state);
    t.deepEqual(
      [...one].map((x) => x.tolist()),
      expected,
    );
    other.loadStateDict(state);
    const rest: unknown[] = [];
    for await (const x of other) rest.push(x.tolist());
    t.deepEqual(rest, expected);
  }
});

const SQUARES = new URL('./support/datasets/squares.ts', import.meta.url);
interface Sample {
  x: Tensor;
  y: Tensor;
  noise: Tensor;
  name: string;
}

test('worker threads load ahead, and give the same whatever their number', async (t) => {
  const runs: unknown[] = [];
  for (const numWorkers of [1, 2, 3]) {
    const squares = await data.moduleDataset<Sample>(SQUARES, 11);
    const loader = new DataLoader(squares, { batchSize: 2, shuffle: true, seed: 4, numWorkers });
    const epochs: unknown[] = [];
    for (let epoch = 0; epoch < 2; epoch++) {
      const all: unknown[] = [];
      for await (const batch of loader) {
        const { x, y, noise, name } = batch;
        t.deepEqual([x.dtype, y.dtype, noise.dtype], ['float64', 'bool', 'float32']);
        t.deepEqual(
          name,
          (x.tolist() as number[][]).map(([i]) => `number ${i}`),
        );
        all.push([x.tolist(), y.tolist(), noise.tolist()]);
      }
      epochs.push(all);
    }
    t.notDeepEqual(epochs[0], epochs[1]);
    runs.push(epochs);
    await loader.close();
  }
  t.deepEqual(runs[1], runs[0]);
  t.deepEqual(runs[2], runs[0]);

  // The same without threads, but for the noise.
  const plain = new DataLoader(await data.moduleDataset<Sample>(SQUARES, 11), {
    batchSize: 2,
    shuffle: true,
    seed: 4,
  });
  const [first] = runs[0] as [[unknown][]];
  t.deepEqual(
    [...plain].map((batch) => (batch as unknown as { x: Tensor }).x.tolist()),
    first.map(([x]) => x),
  );
});

test('samples that worker threads wait for have the random numbers of their own batch', async (t) => {
  const runs: unknown[] = [];
  for (const numWorkers of [1, 3]) {
    const squares = await data.moduleDataset<Sample>(SQUARES, 11, -1, true);
    const loader = new DataLoader(squares, { batchSize: 2, seed: 4, numWorkers, prefetchFactor: 3 });
    const noise: unknown[] = [];
    for await (const batch of loader) noise.push(batch.noise.tolist());
    runs.push(noise);
    await loader.close();
  }
  t.deepEqual(runs[1], runs[0]);
});

test('the position is restored with worker threads, too', async (t) => {
  const make = async (): Promise<data.DataLoader<data.ModuleDataset<Sample>>> =>
    new DataLoader(await data.moduleDataset<Sample>(SQUARES, 11), {
      batchSize: 2,
      shuffle: true,
      seed: 4,
      numWorkers: 2,
    });
  const show = (batch: unknown): unknown => {
    const { x, noise } = batch as { x: Tensor; noise: Tensor };
    return [x.tolist(), noise.tolist()];
  };
  const loader = await make();
  let state: data.DataLoaderState | null = null;
  const rest: unknown[] = [];
  let seen = 0;
  for await (const batch of loader) {
    if (++seen === 2) state = loader.stateDict();
    else if (seen > 2) rest.push(show(batch));
  }
  for await (const batch of loader) rest.push(show(batch));
  const other = await make();
  other.loadStateDict(state as unknown as data.DataLoaderState);
  const again: unknown[] = [];
  for (let epoch = 0; epoch < 2; epoch++) for await (const batch of other) again.push(show(batch));
  t.deepEqual(again, rest);
  await Promise.all([loader.close(), other.close()]);
});

test('worker threads make whole batches, or samples for a collate of the loader', async (t) => {
  const whole = await data.moduleDataset<unknown, Tensor[]>(
    new URL('./support/datasets/batches.ts', import.meta.url),
    5,
  );
  const loader = new DataLoader(whole, { batchSize: 2, numWorkers: 2, prefetchFactor: 1 });
  const seen: unknown[] = [];
  for await (const batch of loader) seen.push((batch as unknown as Tensor[])[0].tolist());
  t.deepEqual(seen, [[0, 1], [2, 3], [4]]);
  await loader.close();

  const squares = await data.moduleDataset<Sample>(SQUARES, 5);
  const names = new DataLoader(squares, {
    batchSize: 3,
    numWorkers: 1,
    collate: (all) => all.map(({ name }) => name),
  });
  const batches: unknown[] = [];
  for await (const batch of names) batches.push(batch);
  t.deepEqual(batches, [
    ['number 0', 'number 1', 'number 2'],
    ['number 3', 'number 4'],
  ]);
  await names.close();
});

test('an error in a worker thread is one of the loop', async (t) => {
  const loader = new DataLoader(await data.moduleDataset<Sample>(SQUARES, 6, 3), {
    batchSize: 2,
    numWorkers: 2,
  });
  let seen = 0;
  const error = await t.throwsAsync(async () => {
    for await (const _ of loader) seen++;
  });
  t.is(error?.message, '[DataLoader] a worker failed: sample 3 is bad');
  t.is((error?.cause as Error).name, 'RangeError');
  t.is(seen, 1);
  await loader.close();
});

const order = (...list: number[]): data.Sampler => ({
  length: list.length,
  [Symbol.iterator]: () => list[Symbol.iterator](),
});
const wrong: [() => unknown, string][] = [
  [
    () => new DataLoader({ length: -1, getItem: () => 1 }),
    '[DataLoader] dataset: expected a length that is a whole number from 0, got -1',
  ],
  [
    () => new DataLoader({ length: '3', getItem: () => 1 } as never),
    '[DataLoader] dataset: expected a length that is a number, got "3"',
  ],
  [
    () => new DataLoader(tens(), { sampler: order(0), shuffle: true }),
    '[DataLoader] sampler: expected no shuffle beside it',
  ],
  [
    () => new DataLoader(tens(), { sampler: 3 as never }),
    '[DataLoader] sampler: expected an order with a length, got 3',
  ],
  [
    () => new DataLoader(tens(), { batchSampler: new data.BatchSampler(order(0), 1, false), batchSize: 2 }),
    '[DataLoader] batchSampler: expected no batchSize, shuffle, sampler or dropLast beside it',
  ],
  [
    () => [...new DataLoader(tens(), { sampler: order(0, 10) })],
    '[DataLoader] sampler: expected whole numbers from 0 to 9, got 10',
  ],
  [
    () => new DataLoader(new Set([1]), { shuffle: true }),
    '[DataLoader] dataset: samples that come one after the other cannot be shuffled or sampled',
  ],
  [
    () => new DataLoader(tens(), { numWorkers: 2 }),
    '[DataLoader] numWorkers: expected a dataset of moduleDataset, which worker threads can load for themselves',
  ],
  [() => new DataLoader(tens(), { collate: 1 as never }), '[DataLoader] collate: expected a function, got 1'],
  [
    () => new DataLoader(tens()).loadStateDict(null as never),
    '[DataLoader] loadStateDict: expected a state, got null',
  ],
  [
    () => new DataLoader(tens()).loadStateDict({ ...new DataLoader(tens()).stateDict(), batch: -1 }),
    '[DataLoader] loadStateDict: batch: expected a whole number from 0, got -1',
  ],
  [() => new Subset(tens(), [10]), '[Subset] indices: expected whole numbers from 0 to 9, got 10'],
  [() => new ConcatDataset([]), '[ConcatDataset] datasets: expected at least one, got none'],
  [
    () => new ConcatDataset([tens()]).getItem(10),
    '[ConcatDataset] getItem: expected a whole number from -10 to 9, got 10',
  ],
  [
    () => randomSplit(tens(), [5, 6]),
    '[randomSplit] lengths: expected whole numbers that add up to 10, or fractions that add up to 1, got 5, 6',
  ],
  [() => randomSplit(tens(), [-5, 15]), '[randomSplit] lengths: expected numbers from 0, got -5'],
  [
    () => new IterableDataset(3 as never),
    '[IterableDataset] source: expected what can be iterated over, or a function that gives it, got 3',
  ],
  [() => new data.WeightedRandomSampler([0, 0], 1), '[WeightedRandomSampler] weights: expected one above 0'],
  [
    () => new data.WeightedRandomSampler([1, 0], 2, false),
    '[WeightedRandomSampler] numSamples: expected at most 1, the weights above 0, got 2',
  ],
  [
    () => new data.DistributedSampler(tens(), { numReplicas: 2, rank: 2 }),
    '[DistributedSampler] rank: expected a whole number from 0 to 1, got 2',
  ],
  [
    () => new data.RandomSampler({ length: -1 }),
    '[RandomSampler] dataset: expected a length that is a whole number from 0, got -1',
  ],
  [
    () => [...new DataLoader([zeros([2]), 3] as unknown[], 2)],
    '[defaultCollate] samples: expected all as the first, a Tensor, got 3',
  ],
  [
    () => [...new DataLoader([null])],
    '[defaultCollate] samples: expected tensors, numbers, booleans, strings, or lists and objects of them, got null: give the loader a collate of its own',
  ],
];
for (const [call, message] of wrong) test(`wrong: ${message}`, (t) => t.is(t.throws(call)?.message, message));
