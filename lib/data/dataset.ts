import { rangeError, shapeError } from '../errors.js';
import { indexSelect } from '../ops/indexing.js';
import { select } from '../ops/shape.js';
import { formatShape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';

/**
 * What a {@link DataLoader} loads from: samples with numbers from 0. A sample is a list of tensors, such as an image and
 * its label.
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.Dataset
 */
export interface Dataset {
  /** Number of samples. */
  readonly length: number;
  /** The samples that `indices` (int32, 1-D) names, stacked: the tensors of a batch. */
  getItems(indices: Tensor): Tensor[];
}

/**
 * Samples that lie along the first dimension of tensors of equal length.
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.TensorDataset
 */
export class TensorDataset implements Dataset {
  readonly tensors: readonly Tensor[];
  readonly length: number;

  constructor(...tensors: Tensor[]) {
    if (tensors.length === 0) rangeError('TensorDataset', 'expected at least one tensor, got none');
    tensors.forEach((x, i) => {
      checkTensor('TensorDataset', x, `tensors[${i}]`);
      if (x.ndim === 0) shapeError('TensorDataset', `tensors[${i}]: expected at least one dimension, got ()`);
      if (x.shape[0] !== tensors[0].shape[0])
        shapeError(
          'TensorDataset',
          `tensors differ in length: ${formatShape(tensors[0].shape)} and tensors[${i}] ${formatShape(x.shape)}`,
        );
    });
    this.tensors = tensors;
    this.length = tensors[0].shape[0];
  }

  /** One sample: views of the tensors. */
  getItem(index: number): Tensor[] {
    return this.tensors.map((x) => select(x, 0, index));
  }

  getItems(indices: Tensor): Tensor[] {
    return this.tensors.map((x) => indexSelect(x, 0, indices));
  }
}
