import { nn } from '../index.js';

/** Convolution, batch normalization, ReLU. The normalization has a bias of its own, so the convolution has none. */
const block = (from: number, to: number): nn.Module[] => [
  new nn.Conv2d(from, to, 3, { padding: 1, bias: false }),
  new nn.BatchNorm2d(to),
  new nn.ReLU(),
];

/**
 * A small VGG for images of 3 channels and 32 by 32 pixels: three stages of two blocks, each halved in size.
 * @see https://arxiv.org/abs/1409.1556
 */
export class VGG extends nn.Sequential {
  constructor() {
    super(
      ...[...block(3, 32), ...block(32, 32), new nn.MaxPool2d(2)], // (N, 32, 16, 16)
      ...[...block(32, 64), ...block(64, 64), new nn.MaxPool2d(2)], // (N, 64, 8, 8)
      ...[...block(64, 128), ...block(128, 128), new nn.MaxPool2d(2)], // (N, 128, 4, 4)
      new nn.Flatten(),
      new nn.Linear(128 * 4 * 4, 10),
    );
  }
}
