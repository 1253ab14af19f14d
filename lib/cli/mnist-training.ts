import { DataLoader } from '../data/loader.js';
import type { MnistDatasets } from '../data/mnist-dataset.js';
import { fit, manualSeed, nn, optim, type Tensor } from '../index.js';
import { CNN } from '../models/cnn.js';
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
  const loader = new DataLoader(data.train, { batchSize, shuffle: true });
  const results: EpochResult[] = [];
  let evaluation: Evaluation | null = null;
  // Of the epoch under way, and of all before it.
  let current = { images: 0, seconds: 0 };
  const total = { images: 0, seconds: 0 };

  const start = performance.now();
  const training = fit(model, {
    // A step makes its batch itself: it has the memory back at its end.
    data: loader.batchSampler,
    apply: (indices: Tensor) => {
      const [x, y] = data.train.getItems(indices);
      return [model.forward(x), y];
    },
    ...{ loss: new nn.CrossEntropyLoss(), optimizer, epochs, signal, compile: true, progress: false },
  });
  for await (const event of training) {
    if (event.type !== 'step' && event.type !== 'epoch') continue;
    const { epoch, loss, samples: images, seconds } = event;
    current = { images, seconds };
    if (event.type === 'step') {
      events.step?.({ epoch, step: event.step, loss, images, seconds });
      continue;
    }
    total.images += images;
    total.seconds += seconds;
    current = { images: 0, seconds: 0 };
    events.test?.(epoch);
    const tested = await evaluate(model, data.test, signal);
    if (tested === null) break;
    evaluation = tested;
    const result = { epoch, loss, testAccuracy: tested.accuracy, seconds, imagesPerSecond: images / seconds };
    results.push(result);
    events.epoch?.(result, tested);
  }
  total.images += current.images;
  total.seconds += current.seconds;
  return {
    model,
    epochs: results,
    evaluation,
    seconds: (performance.now() - start) / 1000,
    imagesPerSecond: total.seconds > 0 ? total.images / total.seconds : 0,
    interrupted: results.length < epochs,
  };
}
