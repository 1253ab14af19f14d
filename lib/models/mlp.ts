import { nn } from '../index.js';

/** A perceptron with two hidden layers, for 784 inputs and 10 classes: 1,863,690 parameters. */
export class MLP extends nn.Sequential {
  constructor() {
    super(
      new nn.Linear(784, 1024),
      new nn.ReLU(),
      new nn.Linear(1024, 1024),
      new nn.ReLU(),
      new nn.Linear(1024, 10),
    );
  }
}
