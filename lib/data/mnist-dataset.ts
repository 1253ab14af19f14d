import { fromArray } from '../ops/create.js';
import { div_ } from '../ops/inplace.js';
import { cast } from '../ops/primitive.js';
import type { Tensor } from '../tensor.js';
import { TensorDataset } from './dataset.js';
import { loadMnist, type MnistOptions, type MnistSplit } from './mnist.js';

/**
 * Images in bytes and their labels. Batches are float32, from 0 to 1. They are converted one by one: all of MNIST takes
 * 47 MB as it is and would take 188 MB as floats.
 */
export class ImageDataset extends TensorDataset {
  constructor(
    readonly images: Tensor,
    readonly labels: Tensor,
  ) {
    super(images, labels);
  }

  override getItem(index: number): Tensor[] {
    const [image, label] = super.getItem(index);
    return [div_(cast(image, 'float32'), 255), label];
  }

  override getItems(indices: Tensor): Tensor[] {
    const [images, labels] = super.getItems(indices);
    // In place: these floats are the batch's own.
    return [div_(cast(images, 'float32'), 255), labels];
  }
}

/** MNIST: to train on and to test with. */
export interface MnistDatasets {
  readonly train: ImageDataset;
  readonly test: ImageDataset;
}

/** MNIST as tensors: images (N, 1, 28, 28) in uint8 and labels (N) in int32. See {@link loadMnist}. */
export async function mnistDataset(options: MnistOptions = {}): Promise<MnistDatasets> {
  const { train, test } = await loadMnist(options);
  return { train: toDataset(train), test: toDataset(test) };
}

const toDataset = ({ images, labels, count }: MnistSplit): ImageDataset =>
  new ImageDataset(fromArray(images, [count, 1, 28, 28]), fromArray(Int32Array.from(labels)));
