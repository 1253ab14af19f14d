import { maxPool2d, readMaxPool, type MaxPool2dOptions } from '../ops/pool.js';
import type { Pair } from '../ops/window.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

/**
 * {@link maxPool2d} as a module. Shapes: (N, C, H, W) → (N, C, OH, OW). The stride is that of the window by default.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
 */
export class MaxPool2d extends Module {
  constructor(
    readonly kernelSize: Pair,
    readonly options: Omit<MaxPool2dOptions, 'returnIndices'> = {},
  ) {
    super();
    readMaxPool('MaxPool2d', kernelSize, options, false);
  }

  forward(x: Tensor): Tensor {
    return maxPool2d(x, this.kernelSize, this.options);
  }

  protected override extraRepr(): string {
    const options = Object.entries(this.options).map(([name, value]) => `, ${name}=${String(value)}`);
    return `kernelSize=${String(this.kernelSize)}${options.join('')}`;
  }
}
