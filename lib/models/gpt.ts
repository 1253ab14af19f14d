import { arange, nn, scaledDotProductAttention, type Tensor } from '../index.js';

export interface GPTOptions {
  /** How many different tokens there are. */
  readonly vocabulary: number;
  /** The longest sequence. */
  readonly context: number;
  /** Numbers a token is described by. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
}

/**
 * A transformer that says for each token which comes next, as GPT-2 is built: (N, T) tokens → (N, T, vocabulary) scores.
 * @see https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf
 */
export class GPT extends nn.Module {
  readonly tokens: nn.Embedding;
  readonly positions: nn.Embedding;
  readonly blocks: readonly Block[];
  readonly norm: nn.LayerNorm;
  readonly head: nn.Linear;

  constructor({ vocabulary, context, width, layers, heads }: GPTOptions) {
    super();
    this.tokens = new nn.Embedding(vocabulary, width);
    this.positions = new nn.Embedding(context, width);
    this.blocks = Array.from({ length: layers }, () => new Block(width, heads));
    this.norm = new nn.LayerNorm(width);
    this.head = new nn.Linear(width, vocabulary, { bias: false });
  }

  forward(tokens: Tensor): Tensor {
    let x = this.tokens.forward(tokens).add(this.positions.forward(arange(tokens.shape[1])));
    for (const block of this.blocks) x = block.forward(x);
    return this.head.forward(this.norm.forward(x));
  }
}

class Block extends nn.Module {
  readonly norm1: nn.LayerNorm;
  readonly attention: SelfAttention;
  readonly norm2: nn.LayerNorm;
  readonly mlp: nn.Sequential;

  constructor(width: number, heads: number) {
    super();
    this.norm1 = new nn.LayerNorm(width);
    this.attention = new SelfAttention(width, heads);
    this.norm2 = new nn.LayerNorm(width);
    this.mlp = new nn.Sequential(
      new nn.Linear(width, 4 * width),
      new nn.GELU(),
      new nn.Linear(4 * width, width),
    );
  }

  forward(x: Tensor): Tensor {
    x = x.add(this.attention.forward(this.norm1.forward(x)));
    return x.add(this.mlp.forward(this.norm2.forward(x)));
  }
}

/** Attention of several heads, in which a token sees itself and those before it. */
class SelfAttention extends nn.Module {
  readonly qkv: nn.Linear;
  readonly out: nn.Linear;

  constructor(
    width: number,
    readonly heads: number,
  ) {
    super();
    this.qkv = new nn.Linear(width, 3 * width);
    this.out = new nn.Linear(width, width);
  }

  forward(x: Tensor): Tensor {
    const [n, t, width] = x.shape;
    // (N, T, 3, heads, width / heads) → (3, N, heads, T, width / heads)
    const qkv = this.qkv
      .forward(x)
      .reshape([n, t, 3, this.heads, width / this.heads])
      .permute([2, 0, 3, 1, 4]);
    const [q, k, v] = qkv.unbind();
    const y = scaledDotProductAttention(q, k, v, { isCausal: true });
    return this.out.forward(y.transpose(1, 2).reshape([n, t, width]));
  }
}
