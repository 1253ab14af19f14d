import { readArgs, type Rest } from '../ops/arguments.js';
import {
  alphaDropout,
  checkProbability,
  dropout,
  dropout1d,
  dropout2d,
  dropout3d,
  featureAlphaDropout,
} from '../ops/dropout.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

/** What drops in training, with probability `p`, and passes on otherwise. */
abstract class Dropping extends Module {
  readonly p: number;

  /** @param rest `p`: default 0.5 */
  constructor(...rest: Rest<[p: number], { readonly p?: number }>) {
    super();
    const op = this.constructor.name;
    const { p = 0.5 } = readArgs<{ p?: number }>(op, rest, ['p']);
    checkProbability(op, p);
    this.p = p;
  }

  protected override extraRepr(): string {
    return `p=${this.p}`;
  }
}

/**
 * In training, sets each element to 0 with probability `p` and multiplies the others by `1 / (1 - p)`; else passes them on.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Dropout.html
 */
export class Dropout extends Dropping {
  forward(x: Tensor): Tensor {
    return dropout(x, this.p, this.training);
  }
}

/**
 * {@link Dropout} of whole channels. Shapes: (N, C, L) or (C, L) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Dropout1d.html
 */
export class Dropout1d extends Dropping {
  forward(x: Tensor): Tensor {
    return dropout1d(x, this.p, this.training);
  }
}

/**
 * {@link Dropout} of whole channels. Shapes: (N, C, H, W) or (N, C, L) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html
 */
export class Dropout2d extends Dropping {
  forward(x: Tensor): Tensor {
    return dropout2d(x, this.p, this.training);
  }
}

/**
 * {@link Dropout} of whole channels. Shapes: (N, C, D, H, W) or (C, D, H, W) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.Dropout3d.html
 */
export class Dropout3d extends Dropping {
  forward(x: Tensor): Tensor {
    return dropout3d(x, this.p, this.training);
  }
}

/**
 * {@link alphaDropout} in training: dropout that goes with selu.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.AlphaDropout.html
 */
export class AlphaDropout extends Dropping {
  forward(x: Tensor): Tensor {
    return alphaDropout(x, this.p, this.training);
  }
}

/**
 * {@link AlphaDropout} of whole channels. Shapes: (N, C, …) → the same.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.FeatureAlphaDropout.html
 */
export class FeatureAlphaDropout extends Dropping {
  forward(x: Tensor): Tensor {
    return featureAlphaDropout(x, this.p, this.training);
  }
}
