import { rand, tensor, type Tensor } from '../../../lib/index.js';

/** A dataset for worker threads: numbers, their squares, and noise. */
export default class Squares {
  constructor(
    readonly length: number,
    readonly bad = -1,
  ) {}

  getItem(i: number): { x: Tensor; y: Tensor; noise: Tensor; name: string } {
    if (i === this.bad) throw new RangeError(`sample ${i} is bad`);
    const x = tensor([i, i * i], { dtype: 'float64' });
    return { x, y: tensor(i % 2 === 0), noise: rand([1]), name: `number ${i}` };
  }
}
