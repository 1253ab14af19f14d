import { DataLoader } from '../data/loader.js';
import type { ImageDataset } from '../data/mnist-dataset.js';
import { crossEntropy, noGrad, softmax, tidy, type nn } from '../index.js';
import { Breath } from '../train/breathe.js';

/** How well a model does on a dataset, and what it said for each sample. */
export interface Evaluation {
  /** Mean cross-entropy. */
  readonly loss: number;
  /** The share of samples that were classified correctly, 0 to 1. */
  readonly accuracy: number;
  /** The class that the model gave each sample. */
  readonly predictions: Int32Array;
  /** The probability that it gave that class. */
  readonly confidences: Float32Array;
}

/** Without gradients there is little to gain from more, and memory to lose. */
const BATCH_SIZE = 64;

/**
 * Classifies a dataset, without recording.
 * @returns null when `signal` was aborted meanwhile
 */
export async function evaluate(
  model: nn.Module,
  dataset: ImageDataset,
  signal?: AbortSignal,
): Promise<Evaluation | null> {
  const predictions = new Int32Array(dataset.length);
  const confidences = new Float32Array(dataset.length);
  const targets = dataset.labels.toArray();
  const breath = new Breath();
  let loss = 0;
  let done = 0;
  model.eval();
  try {
    for (const indices of new DataLoader(dataset, { batchSize: BATCH_SIZE }).batchSampler) {
      if (signal?.aborted) return null;
      tidy(() => {
        noGrad(() => {
          const [x, y] = dataset.getItems(indices);
          const scores = model.forward(x);
          const { values, indices: classes } = softmax(scores, 1).max(1);
          loss += crossEntropy(scores, y, { reduction: 'sum' }).item();
          predictions.set(classes.toArray(), done);
          confidences.set(values.toArray(), done);
          done += y.size;
        });
      });
      if (breath.due()) await breath.take();
    }
  } finally {
    model.train();
  }
  const correct = predictions.reduce((count, guess, i) => count + Number(guess === targets[i]), 0);
  return { loss: loss / dataset.length, accuracy: correct / dataset.length, predictions, confidences };
}
