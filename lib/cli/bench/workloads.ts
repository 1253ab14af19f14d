import { crossEntropy, type nn, optim, randint, randn, type Tensor } from '../../index.js';
import { CNN } from '../../models/cnn.js';
import { GPT } from '../../models/gpt.js';
import { MLP } from '../../models/mlp.js';
import { VGG } from '../../models/vgg.js';

/** A step of training to be timed: forward, cross-entropy, backward, Adam, on one batch that lies ready. */
export interface Workload {
  readonly about: string;
  /** What a batch is made of. */
  readonly items: 'images' | 'sequences';
  readonly batch: number;
  make(): { readonly model: nn.Module; readonly lr: number; readonly x: Tensor; readonly y: Tensor };
}

const seedcnn = (batch: number): Workload => ({
  about: `the post's CNN, 1×28×28, batch ${batch}`,
  items: 'images',
  batch,
  make: () => ({ model: new CNN(), lr: 0.003, x: randn([batch, 1, 28, 28]), y: randint(10, [batch]) }),
});

const CHARS = { vocabulary: 65, context: 64, width: 128, layers: 4, heads: 4 };

/** The same are in torch_peer.py. */
export const WORKLOADS: Readonly<Record<string, Workload>> = {
  seedcnn_b32: seedcnn(32),
  seedcnn_b256: seedcnn(256),
  mlp_b128: {
    about: '784-1024-1024-10, ReLU, batch 128',
    items: 'images',
    batch: 128,
    make: () => ({ model: new MLP(), lr: 0.001, x: randn([128, 784]), y: randint(10, [128]) }),
  },
  vgg_b32: {
    about: '3×32×32, six conv3x3-BN-ReLU, three pools, linear, batch 32',
    items: 'images',
    batch: 32,
    make: () => ({ model: new VGG(), lr: 0.001, x: randn([32, 3, 32, 32]), y: randint(10, [32]) }),
  },
  gpt_b16: {
    about: 'char GPT: V 65, T 64, D 128, 4 layers, 4 heads, GELU, batch 16',
    items: 'sequences',
    batch: 16,
    make: () => ({
      model: new GPT(CHARS),
      lr: 0.001,
      x: randint(CHARS.vocabulary, [16, CHARS.context]),
      y: randint(CHARS.vocabulary, [16, CHARS.context]),
    }),
  },
};

/** The step of a workload, as a user writes it. It returns the loss. */
export function stepOf(workload: Workload): { step: (x: Tensor, y: Tensor) => Tensor; x: Tensor; y: Tensor } {
  const { model, lr, x, y } = workload.make();
  const optimizer = new optim.Adam(model.parameters(), { lr });
  const step = (input: Tensor, target: Tensor): Tensor => {
    const scores = model.forward(input);
    const loss = crossEntropy(
      scores.reshape([target.size, scores.shape[scores.ndim - 1]]),
      target.reshape([target.size]),
    );
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { step, x, y };
}
