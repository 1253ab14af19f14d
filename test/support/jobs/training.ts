// Trainings for worker threads, by name.

import { once } from 'node:events';
import {
  data,
  fit,
  getNumThreads,
  manualSeed,
  nn,
  optim,
  randn,
  tensor,
  train,
  type Tensor,
} from '../../../lib/index.js';

export interface JobOptions {
  readonly what: string;
  readonly epochs?: number;
  readonly dir?: string;
  /** Weights to begin with. */
  readonly weight?: Tensor;
  /** Numbers in a layer. */
  readonly width?: number;
  /** Counted up by what a thread leaves open. */
  readonly counter?: Int32Array;
}

export function makeModel(width = 8): nn.Sequential {
  manualSeed(2);
  return new nn.Sequential(
    ...[
      new nn.Linear(4, width),
      new nn.BatchNorm1d(width),
      new nn.Tanh(),
      new nn.Dropout(0.1),
      new nn.Linear(width, 2),
    ],
  );
}

export function makeOptions(model: nn.Module, { epochs = 2, dir }: Partial<JobOptions>): train.FitOptions {
  manualSeed(3);
  const x = randn([64, 4]);
  const samples = new data.TensorDataset(x, x.sum(1).gt(0).to('int32'));
  return {
    data: new data.DataLoader(samples, { batchSize: 4, shuffle: true }),
    validation: new data.DataLoader(samples, { batchSize: 64 }),
    metrics: [train.accuracy()],
    loss: new nn.CrossEntropyLoss(),
    optimizer: new optim.Adam(model.parameters(), { lr: 0.01 }),
    ...{ epochs, progress: false, ...(dir !== undefined && { checkpoint: dir }) },
  };
}

class Odd extends Error {
  override name = 'Odd';
  readonly code = 'ODD';
}

export default async function ({
  data: options,
  signal,
  threads,
}: train.WorkerContext<JobOptions>): Promise<unknown> {
  switch (options.what) {
    case 'throws':
      throw new Odd('on purpose', { cause: new RangeError('the reason') });
    case 'throws later':
      setTimeout(() => {
        throw new TypeError('uncaught');
      }, 10);
      return new Promise(() => undefined);
    case 'exits':
      return process.exit(3);
    case 'says':
      return {
        threads,
        numThreads: getNumThreads(),
        sum: options.weight?.add(tensor([1])),
        aborted: signal.aborted,
      };
    case 'throws in a circle': {
      const error = new Error('round');
      error.cause = error;
      throw error;
    }
    case 'leaves a timer':
      setInterval(() => Atomics.add(options.counter ?? new Int32Array(1), 0, 1), 5);
      return undefined;
    case 'two at once': {
      const models = [makeModel(), makeModel()];
      const both = await Promise.all(
        models.map(async (model) => fit(model, makeOptions(model, { epochs: 1e6 }))),
      );
      return both.map(({ reason }) => reason);
    }
    case 'throws an object':
      throw Object.create(null);
    case 'gives what looks like a tensor':
      return { isTensor: 'mgp-node' };
    case 'gives back':
      return options;
    case 'counts for ever':
      for (;;) {
        if (options.counter !== undefined) Atomics.add(options.counter, 0, 1);
        await new Promise(setImmediate);
      }
    case 'waits':
      if (!signal.aborted) await once(signal, 'abort');
      return 'stopped';
    default: {
      const model = makeModel(options.width);
      await fit(model, makeOptions(model, options));
      return undefined;
    }
  }
}
