import { nn, type Tensor } from '../index.js';

/** The convolutional network of the post, for images of 28 by 28 pixels: 4,266 parameters. */
export class CNN extends nn.Module {
  conv1 = new nn.Conv2d(1, 4, 3, { stride: 2, padding: 1 }); // (N, 1, 28, 28) → (N, 4, 14, 14)
  conv2 = new nn.Conv2d(4, 8, 3, { stride: 2, padding: 1 }); // (N, 4, 14, 14) → (N, 8, 7, 7)
  fc = new nn.Linear(8 * 7 * 7, 10);
  relu = new nn.ReLU();

  forward(x: Tensor): Tensor {
    x = this.relu.forward(this.conv1.forward(x));
    x = this.relu.forward(this.conv2.forward(x));
    x = x.reshape(x.shape[0], 8 * 7 * 7);
    return this.fc.forward(x);
  }
}
