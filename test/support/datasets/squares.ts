import { rand, tensor, type Tensor } from '../../../lib/index.js';

interface Sample {
  readonly x: Tensor;
  readonly y: Tensor;
  readonly noise: Tensor;
  readonly name: string;
}

/** A dataset for worker threads: numbers, their squares, and noise. */
export default class Squares {
  constructor(
    readonly length: number,
    readonly bad = -1,
    readonly waits = false,
  ) {}

  getItem(i: number): Sample | Promise<Sample> {
    return this.waits ? new Promise(setImmediate).then(() => this.#make(i)) : this.#make(i);
  }

  #make(i: number): Sample {
    if (i === this.bad) throw new RangeError(`sample ${i} is bad`);
    const x = tensor([i, i * i], { dtype: 'float64' });
    return { x, y: tensor(i % 2 === 0), noise: rand([1]), name: `number ${i}` };
  }
}
