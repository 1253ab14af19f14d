import type { AttentionParams } from '../../../backend/contract.js';
import type { Value } from '../builder.js';
import type { View } from '../merge.js';
import { constant, Float } from '../proto.js';
import type { Scribe } from '../scribe.js';
import { isOne, type Size } from '../sizes.js';

export function matmul(scribe: Scribe, a: View, b: View, bias: View | null, out: View): void {
  const { builder, memory } = scribe;
  if (out.shape.length === 2 && a.shape.length === 2 && b.shape.length === 2) {
    memory.write(out, gemm(scribe, a, b, bias, out));
    return;
  }
  const inputs = [memory.readLoosely(a), memory.readLoosely(b)].map((value, i) =>
    matricesOf(scribe, value, [a, b][i]),
  );
  let y = builder.node('MatMul', inputs, out.shape);
  if (bias !== null) y = builder.pointwise('Add', [y, memory.read(bias)]);
  memory.write(out, y);
}

/** Matrices may repeat along the dimensions before them, not within themselves. */
function matricesOf({ builder }: Scribe, value: Value, { shape }: View): Value {
  const ndim = shape.length;
  const whole = value.shape.map((size, dim) => (dim < ndim - 2 ? size : shape[dim]));
  return builder.expand(value, whole);
}

/** A matrix whose rows are next to each other is taken as it is, a transposed one by a flag. */
function gemm({ builder, memory }: Scribe, a: View, b: View, bias: View | null, out: View): Value {
  const isTransposed = b.state !== null && isOne(b.strides[0]) && !isOne(b.strides[1]);
  if (!isTransposed) {
    const product = builder.node('MatMul', [memory.read(a), memory.read(b)], out.shape);
    return bias === null ? product : builder.pointwise('Add', [product, memory.read(bias)]);
  }
  const weight = memory.read({
    ...b,
    shape: [b.shape[1], b.shape[0]],
    strides: [b.strides[1], b.strides[0]],
  });
  const inputs = [memory.read(a), weight, ...(bias === null ? [] : [memory.read(bias)])];
  return builder.node('Gemm', inputs, out.shape, { transB: 1 });
}

export function attention(
  { builder, memory }: Scribe,
  q: View,
  k: View,
  v: View,
  mask: View | null,
  out: View,
  logSum: View,
  { scale, causal }: AttentionParams,
): void {
  const [batch, heads, queries, depth] = q.shape;
  const keys = k.shape[2];
  const turned: readonly Size[] = [batch, heads, depth, keys];
  const kT = builder.node('Transpose', [memory.read(k)], turned, { perm: [0, 1, 3, 2] });
  const products = builder.node('MatMul', [memory.read(q), kT], [batch, heads, queries, keys]);
  let scores = builder.withNumber('Mul', products, scale);
  if (mask !== null) scores = builder.pointwise('Add', [scores, memory.readLoosely(mask)]);
  if (causal) {
    if (queries.isBatch || keys.isBatch) builder.fail('causal attention along the batch');
    const future = Array.from({ length: queries.times * keys.times }, (_, at) =>
      at % keys.times > Math.floor(at / keys.times) ? -Infinity : 0,
    );
    const triangle = constant(q.dtype, [queries.times, keys.times], future);
    scores = builder.pointwise('Add', [scores, builder.constant(triangle)]);
  }
  const weights = builder.node('Softmax', [scores], scores.shape, { axis: 3 });
  memory.write(out, builder.node('MatMul', [weights, memory.read(v)], out.shape));
  memory.write(logSum, builder.reduce('ReduceLogSumExp', scores, [3]));
}

export function layerNorm(
  { builder, memory }: Scribe,
  x: View,
  weight: View | null,
  bias: View | null,
  mean: View,
  inverse: View,
  out: View,
  eps: number,
): void {
  const value = memory.read(x);
  const length = x.shape[1];
  if (length.isBatch) builder.fail('normalization along the batch');
  const ones = (): Value =>
    builder.constant(constant(x.dtype, [length.times], new Array<number>(length.times).fill(1)));
  const scale = weight === null ? ones() : memory.read(weight);
  const inputs = [value, scale, ...(bias === null ? [] : [memory.read(bias)])];
  memory.write(
    out,
    builder.node('LayerNormalization', inputs, x.shape, { axis: 1, epsilon: new Float(eps) }),
  );
  const means = builder.reduce('ReduceMean', value, [1]);
  const centered = builder.pointwise('Sub', [value, means]);
  const variance = builder.reduce('ReduceMean', builder.pointwise('Mul', [centered, centered]), [1]);
  const deviation = builder.pointwise('Sqrt', [builder.withNumber('Add', variance, eps)]);
  memory.write(mean, means);
  memory.write(inverse, builder.pointwise('Reciprocal', [deviation]));
}
