import { nn, randn, type Tensor } from '../../lib/index.js';
import { classes, images, type Row } from './check.js';

const rows = images(6);
const blocks = images(6, 5);
const of = (model: nn.AnyModule, inputs: Row['inputs'] = blocks): Row => ({ model, inputs });

/** Scores and classes of rows. */
const labelled = (n: number): Tensor[] => [randn([n, 6]), classes(6, n)];
const pair = (n: number): Tensor[] => [randn([n, 6]), randn([n, 6])];
const signs = (n: number): Tensor => classes(2, n).mul(2).sub(1).to('float32');
const chances = (n: number): Tensor[] => [randn([n, 6]).sigmoid(), randn([n, 6]).sigmoid()];

/** Losses as they are for each row, and as sums; by default they are means. */
const NONE = { reduction: 'none' } as const;
const SUM = { reduction: 'sum' } as const;

/** Modules that are functions, and losses, by name. */
export const FUNCTIONS: Readonly<Record<string, readonly Row[]>> = {
  ReLU: [of(new nn.ReLU())],
  ReLU6: [of(new nn.ReLU6())],
  RReLU: [of(new nn.RReLU())],
  LeakyReLU: [of(new nn.LeakyReLU(0.2))],
  PReLU: [of(new nn.PReLU()), of(new nn.PReLU(6, { init: 0.1 }))],
  ELU: [of(new nn.ELU()), of(new nn.ELU({ alpha: 2 }))],
  CELU: [of(new nn.CELU(2))],
  SELU: [of(new nn.SELU())],
  GELU: [
    of(new nn.GELU()),
    of(new nn.GELU({ approximate: 'tanh' })),
    { ...of(new nn.GELU()), options: { opset: 20 } },
  ],
  SiLU: [of(new nn.SiLU())],
  Mish: [of(new nn.Mish())],
  GLU: [of(new nn.GLU(1))],
  Sigmoid: [of(new nn.Sigmoid())],
  LogSigmoid: [of(new nn.LogSigmoid())],
  Tanh: [of(new nn.Tanh())],
  Tanhshrink: [of(new nn.Tanhshrink())],
  Hardtanh: [of(new nn.Hardtanh(-0.5, 1))],
  Hardsigmoid: [of(new nn.Hardsigmoid())],
  Hardswish: [of(new nn.Hardswish())],
  Hardshrink: [of(new nn.Hardshrink())],
  Softshrink: [of(new nn.Softshrink())],
  Softplus: [of(new nn.Softplus()), of(new nn.Softplus(2, 1))],
  Softsign: [of(new nn.Softsign())],
  Threshold: [of(new nn.Threshold(0.1, 3))],
  Softmax: [of(new nn.Softmax(1)), of(new nn.Softmax(-1))],
  LogSoftmax: [of(new nn.LogSoftmax(1), rows), of(new nn.LogSoftmax(1))],
  Softmin: [of(new nn.Softmin(1))],
  Softmax2d: [of(new nn.Softmax2d(), images(3, 4, 5))],
  Identity: [of(new nn.Identity())],
  Linear: [of(new nn.Linear(6, 4), rows), of(new nn.Linear(5, 4)), of(new nn.Linear(5, 4, { bias: false }))],
  Bilinear: [of(new nn.Bilinear(6, 6, 3), pair)],
  CosineSimilarity: [of(new nn.CosineSimilarity(), pair)],
  PairwiseDistance: [of(new nn.PairwiseDistance(), pair)],
  Flatten: [of(new nn.Flatten(), images(2, 3, 4)), of(new nn.Flatten(2, -1), images(2, 3, 4))],
  Unflatten: [of(new nn.Unflatten(1, [2, 3]))],
  Sequential: [of(new nn.Sequential(new nn.Linear(6, 8), new nn.Tanh(), new nn.Linear(8, 2)), rows)],
  Dropout: [of(new nn.Dropout()), of(new nn.Sequential(new nn.Dropout(0.1), new nn.ReLU()))],
  Dropout1d: [of(new nn.Dropout1d())],
  Dropout2d: [of(new nn.Dropout2d(), images(2, 3, 4))],
  Dropout3d: [of(new nn.Dropout3d(), images(2, 3, 4, 2))],
  AlphaDropout: [of(new nn.AlphaDropout())],
  FeatureAlphaDropout: [of(new nn.FeatureAlphaDropout())],
  LayerNorm: [of(new nn.LayerNorm(5)), of(new nn.LayerNorm([6, 5], { elementwiseAffine: false }))],
  RMSNorm: [of(new nn.RMSNorm(5)), of(new nn.RMSNorm([6, 5]))],
  Embedding: [
    of(new nn.Embedding(7, 3), (n) => [classes(7, n, 4)]),
    of(new nn.Embedding(7, 3, { paddingIdx: 0 }), (n) => [classes(7, n)]),
  ],
  EmbeddingBag: [
    of(new nn.EmbeddingBag(7, 3), (n) => [classes(7, n, 4)]),
    of(new nn.EmbeddingBag(7, 3, { mode: 'sum' }), (n) => [classes(7, n, 4)]),
    of(new nn.EmbeddingBag(7, 3, { mode: 'max' }), (n) => [classes(7, n, 4)]),
    // All that is in some bags is left out.
    of(new nn.EmbeddingBag(7, 3, { mode: 'sum', paddingIdx: 2 }), (n) => [classes(7, n, 2)]),
    of(new nn.EmbeddingBag(7, 3, { paddingIdx: 2 }), (n) => [classes(7, n, 1)]),
    of(new nn.EmbeddingBag(7, 3, { mode: 'max', paddingIdx: -1 }), (n) => [classes(7, n, 1)]),
    of(new nn.EmbeddingBag(7, 3, { mode: 'sum', paddingIdx: 0 }) as nn.AnyModule, (n) => [
      classes(7, n, 4),
      null,
      randn([n, 4]),
    ]),
  ],
  L1Loss: [of(new nn.L1Loss(NONE), pair), of(new nn.L1Loss(), pair)],
  MSELoss: [of(new nn.MSELoss(SUM), pair), of(new nn.MSELoss(), pair)],
  SmoothL1Loss: [of(new nn.SmoothL1Loss(), pair)],
  HuberLoss: [of(new nn.HuberLoss(), pair)],
  BCELoss: [of(new nn.BCELoss(), chances)],
  BCEWithLogitsLoss: [of(new nn.BCEWithLogitsLoss(), (n) => [randn([n, 6]), randn([n, 6]).sigmoid()])],
  CrossEntropyLoss: [
    of(new nn.CrossEntropyLoss(NONE), labelled),
    of(new nn.CrossEntropyLoss(SUM), labelled),
    of(new nn.CrossEntropyLoss(), labelled),
  ],
  NLLLoss: [
    of(new nn.NLLLoss(NONE), labelled),
    of(new nn.NLLLoss(SUM), labelled),
    of(new nn.NLLLoss(), labelled),
  ],
  KLDivLoss: [of(new nn.KLDivLoss(SUM), chances), of(new nn.KLDivLoss({ reduction: 'batchmean' }), chances)],
  PoissonNLLLoss: [of(new nn.PoissonNLLLoss(), chances)],
  GaussianNLLLoss: [of(new nn.GaussianNLLLoss(NONE), (n) => [...pair(n), randn([n, 6]).square().add(0.1)])],
  SoftMarginLoss: [of(new nn.SoftMarginLoss(), (n) => [randn([n]), signs(n)])],
  HingeEmbeddingLoss: [of(new nn.HingeEmbeddingLoss(), (n) => [randn([n]), signs(n)])],
  MarginRankingLoss: [of(new nn.MarginRankingLoss(), (n) => [randn([n]), randn([n]), signs(n)])],
  CosineEmbeddingLoss: [of(new nn.CosineEmbeddingLoss(), (n) => [...pair(n), signs(n)])],
  MultiMarginLoss: [of(new nn.MultiMarginLoss(NONE), labelled), of(new nn.MultiMarginLoss(), labelled)],
  MultiLabelMarginLoss: [of(new nn.MultiLabelMarginLoss(NONE), (n) => [randn([n, 6]), classes(6, n, 6)])],
  MultiLabelSoftMarginLoss: [of(new nn.MultiLabelSoftMarginLoss(), chances)],
  TripletMarginLoss: [of(new nn.TripletMarginLoss(), (n) => [...pair(n), randn([n, 6])])],
  TripletMarginWithDistanceLoss: [
    of(new nn.TripletMarginWithDistanceLoss(), (n) => [...pair(n), randn([n, 6])]),
  ],
};
