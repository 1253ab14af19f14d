import {
  arange,
  cat,
  checkpoint,
  compile,
  einsum,
  functional,
  manualSeed,
  nn,
  randn,
  scaledDotProductAttention,
  stack,
  tensor,
  type Tensor,
} from '../../lib/index.js';
import { CNN } from '../../lib/models/cnn.js';
import { GPT } from '../../lib/models/gpt.js';
import { MLP } from '../../lib/models/mlp.js';
import { VGG } from '../../lib/models/vgg.js';
import { checkRow, classes, images, testOnnx, type Row } from './check.js';

// Whole models, exported, and run by onnxruntime.

/** Two convolutions, around which the input has a way of its own. */
class Residual extends nn.Module {
  readonly path: nn.Sequential;
  readonly short: nn.Module;

  constructor(from: number, to: number, stride = 1) {
    super();
    this.path = new nn.Sequential(
      new nn.Conv2d(from, to, 3, { padding: 1, stride, bias: false }),
      new nn.BatchNorm2d(to),
      new nn.ReLU(),
      new nn.Conv2d(to, to, 3, { padding: 1, bias: false }),
      new nn.BatchNorm2d(to),
    );
    this.short = from === to ? new nn.Identity() : new nn.Conv2d(from, to, 1, { stride });
  }

  forward(x: Tensor): Tensor {
    return this.short.forward(x).add(this.path.forward(x)).relu();
  }
}

const resnet = (): nn.Module =>
  new nn.Sequential(
    new nn.Conv2d(3, 8, 3, { padding: 1 }),
    new Residual(8, 8),
    new Residual(8, 12, 2),
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Dropout(0.1),
    new nn.Linear(12, 10),
  );

/** The classes of sequences, by the last state of an LSTM. */
class Sequences extends nn.Module {
  readonly lstm = new nn.LSTM(5, 8, { numLayers: 2, batchFirst: true });
  readonly head = new nn.Linear(8, 3);

  forward(x: Tensor): Tensor {
    const [output] = this.lstm.forward(x);
    return this.head.forward(output.select(1, -1)).softmax(1);
  }
}

/** Text as vectors, with places of their own, a mask that attention adds, and the mean of what comes out. */
class Encoder extends nn.Module {
  readonly letters = new nn.Embedding(11, 8);
  readonly places = new nn.Parameter(randn([6, 8]));
  readonly layers = new nn.TransformerEncoder(
    new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 16, batchFirst: true }),
    2,
  );

  forward(x: Tensor): Tensor {
    return this.layers.forward(this.letters.forward(x).add(this.places)).mean(1);
  }
}

/** What users write between modules. */
class Assorted extends nn.Module<[Tensor], Record<string, Tensor | Tensor[]>> {
  readonly table = new nn.Parameter(randn([4, 4]));

  forward(x: Tensor): Record<string, Tensor | Tensor[]> {
    const n = x.shape[0];
    const heads = x.reshape(n, 3, 2, 4).transpose(1, 2);
    const { values, indices } = x.topk(2, -1);
    const largest = x.cummax(2);
    return {
      steps: x.slice(1, 0, 6, 2).slice(2, 1, 4, 2),
      flipped: x.flip([1, 2]),
      diagonal: x.narrow(1, 0, 4).diagonal(0, 1, 2),
      joined: [cat([x, x.mul(2)], 1), stack([x, x.neg()], 1)],
      padded: functional.pad(x, [1, 2, 0, 1], 'constant', 0.5),
      shifted: x.roll(1, 2),
      triangle: heads.matmul(this.table.tril()).triu(1),
      found: values.add(indices.to('float32')),
      parts: x.split(2, 1).map((part) => part.sum([1, 2])),
      order: x.sort(-1).indices,
      best: x.argmax(2),
      running: [x.cumsum(2), x.cumprod(1), x.prod(2), largest.values, largest.indices],
      spread: x.diagEmbed(1),
      middle: x.median(2).values,
      masked: x.where(x.gt(0), tensor(-1)),
      clamped: x.clamp(-0.5, 0.5).pow(2).add(x.abs().sqrt()),
      products: einsum('nij,kj->nik', x, this.table),
      distances: x.norm(2, 1).add(x.logsumexp(2).mean(1, true)),
      rolled: x.unfold(2, 2, 1),
      repeated: x.repeat(1, 2, 1),
    };
  }
}

/** Attention with a bias for distances. */
class Biased extends nn.Module {
  readonly slopes = new nn.Parameter(randn([2, 1, 1]));
  readonly qkv = new nn.Linear(8, 24);

  forward(x: Tensor): Tensor {
    const [n, t, width] = x.shape;
    const places = arange(t).to('float32');
    const distances = places.reshape(1, t).sub(places.reshape(t, 1)).abs();
    const [q, k, v] = this.qkv.forward(x).reshape(n, t, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(); // prettier-ignore
    const y = scaledDotProductAttention(q, k, v, { attnMask: distances.mul(this.slopes) });
    return y.transpose(1, 2).reshape(n, t, width);
  }
}

/** Images made smaller and larger again, with what was there before next to them, and channels weighed by their means. */
class UNet extends nn.Module<[Tensor], Tensor[]> {
  readonly down = new nn.Conv2d(2, 4, 3, { padding: 1, stride: 2 });
  readonly deep = new nn.Conv2d(4, 8, 3, { padding: 1, groups: 2 });
  readonly weigh = new nn.Sequential(
    new nn.Linear(8, 4),
    new nn.ReLU(),
    new nn.Linear(4, 8),
    new nn.Sigmoid(),
  );
  readonly up = new nn.ConvTranspose2d(8, 4, 2, { stride: 2 });
  readonly shuffle = new nn.Sequential(new nn.Conv2d(6, 8, 1), new nn.PixelShuffle(2));
  readonly scale = new nn.Parameter(randn([1, 4, 1, 1]));

  forward(x: Tensor): Tensor[] {
    const small = this.down.forward(x).mul(this.scale);
    const y = this.deep.forward(functional.gelu(small));
    const weighed = y.mul(this.weigh.forward(y.mean([2, 3])).unflatten(1, [8, 1, 1]));
    const joined = cat([x, this.up.forward(weighed)], 1);
    const larger = functional.interpolate(joined, { scaleFactor: 2, mode: 'bilinear' });
    const [left, right] = y.chunk(2, 1);
    const padded = functional.pad(left.mul(right.sigmoid()), [1, 0, 2, 1]);
    return [this.shuffle.forward(joined), larger, padded, y.flatten(1), y.permute(0, 2, 3, 1).softmax(-1)];
  }
}

/** Indices of all kinds. */
class Indexed extends nn.Module<[Tensor, Tensor], Record<string, Tensor | Tensor[]>> {
  readonly table = new nn.Parameter(randn([6, 4]));

  forward(x: Tensor, index: Tensor): Record<string, Tensor | Tensor[]> {
    const rows = index.unsqueeze(2).expand(index.shape[0], 3, 4);
    return {
      listed: x.at(':', [0, 2, 5]),
      pairs: x.at(':', [0, 2, 5], [1, 1, 3]),
      ranges: x.at('...', '::2'),
      looked: this.table.at(index),
      gathered: x.gather(1, rows),
      scattered: x.scatterAdd(1, rows, x.narrow(1, 0, 3)),
      put: [
        x.indexPut([':', [0, 2], [1, 3]], 5),
        x.indexPut([':', [1, 1, 4]], x.narrow(1, 0, 3), true).neg(),
        x.indexPut(['...', [0, 3]], 7),
      ],
      hot: functional.oneHot(index, 6),
      filled: x.maskedFill(x.gt(0.5), 9),
      selected: x.indexSelect(1, tensor([4, 0], { dtype: 'int32' })),
      last: x.select(1, -1).add(x.at(':', 0)),
      windows: x.unfold(1, 3, 2).mean(-1),
      distance: x.sub(x.mean(1, true)).square().sum(1).sqrt(),
      outer: x.unsqueeze(1).sub(x.unsqueeze(2)).abs().amax(3),
      sides: [x.var(1), x.std(2), x.amin([1, 2]), x.argmin(1), x.flatten(1).argmax(1)],
      swapped: x.transpose(0, 1).flatten(1).transpose(0, 1),
      halves: stack(x.split(3, 1), 0).transpose(0, 1),
    };
  }
}

/** Weights that are computed, an op of one's own, activations computed twice, and a recorded step. */
class Reparametrized extends nn.Module {
  readonly first = nn.utils.weightNorm(new nn.Linear(4, 6));
  readonly second = nn.utils.spectralNorm(new nn.Conv1d(1, 3, 3));
  readonly last = compile((x: Tensor) => x.mul(2).sum(2));

  forward(x: Tensor): Tensor {
    const y = checkpoint((h: Tensor) => this.first.forward(h).tanh(), x);
    return this.last(this.second.forward(y.unsqueeze(1)).detach());
  }
}

const MODELS: Readonly<Record<string, () => Row>> = {
  'an MLP': () => ({ model: new MLP(), inputs: images(784) }),
  'the CNN of the post': () => ({ model: new CNN(), inputs: images(1, 28, 28) }),
  'a small VGG': () => ({ model: new VGG(), inputs: images(3, 32, 32) }),
  'a residual network': () => ({ model: resnet(), inputs: images(3, 9, 8) }),
  'a GPT': () => ({
    model: new GPT({ vocabulary: 13, context: 8, width: 16, layers: 2, heads: 4 }),
    inputs: (n) => [classes(13, n, 8)],
  }),
  'an LSTM': () => ({ model: new Sequences(), inputs: images(7, 5) }),
  'a transformer encoder': () => ({ model: new Encoder(), inputs: (n) => [classes(11, n, 6)] }),
  'attention with a bias': () => ({ model: new Biased(), inputs: images(6, 8) }),
  'a U-Net': () => ({ model: new UNet(), inputs: images(2, 8, 12) }),
  'indices of all kinds': () => ({
    model: new Indexed(),
    inputs: (n) => [randn([n, 6, 4]), classes(6, n, 3)],
  }),
  'computed weights': () => ({ model: new Reparametrized(), inputs: images(4) }),
  'an assortment of ops': () => ({ model: new Assorted(), inputs: images(6, 4) }),
};

for (const [name, row] of Object.entries(MODELS))
  testOnnx(name, async (t) => {
    manualSeed(1);
    await checkRow(t, name, row());
  });
