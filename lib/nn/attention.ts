import type { FloatDType } from '../dtype.js';
import { checkBoolean, rangeError, shapeError, typeError } from '../errors.js';
import { noGrad } from '../grad-mode.js';
import { readArgs, type Rest } from '../ops/arguments.js';
import { scaledDotProductAttention } from '../ops/attention.js';
import { expand, reshape } from '../ops/broadcast.js';
import { zeros } from '../ops/create.js';
import { arange } from '../ops/ranges.js';
import { checkProbability, dropout } from '../ops/dropout.js';
import { fill_ } from '../ops/inplace.js';
import { linear, matmul } from '../ops/matmul.js';
import { chunk } from '../ops/shape-split.js';
import { add, gt, mul, where } from '../ops/pointwise.js';
import { scalar } from '../ops/primitive.js';
import { mean } from '../ops/reduce.js';
import { cat, permute, squeeze, transpose, unsqueeze } from '../ops/shape.js';
import { softmax } from '../ops/softmax.js';
import { formatShape, sameShape, type Shape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { xavierNormal_, xavierUniform_ } from './initialize.js';
import { Linear } from './layers.js';
import { Module } from './module.js';
import { checkCount, readDType } from './options.js';
import { Parameter } from './parameter.js';

/** Options of {@link MultiheadAttention}. */
export interface MultiheadAttentionOptions {
  /** The probability with which, in training, a weight is set to 0. Default 0. */
  readonly dropout?: number;
  /** Whether projections have biases. Default true. */
  readonly bias?: boolean;
  /** Whether a learned key and value follow the others. Default false. */
  readonly addBiasKv?: boolean;
  /** Whether a key and value of zeros follow the others. Default false. */
  readonly addZeroAttn?: boolean;
  /** Features of keys. Default embedDim. */
  readonly kdim?: number | null;
  /** Features of values. Default embedDim. */
  readonly vdim?: number | null;
  /** Whether input and output are (N, L, E) instead of (L, N, E). Default false. */
  readonly batchFirst?: boolean;
  /** Default float32. */
  readonly dtype?: FloatDType;
}

/** Arguments of {@link MultiheadAttention.forward}, by name. */
export interface AttentionArguments {
  /** (N, S): true for keys that nobody sees, or numbers that are added to their scores. Default none. */
  readonly keyPaddingMask?: Tensor | null;
  /** Whether the weights are returned, too; without, they are never all in memory. Default true. */
  readonly needWeights?: boolean;
  /** (L, S) or (N · heads, L, S): true where a query must not see a key, or numbers that are added. Default none. */
  readonly attnMask?: Tensor | null;
  /** Whether the weights are averaged over the heads. Default true. */
  readonly averageAttnWeights?: boolean;
  /** Whether query i sees keys 0 to i only. Default false. */
  readonly isCausal?: boolean;
}

type AttentionRest = Rest<
  [
    keyPaddingMask: Tensor | null,
    needWeights: boolean,
    attnMask: Tensor | null,
    averageAttnWeights: boolean,
    isCausal: boolean,
  ],
  AttentionArguments
>;

const OP = 'MultiheadAttention';

/**
 * Attention of several heads, each on its part of the features. Parameters have PyTorch's names and layouts:
 * `in_proj_weight` (3E, E), or `q_proj_weight`, `k_proj_weight`, `v_proj_weight` where keys or values have other sizes,
 * `in_proj_bias`, `bias_k`, `bias_v`, `out_proj.weight`, `out_proj.bias`.
 * Shapes: query (L, N, E), key (S, N, kdim), value (S, N, vdim), all without N, or N first → (L, N, E), and weights
 * (N, L, S), or (N, heads, L, S).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
 */
export class MultiheadAttention extends Module<
  [query: Tensor, key: Tensor, value: Tensor, ...rest: AttentionRest],
  [output: Tensor, weights: Tensor | null]
> {
  readonly inProjWeight: Parameter | null;
  readonly qProjWeight: Parameter | null;
  readonly kProjWeight: Parameter | null;
  readonly vProjWeight: Parameter | null;
  readonly inProjBias: Parameter | null;
  readonly biasK: Parameter | null;
  readonly biasV: Parameter | null;
  readonly outProj: Linear;
  readonly dropout: number;
  readonly addZeroAttn: boolean;
  readonly batchFirst: boolean;
  readonly kdim: number;
  readonly vdim: number;

  constructor(
    readonly embedDim: number,
    readonly numHeads: number,
    ...rest: Rest<
      [
        dropout: number,
        bias: boolean,
        addBiasKv: boolean,
        addZeroAttn: boolean,
        kdim: number | null,
        vdim: number | null,
        batchFirst: boolean,
      ],
      MultiheadAttentionOptions
    >
  ) {
    super();
    const names = ['dropout', 'bias', 'addBiasKv', 'addZeroAttn', 'kdim', 'vdim', 'batchFirst'] as const;
    const options = readArgs<MultiheadAttentionOptions>(OP, rest, names, ['dtype']);
    const { dropout = 0, bias = true, addBiasKv = false, addZeroAttn = false, batchFirst = false } = options;
    checkCount(OP, 'embedDim', embedDim);
    checkCount(OP, 'numHeads', numHeads);
    if (embedDim % numHeads !== 0)
      rangeError(OP, `numHeads: expected a divisor of embedDim ${embedDim}, got ${numHeads}`);
    checkProbability(OP, dropout);
    for (const [name, value] of Object.entries({ bias, addBiasKv, addZeroAttn, batchFirst }))
      checkBoolean(OP, name, value);
    this.kdim = options.kdim ?? embedDim;
    this.vdim = options.vdim ?? embedDim;
    checkCount(OP, 'kdim', this.kdim);
    checkCount(OP, 'vdim', this.vdim);
    const dtype = readDType(OP, options);
    this.dropout = dropout;
    this.addZeroAttn = addZeroAttn;
    this.batchFirst = batchFirst;

    const isOne = this.kdim === embedDim && this.vdim === embedDim;
    const add = (name: string, init: (x: Tensor) => Tensor, shape: Shape | null): Parameter | null =>
      this.registerParameter(name, shape && new Parameter(init(empty(shape, dtype))));
    this.inProjWeight = add('in_proj_weight', xavierUniform_, isOne ? [3 * embedDim, embedDim] : null);
    this.qProjWeight = add('q_proj_weight', xavierUniform_, isOne ? null : [embedDim, embedDim]);
    this.kProjWeight = add('k_proj_weight', xavierUniform_, isOne ? null : [embedDim, this.kdim]);
    this.vProjWeight = add('v_proj_weight', xavierUniform_, isOne ? null : [embedDim, this.vdim]);
    this.inProjBias = add('in_proj_bias', (x) => fill_(x, 0), bias ? [3 * embedDim] : null);
    this.biasK = add('bias_k', xavierNormal_, addBiasKv ? [1, 1, embedDim] : null);
    this.biasV = add('bias_v', xavierNormal_, addBiasKv ? [1, 1, embedDim] : null);
    this.outProj = this.registerModule('out_proj', new Linear(embedDim, embedDim, { bias, dtype }));
    const { bias: outBias } = this.outProj;
    if (outBias !== null) noGrad(() => fill_(outBias, 0));
  }

  /**
   * Arguments as in PyTorch; those after `value` also by name.
   * @throws ShapeError when shapes do not fit; TypeError for a mask that is neither bool nor of the weights' dtype.
   */
  forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    ...rest: AttentionRest
  ): [output: Tensor, weights: Tensor | null] {
    const names = ['keyPaddingMask', 'needWeights', 'attnMask', 'averageAttnWeights', 'isCausal'] as const;
    const options = readArgs<AttentionArguments>(OP, rest, names);
    const { needWeights = true, averageAttnWeights = true, isCausal = false } = options;
    const { keyPaddingMask = null, attnMask = null } = options;
    for (const [name, flag] of Object.entries({ needWeights, averageAttnWeights, isCausal }))
      checkBoolean(OP, name, flag);
    this.#check(query, key, value);
    const isBatched = query.ndim === 3;
    const batchFirst = (x: Tensor): Tensor => {
      if (!isBatched) return unsqueeze(x, 0);
      return this.batchFirst ? x : transpose(x, 0, 1);
    };
    const [xq, xk, xv] = [query, key, value].map(batchFirst);
    const [n, length] = xq.shape;
    const source = xk.shape[1];
    const padding = keyPaddingMask && !isBatched ? unsqueeze(keyPaddingMask, 0) : keyPaddingMask;
    let mask = this.#mask(attnMask, padding, isCausal, [n, this.numHeads, length, source]);

    const isSame = query === key && key === value;
    const [q, ...kv] = isSame ? this.#projectOne(xq) : this.#project(xq, xk, xv);
    let [k, v] = kv;
    const { dtype } = q;
    const append = (more: [Tensor, Tensor]): void => {
      [k, v] = [cat([k, expand(more[0], [n, 1, this.embedDim])], 1), cat([v, expand(more[1], [n, 1, this.embedDim])], 1)]; // prettier-ignore
      if (mask !== null) mask = cat([mask, zeros([...mask.shape.slice(0, -1), 1], { dtype })], -1);
    };
    if (this.biasK !== null && this.biasV !== null) append([this.biasK, this.biasV]);
    if (this.addZeroAttn) {
      const zero = zeros([1, 1, this.embedDim], { dtype });
      append([zero, zero]);
    }

    const [hq, hk, hv] = [q, k, v].map((x) => this.#split(x));
    const p = this.training ? this.dropout : 0;
    let heads: Tensor;
    let weights: Tensor | null = null;
    if (needWeights) {
      const scores = matmul(mul(hq, 1 / Math.sqrt(hq.shape[3])), transpose(hk, -2, -1));
      weights = dropout(softmax(mask === null ? scores : add(scores, mask), -1), p);
      heads = matmul(weights, hv);
      if (averageAttnWeights) weights = mean(weights, 1);
      if (!isBatched) weights = squeeze(weights, 0);
    } else heads = scaledDotProductAttention(hq, hk, hv, { attnMask: mask, dropoutP: p });
    const joined = reshape(permute(heads, [0, 2, 1, 3]), [n, length, this.embedDim]);
    const output = this.outProj.forward(joined);
    if (!isBatched) return [squeeze(output, 0), weights];
    return [this.batchFirst ? output : transpose(output, 0, 1), weights];
  }

  #check(query: Tensor, key: Tensor, value: Tensor): void {
    const { dtype } = this.outProj.weight;
    const features = [this.embedDim, this.kdim, this.vdim];
    Object.entries({ query, key, value }).forEach(([name, x], i) => {
      checkTensor(OP, x, name);
      if (x.dtype !== dtype) typeError(OP, `${name}: expected ${dtype}, got ${x.dtype}`);
      if (x.ndim !== query.ndim || (x.ndim !== 2 && x.ndim !== 3) || x.shape[x.ndim - 1] !== features[i])
        shapeError(
          OP,
          `${name}: expected two dimensions, or three with a batch, the last ${features[i]}, got ${formatShape(x.shape)}`,
        );
    });
    const batch = this.batchFirst ? 0 : 1;
    const isOff =
      !sameShape(key.shape.slice(0, -1), value.shape.slice(0, -1)) ||
      (query.ndim === 3 && query.shape[batch] !== key.shape[batch]);
    if (isOff)
      shapeError(
        OP,
        `expected query, key and value of one batch, and as many keys as values, got ${[query, key, value].map((x) => formatShape(x.shape)).join(', ')}`,
      );
  }

  /** (N, L, E) → (N, heads, L, E / heads) */
  #split(x: Tensor): Tensor {
    const [n, length, width] = x.shape;
    return permute(reshape(x, [n, length, this.numHeads, width / this.numHeads]), [0, 2, 1, 3]);
  }

  /** The three projections of one tensor, in one product where there is one weight. */
  #projectOne(x: Tensor): Tensor[] {
    if (this.inProjWeight === null) return this.#project(x, x, x);
    return chunk(linear(x, this.inProjWeight, this.inProjBias), 3, 2);
  }

  #project(q: Tensor, k: Tensor, v: Tensor): Tensor[] {
    const weights =
      this.inProjWeight === null
        ? ([this.qProjWeight, this.kProjWeight, this.vProjWeight] as Parameter[])
        : chunk(this.inProjWeight, 3, 0);
    const biases = this.inProjBias === null ? [null, null, null] : chunk(this.inProjBias, 3, 0);
    return [q, k, v].map((x, i) => linear(x, weights[i], biases[i]));
  }

  /** What is added to the scores, of a shape that broadcasts to them, or null. */
  #mask(
    attnMask: Tensor | null,
    padding: Tensor | null,
    isCausal: boolean,
    [n, heads, length, source]: readonly number[],
  ): Tensor | null {
    const { dtype } = this.outProj.weight;
    const read = (name: string, mask: Tensor, shapes: readonly Shape[]): Tensor => {
      checkTensor(OP, mask, name);
      if (mask.dtype !== 'bool' && mask.dtype !== dtype)
        typeError(OP, `${name}: expected bool or ${dtype}, got ${mask.dtype}`);
      if (!shapes.some((shape) => sameShape(shape, mask.shape)))
        shapeError(
          OP,
          `${name}: expected ${shapes.map(formatShape).join(' or ')}, got ${formatShape(mask.shape)}`,
        );
      return mask.dtype === 'bool' ? where(mask, scalar(-Infinity, dtype), scalar(0, dtype)) : mask;
    };
    const masks: Tensor[] = [];
    if (attnMask !== null) {
      const shapes = [[length, source], [n * heads, length, source]]; // prettier-ignore
      const mask = read('attnMask', attnMask, shapes);
      masks.push(mask.ndim === 2 ? mask : reshape(mask, [n, heads, length, source]));
    } else if (isCausal) {
      const isLater = gt(arange(source), reshape(arange(length), [length, 1]));
      masks.push(where(isLater, scalar(-Infinity, dtype), scalar(0, dtype)));
    }
    if (padding !== null)
      masks.push(reshape(read('keyPaddingMask', padding, [[n, source]]), [n, 1, 1, source]));
    if (masks.length === 0) return null;
    return masks.reduce(add);
  }
}
