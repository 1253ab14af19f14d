import { DataLoader } from '../data/loader.js';
import type { MnistDatasets } from '../data/mnist-dataset.js';
import { compile, manualSeed, nn, optim, tidy, type Tensor } from '../index.js';
import { CNN } from '../models/cnn.js';
import { Breath } from './breathe.js';
import { evaluate, type Evaluation } from './evaluate.js';

export interface TrainOptions {
  readonly data: MnistDatasets;
  /** Passes through the training set. Default 10. */
  readonly epochs?: number;
  /** Images in a step. Default 32. */
  readonly batchSize?: number;
  /** Adam's learning rate. Default 0.003. */
  readonly lr?: number;
  /** Adam's betas. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** The same seed, data, backend and number of threads give the same bits. Default: whatever comes. */
  readonly seed?: number;
  /** Stops the training at the end of a step. */
  readonly signal?: AbortSignal;
}

/** One step of an epoch: both count from 1. */
export interface StepEvent {
  readonly epoch: number;
  readonly step: number;
  /** The loss of the step's batch, before the step. */
  readonly loss: number;
  /** Images trained on in this epoch so far. */
  readonly images: number;
  /** Seconds since the epoch began. */
  readonly seconds: number;
}

/** One pass through the training set, and the test after it. */
export interface EpochResult {
  /** Counts from 1. */
  readonly epoch: number;
  /** Mean loss over the training images, each as it was trained on. */
  readonly loss: number;
  /** Share of the test images classified correctly after the epoch, 0 to 1. */
  readonly testAccuracy: number;
  /** Seconds of training, without the test. */
  readonly seconds: number;
  /** Training images per second of training. */
  readonly imagesPerSecond: number;
}

/** Who wants to know. Listeners are called between steps: what they do costs the training its time. */
export interface TrainEvents {
  step?(event: StepEvent): void;
  /** The steps of an epoch are done, the test begins. */
  test?(epoch: number): void;
  epoch?(result: EpochResult, evaluation: Evaluation): void;
}

export interface TrainResult {
  readonly model: CNN;
  /** The epochs that were finished. */
  readonly epochs: readonly EpochResult[];
  /** Of the last finished epoch; null when there is none. */
  readonly evaluation: Evaluation | null;
  /** Seconds from the first step to the end, tests included. */
  readonly seconds: number;
  /** Training images per second of training, tests not included. */
  readonly imagesPerSecond: number;
  /** Whether `signal` ended the training. */
  readonly interrupted: boolean;
}

/**
 * Trains the CNN of the post on MNIST as the post does: cross-entropy, Adam, batches in a new random order every epoch.
 * @throws Error when the loss stops being a number.
 */
export async function trainMnist(options: TrainOptions, events: TrainEvents = {}): Promise<TrainResult> {
  const { data, epochs = 10, batchSize = 32, lr = 0.003, betas = [0.9, 0.999], seed, signal } = options;
  if (seed !== undefined) manualSeed(seed);
  const model = new CNN();
  const optimizer = new optim.Adam(model.parameters(), { lr, betas });
  const criterion = new nn.CrossEntropyLoss();
  const loader = new DataLoader(data.train, { batchSize, shuffle: true });
  const breath = new Breath();
  const results: EpochResult[] = [];
  let evaluation: Evaluation | null = null;
  const total = { images: 0, seconds: 0 };

  /** One step of gradient descent, as one native call. */
  const learn = compile((indices: Tensor) => {
    const [x, y] = data.train.getItems(indices);
    const loss = criterion.forward(model.forward(x), y);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  });
  const trainOn = (indices: Tensor): number => tidy(() => learn(indices).item());

  const start = performance.now();
  for (let epoch = 1; epoch <= epochs && !signal?.aborted; epoch++) {
    const began = performance.now();
    let step = 0;
    let images = 0;
    let losses = 0;
    let seconds = 0;
    for (const indices of loader.batchSampler) {
      const loss = trainOn(indices);
      if (!Number.isFinite(loss))
        throw new Error(
          `[mnist] the loss became ${loss} in epoch ${epoch}, step ${step + 1}: try a smaller lr`,
        );
      step++;
      images += indices.size;
      losses += loss * indices.size;
      seconds = (performance.now() - began) / 1000;
      events.step?.({ epoch, step, loss, images, seconds });
      if (breath.due()) await breath.take();
      if (signal?.aborted) break;
    }
    total.images += images;
    total.seconds += seconds;
    if (signal?.aborted) break;

    events.test?.(epoch);
    const tested = await evaluate(model, data.test, signal);
    if (tested === null) break;
    evaluation = tested;
    const result = {
      epoch,
      loss: losses / images,
      testAccuracy: tested.accuracy,
      seconds,
      imagesPerSecond: images / seconds,
    };
    results.push(result);
    events.epoch?.(result, tested);
  }
  return {
    model,
    epochs: results,
    evaluation,
    seconds: (performance.now() - start) / 1000,
    imagesPerSecond: total.seconds > 0 ? total.images / total.seconds : 0,
    interrupted: results.length < epochs,
  };
}
