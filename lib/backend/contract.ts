import type { DType } from '../dtype.js';
import type { Shape } from '../shape.js';
import type { Storage } from '../storage.js';

/**
 * # The contract between the engine and its kernels
 *
 * Two implementations meet it: `reference/`, plain loops to learn from, and `native.ts`, which hands the same work to
 * the C++ addon. Kernels know storages, offsets, shapes and strides. They know nothing of gradients, of broadcasting
 * rules or of promotion: the ops in `lib/ops` have settled dtypes and shapes before they call, and own every result.
 *
 * - **Who allocates.** The caller. A kernel writes all of `out` and nothing else, and keeps no reference after it
 *   returns. `out` never overlaps an input, except that `out` may *be* an input, element for element, of a
 *   pointwise kernel (that is how changes in place work).
 * - **Layout.** An operand is a strided view: element `i` lies at `offset + Σ iₖ·strideₖ`, counted in elements from
 *   the start of the storage. Strides may be 0 (expanded) or negative. Where a kernel asks for a *contiguous* operand,
 *   the caller has seen to it.
 * - **Broadcasting.** Inputs of `binary`, `where`, `copy` may have any shape that broadcasts to `out`'s, aligned at the
 *   right.
 * - **Dtypes** are equal among the operands unless a kernel says otherwise.
 * - **Empty tensors** are legal everywhere: a kernel with nothing to write returns. A sum over nothing is 0; callers
 *   reject max, min, argmax and argmin over nothing.
 * - **Floats** follow IEEE 754: NaN and infinities pass through; max, min, maximum and minimum return NaN when they
 *   meet one; argmax and argmin then point at the first NaN.
 * - **Integers** wrap around at their width, as in NumPy.
 * - **Bad indices** (`gather` and the like) are reported by the return value, the position of the first one in the
 *   flattened index tensor, or -1 when all are good. Nothing has been written outside `out`; the caller throws.
 */
export interface Operand {
  readonly storage: Storage;
  readonly dtype: DType;
  /** Where the first element lies, in elements. */
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];
  /** Number of elements. */
  readonly size: number;
  /** Whether elements lie in row-major order without gaps. */
  readonly isContiguous: boolean;
}

/**
 * Pointwise functions of one number. `x` and `out` have one dtype. All take floats; `neg`, `abs`, `sign`, `square`
 * and `relu` take integers too, `bitwiseNot` only those, `logicalNot` takes and gives booleans only.
 * The order is the order of the native enumeration.
 */
export const UNARY = [
  'neg', // -x
  'abs', // |x|
  'sign', // -1, 0, 1 (0 for NaN)
  'square', // x²
  'exp', // eˣ
  'log', // ln x
  'sqrt', // √x
  'reciprocal', // 1 / x
  'relu', // max(x, 0), NaN for NaN
  'tanh', // tanh x
  'sigmoid', // 1 / (1 + e⁻ˣ), never overflowing
  'logicalNot', // not x
  'erf', // 2/√π · ∫₀ˣ exp(-t²) dt
  'gelu', // x · Φ(x), with Φ(x) = (1 + erf(x/√2)) / 2
  'geluTanh', // x · (1 + tanh u) / 2, with u = √(2/π) · (x + 0.044715 x³)
  'silu', // x · sigmoid x
  'softplus', // log(1 + eˣ), never overflowing
  'exp2', // 2ˣ
  'expm1', // eˣ - 1, also for small x
  'log1p', // ln(1 + x), also for small x
  'log2', // the logarithm to base 2
  'log10', // the logarithm to base 10
  'rsqrt', // 1 / √x
  'sin', // sin x
  'cos', // cos x
  'tan', // tan x
  'asin', // asin x
  'acos', // acos x
  'atan', // atan x
  'sinh', // sinh x
  'cosh', // cosh x
  'asinh', // asinh x
  'acosh', // acosh x
  'atanh', // atanh x
  'floor', // the largest whole number that is not above x
  'ceil', // the smallest whole number that is not below x
  'round', // the nearest whole number, the even one of two
  'trunc', // x without its fraction
  'erfc', // 1 - erf x
  'erfcx', // exp(x²) · erfc x
  'erfinv', // where erf is x
  'ndtri', // where the normal distribution function Φ is x
  'lgamma', // ln |Γ(x)|
  'digamma', // ψ(x), the derivative of ln Γ
  'i0e', // exp(-|x|) · I₀(x), a modified Bessel function
  'i1e', // exp(-|x|) · I₁(x)
  'bitwiseNot', // ~x, of integers only
] as const;
export type UnaryOp = (typeof UNARY)[number];

/** Pointwise functions of two numbers, of one dtype for both and the result; `div`, `pow` on integers never come.
 * Of integers divided by 0 the quotient and the rest are 0. */
export const BINARY = [
  'add', // a + b (booleans: or)
  'sub', // a - b
  'mul', // a · b (booleans: and)
  'div', // a / b
  'pow', // aᵇ, with pow(x, 0) = 1 and pow(1, x) = 1 even for NaN, as in C
  'maximum', // the larger, NaN if either is
  'minimum', // the smaller, NaN if either is
  'reluGrad', // 0 where b ≤ 0, else a: the gradient of relu, from the incoming one and relu's result
  'sigmoidGrad', // a · b · (1 - b)
  'tanhGrad', // a · (1 - b²)
  'geluGrad', // a · (Φ(b) + b · φ(b)), with φ(b) = exp(-b²/2) / √(2π)
  'geluTanhGrad', // a · (1 + tanh u + b · (1 - tanh²u) · u') / 2, u' = √(2/π) · (1 + 3 · 0.044715 b²)
  'siluGrad', // a · s · (1 + b · (1 - s)), with s = sigmoid b
  'fmod', // what remains of a / b, with the sign of a
  'remainder', // what remains of a / b, with the sign of b
  'floorDivide', // ⌊a / b⌋
  'atan2', // the angle of (b, a)
  'hypot', // √(a² + b²), never overflowing
  'copysign', // |a| with the sign of b
  'fmax', // the larger, of a number and NaN the number
  'fmin', // the smaller, of a number and NaN the number
  'bitwiseAnd', // of integers and booleans
  'bitwiseOr', // of integers and booleans
  'bitwiseXor', // of integers and booleans
  'bitwiseLeftShift', // a · 2ᵇ, of integers; 0 where b is no number of bits that they have
  'bitwiseRightShift', // ⌊a / 2ᵇ⌋, of integers; of other b as after all bits
  'gcd', // the greatest common divisor, of integers
  'zeta', // Hurwitz's ζ(a, b)
] as const;
export type BinaryOp = (typeof BINARY)[number];

/** Comparisons: two operands of one dtype, `out` is bool. IEEE: every comparison with NaN is false, but `ne` is true. */
export const COMPARE = ['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const;
export type CompareOp = (typeof COMPARE)[number];

/**
 * Reductions over some dimensions. `sum` and `mean` keep the dtype (`mean` takes floats only); they add up so that
 * the error stays near that of pairwise summation. `argmax`/`argmin` write int32: the row-major position, among the
 * reduced dimensions, of the first extremum.
 */
export const REDUCE = ['sum', 'mean', 'max', 'min', 'argmax', 'argmin'] as const;
export type ReduceOp = (typeof REDUCE)[number];

/**
 * What becomes of an element to which another comes by index. Booleans: or, and, or, and. Extrema are NaN where one of the
 * two is.
 */
export const SCATTER = ['add', 'mul', 'max', 'min', 'set'] as const;
export type ScatterOp = (typeof SCATTER)[number];

/**
 * What is added up, multiplied, or the largest or smallest, up to each element of a row; of equal extrema the last, and
 * NaN from the first NaN on.
 */
export const SCAN = ['sum', 'prod', 'max', 'min'] as const;
export type ScanOp = (typeof SCAN)[number];

/**
 * Numbers drawn from Philox4x32-10 (Salmon et al., SC 2011), a function of key and counter alone: element `i` comes
 * from the counter block `counter + ⌊i / perBlock⌋`, so the order of evaluation does not matter.
 * A block of four 32-bit words w₀…w₃ gives
 * - `uniform` in [a, b): float32: 4 numbers, a + (wⱼ >> 8)·2⁻²⁴·(b-a) rounded to float32 (and `a` should rounding
 *   reach `b`); float64: 2 numbers of 53 bits, (w₂ⱼ >> 5)·2²⁶ + (w₂ⱼ₊₁ >> 6), times 2⁻⁵³, scaled alike.
 * - `normal` with mean a and standard deviation b: Box–Muller in float64, for a pair (u, v) of uniforms:
 *   r = √(-2 ln u), then r·cos 2πv and r·sin 2πv. float32: two pairs a block, from (w₀, w₁) and (w₂, w₃), with
 *   u = (w + 1)·2⁻³², v = w·2⁻³². float64: one pair, u = 1 - (53 bits of w₀w₁), v = 53 bits of w₂w₃.
 * - `integer` in {a, …, b-1}, any dtype: 2 numbers a block, a + ⌊53 bits · (b-a)⌋.
 */
export const RANDOM = ['uniform', 'normal', 'integer'] as const;
export type RandomKind = (typeof RANDOM)[number];

/**
 * Rules by which `descend` moves a parameter p with its gradient g, with their states and coefficients c₀, c₁, … in
 * order. A state with `?` may be null. The order is the order of the native enumeration.
 */
export const DESCENT = [
  'adamax', // m, u: m += c₀(g-m); u = max(c₁u, |g|+c₂); p -= c₃·m/u
  'nadam', // m, v: m += c₀(g-m); v = c₁v + c₂g²; p -= (c₅g + c₆m)/(√(c₃v)+c₄)
  'radam', // m, v: m += c₀(g-m); v = c₁v + c₂g²; p -= c₄·m when c₅ is 0, else c₅·m/(√v+c₃)
  'rmsprop', // s, a?, b?: s = c₀s + c₁g²; a += c₁(g-a); g /= √(s-a²)+c₂; b = c₄b + g; p -= c₃b, or c₃g
  'adagrad', // s: s += g²; p -= c₁g/(√s+c₀)
  'adadelta', // s, d: s = c₀s + c₁g²; g *= √(d+c₂)/√(s+c₂); d = c₀d + c₁g²; p -= c₃g
  'lion', // m: p -= c₂·sign(c₀m + (1-c₀)g); m = c₁m + (1-c₁)g
  'rprop', // q, s: s *= c₀ where gq < 0, c₁ where gq > 0, kept within c₂ and c₃; g = 0 where gq < 0; p -= s·sign(g); q = g
  'asgd', // a: p = c₀p - c₁g; a += c₂(p-a)
  'average', // p += c₀(g-p)
  'lookahead', // b: b += c₀(g-b); p = g + c₁(b-g)
] as const;
export type DescentRule = (typeof DESCENT)[number];

/** How many numbers one counter block gives. */
export const randomPerBlock = (kind: RandomKind, dtype: DType): number =>
  kind !== 'integer' && dtype === 'float32' ? 4 : 2;

/** Where a 2-D window goes: sizes as [vertical, horizontal]. */
export interface Window2d {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
}

/** A 2-D convolution: its window, and into how many groups the channels are divided. */
export interface Conv2dParams extends Window2d {
  readonly groups: number;
}

/** The scalars of an attention. */
export interface AttentionParams {
  readonly scale: number;
  readonly causal: boolean;
}

/** The scalars of a batch normalization. */
export interface BatchNormParams {
  readonly eps: number;
  readonly training: boolean;
}

/** Which triangle of a matrix is meant, and how. */
export interface TriangularParams {
  readonly upper: boolean;
  readonly transposed: boolean;
  /** Whether the diagonal is taken to be ones. */
  readonly unit: boolean;
}

/** The scalars of an Adam step. `step` counts from 1. */
export interface AdamParams {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly weightDecay: number;
  readonly step: number;
  readonly maximize: boolean;
  /** Whether weight decay shrinks the parameter itself (AdamW) instead of entering the gradient. */
  readonly decoupled: boolean;
}

/** The scalars of a `descend` step. */
export interface DescentParams {
  readonly maximize: boolean;
  /** g += weightDecay·p, before all else. */
  readonly weightDecay: number;
  /** p -= shrink·p, after that. */
  readonly shrink: number;
  /** As many as the rule takes. */
  readonly coefficients: readonly number[];
}

/** The scalars of an SGD step. `first` is the step that only sets the momentum buffer. */
export interface SgdParams {
  readonly lr: number;
  readonly momentum: number;
  readonly dampening: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
  readonly maximize: boolean;
  readonly first: boolean;
}

export interface Backend {
  readonly name: 'native' | 'reference';

  /** out = op(x). */
  unary(op: UnaryOp, x: Operand, out: Operand): void;

  /** out = op(a, b), inputs broadcast to `out`. */
  binary(op: BinaryOp, a: Operand, b: Operand, out: Operand): void;

  /** out = op(a, b), a bool. Inputs broadcast to `out`. */
  compare(op: CompareOp, a: Operand, b: Operand, out: Operand): void;

  /** out = condition ? a : b. `condition` is bool; all three broadcast to `out`. */
  where(condition: Operand, a: Operand, b: Operand, out: Operand): void;

  /**
   * out = x, converted to `out`'s dtype as C converts: floats to integers toward zero, to bool by "not 0".
   * Both may have any strides; `x` broadcasts to `out`.
   */
  copy(x: Operand, out: Operand): void;

  /** Every element of `out` (any strides) becomes `value`. */
  fill(value: number, out: Operand): void;

  /**
   * Reduces `dims` of `x` (ascending, at least one). `out` is contiguous and holds the kept dimensions in order; sizes
   * of 1 in place of the reduced ones make no difference.
   */
  reduce(op: ReduceOp, x: Operand, dims: readonly number[], out: Operand): void;

  /**
   * out = a @ b + bias. Shapes (…, m, k) @ (…, k, n) → (…, m, n), at least 2-D, floats; bias (n) contiguous, or null.
   * Batch dimensions of `a` and `b` broadcast to those of `out`, which is contiguous. In `a` and in `b` one of the
   * last two dimensions has stride 1 (or size 1) and the other a stride that is at least that row's length: gemm reads
   * a transposed view through a flag.
   */
  matmul(a: Operand, b: Operand, bias: Operand | null, out: Operand): void;

  /** (N, C, H, W) → (N, C·kh·kw, L): every window a column. All contiguous, floats. Padding reads as 0. */
  im2col(x: Operand, out: Operand, window: Window2d): void;

  /** (N, C·kh·kw, L) → (N, C, H, W): adds every column back to where `im2col` read it. All contiguous, floats. */
  col2im(columns: Operand, out: Operand, window: Window2d): void;

  /**
   * x (N, C, H, W), weight (O, C/groups, kh, kw), bias (O) or null → out (N, O, OH, OW). Floats; x and out any strides,
   * weight and bias contiguous. Many images are worked on side by side: fastest where those have stride 1.
   */
  conv2d(x: Operand, weight: Operand, bias: Operand | null, out: Operand, params: Conv2dParams): void;

  /** The gradient of `conv2d` with respect to `x`: grad (N, O, OH, OW), weight → out (N, C, H, W). Strides as there. */
  conv2dInput(grad: Operand, weight: Operand, out: Operand, params: Conv2dParams): void;

  /** The gradient of `conv2d` with respect to `weight`: x, grad (any strides) → out (O, C/groups, kh, kw). */
  conv2dWeight(x: Operand, grad: Operand, out: Operand, params: Conv2dParams): void;

  /**
   * The largest element that every stop of a window sees: x (N, C, H, W) → out (N, C, OH, OW), and in `index` (int32, of
   * the same shape) its position y·W + x, that of the first where there are several, of the first NaN where there is one.
   * Padding is never chosen; every window sees some of the image. OH and OW may be one more than `window` says: the last
   * window then reaches past the padding. Any strides.
   */
  maxPool2d(x: Operand, out: Operand, index: Operand, window: Window2d): void;

  /**
   * The gradient of `maxPool2d`: out (N, C, H, W), any strides, becomes the sum, at every position, of the elements of
   * grad (N, C, OH, OW) whose index says that position.
   */
  maxPool2dGrad(grad: Operand, index: Operand, out: Operand, window: Window2d): void;

  /**
   * Weighted sums of neighbours along the middle dimension, as resizing and averages over windows need them: x (A, I, B) →
   * out (A, O, B). Row o of `runs` (O, 3), int32, is [start, count, first], and out[a][o][b] is
   * Σₖ weights[first + k] · x[a][start + k][b] for k below count: 0 over none. No run leaves `x` or `weights` (W), which
   * has the dtype of x. All contiguous, floats.
   */
  weightedRuns(x: Operand, runs: Operand, weights: Operand, out: Operand): void;

  /**
   * out = (x - mean) / √(variance + eps) · weight + bias, channel by channel: x and out (N, C, …), any strides. All else
   * (C), contiguous; no weight is all ones, no bias all zeros. In `training` mean and variance are first set to those of
   * x, over all but C: the mean square deviation, not its unbiased estimate.
   */
  batchNorm(
    x: Operand,
    weight: Operand | null,
    bias: Operand | null,
    mean: Operand,
    variance: Operand,
    out: Operand,
    params: BatchNormParams,
  ): void;

  /**
   * The gradients of `batchNorm` in training, from x, the incoming `grad` (both any strides), and mean and variance as it
   * left them, for x (`out`, any strides), weight and bias (C). With x̂ = (x - mean) / √(variance + eps) and sums over all
   * but C: gradWeight = Σ grad·x̂, gradBias = Σ grad,
   * out = weight / √(variance + eps) · (grad - gradBias / count - x̂ · gradWeight / count).
   */
  batchNormGrad(
    x: Operand,
    grad: Operand,
    weight: Operand | null,
    mean: Operand,
    variance: Operand,
    out: Operand,
    gradWeight: Operand,
    gradBias: Operand,
    eps: number,
  ): void;

  /**
   * out = (x - mean) · inverse · weight + bias, row by row: x and out (R, L). `mean` (R) becomes each row's mean,
   * `inverse` (R) 1 / √(variance + eps), with the mean square deviation as variance. weight and bias (L); no weight is all
   * ones, no bias all zeros. All contiguous.
   */
  layerNorm(
    x: Operand,
    weight: Operand | null,
    bias: Operand | null,
    mean: Operand,
    inverse: Operand,
    out: Operand,
    eps: number,
  ): void;

  /**
   * The gradients of `layerNorm` for x (`out`), weight and bias, from x, the incoming `grad` (R, L), and mean and inverse
   * as it left them. With x̂ = (x - mean) · inverse and h = grad · weight: gradWeight = Σ grad·x̂ and gradBias = Σ grad, over
   * rows; out = inverse · (h - mean(h) - x̂ · mean(h·x̂)), means along rows. All contiguous.
   */
  layerNormGrad(
    x: Operand,
    grad: Operand,
    weight: Operand | null,
    mean: Operand,
    inverse: Operand,
    out: Operand,
    gradWeight: Operand,
    gradBias: Operand,
  ): void;

  /**
   * out = softmax(q @ kᵀ · scale + mask) @ v for each head: q (B, H, L, D), k (B, H, S, D), v (B, H, S, W) → out
   * (B, H, L, W). `mask` (B, H, L, S), any strides; no mask adds nothing. `causal`: query i sees the keys 0…i only.
   * `logSum` (B, H, L), contiguous, becomes the logarithm of the sum of the powers that softmax divides by. Over no keys
   * out is 0. Of all others the last dimension has stride 1 (or size 1) and the one before it a stride of at least that
   * row's length.
   */
  attention(
    q: Operand,
    k: Operand,
    v: Operand,
    mask: Operand | null,
    out: Operand,
    logSum: Operand,
    params: AttentionParams,
  ): void;

  /** The gradients of `attention` for q, k and v, from what it took and gave and the incoming `grad`. Layouts as there. */
  attentionGrad(
    q: Operand,
    k: Operand,
    v: Operand,
    mask: Operand | null,
    out: Operand,
    logSum: Operand,
    grad: Operand,
    gradQ: Operand,
    gradK: Operand,
    gradV: Operand,
    params: AttentionParams,
  ): void;

  /**
   * Runs along the rows of x (R, L) into out (R, L); for `max` and `min` the int32 index (R, L), when not null, becomes
   * where the extremum is. All contiguous.
   */
  scan(op: ScanOp, x: Operand, out: Operand, index: Operand | null): void;

  /**
   * Sorts the rows of x (R, L) into out, and where each element was into index (int32). Equal elements stay in their
   * order; NaN is larger than everything. All contiguous.
   */
  sort(x: Operand, descending: boolean, out: Operand, index: Operand): void;

  /** Softmax over the last dimension (or its logarithm), safe against overflow. `x` any strides, `out` contiguous. */
  softmax(x: Operand, out: Operand, log: boolean): void;

  /**
   * out[n] = logΣexp(x[n]) - x[n, target[n]]. x (N, C) contiguous float, target (N) contiguous int32, out (N).
   * A target outside 0…C-1 is a bad index, unless it equals `ignoreIndex`: its loss is 0.
   */
  crossEntropy(x: Operand, target: Operand, out: Operand, ignoreIndex: number): number;

  /** out[n] = grad[n] · (softmax(x[n]) - onehot(target[n])), rows of `ignoreIndex` 0. Shapes as above, out (N, C). */
  crossEntropyGrad(x: Operand, target: Operand, grad: Operand, out: Operand, ignoreIndex: number): number;

  /**
   * out[i][j][k] = x[i][index[i][j][k]][k] for `dim` 1, and so on. `index` is int32 and has `out`'s shape, which is at
   * most `x`'s in every other dimension; negative indices are bad. `x` and `index` any strides, `out` contiguous.
   */
  gather(x: Operand, dim: number, index: Operand, out: Operand): number;

  /**
   * The reverse: out[i][index[i][j][k]][k] = op(that, src[i][j][k]), in the row-major order of `src`. `out` holds what is
   * changed; any strides, but each element its own memory.
   */
  scatter(op: ScatterOp, out: Operand, dim: number, index: Operand, src: Operand): number;

  /** out = the slices of `x` along `dim` that `index` (int32, 1-D) names. `x` any strides, `out` contiguous. */
  indexSelect(x: Operand, dim: number, index: Operand, out: Operand): number;

  /** The reverse: slices of `src` come to those of `out` that `index` names, as in `scatter`. */
  scatterSlices(op: ScatterOp, out: Operand, dim: number, index: Operand, src: Operand): number;

  /**
   * out = stride · index, or out += that when it `adds`; negative indices count from the end. All int32: index any strides,
   * of the shape of `out`, which is contiguous. Indices outside -size…size-1 are bad. Results are below 2³¹.
   */
  indexOffsets(index: Operand, out: Operand, size: number, stride: number, adds: boolean): number;

  // Decompositions and solvers: all operands are contiguous batches of matrices (B, rows, columns), or of vectors, in floats.
  // A number that is returned names the first matrix of the batch that could not be dealt with; -1 says that all could.

  /**
   * out (B, n, n) = the lower triangular L with L·Lᵀ = a; only the lower triangle of `a` is read. A matrix that is not
   * positive-definite, or not finite, is named, and its out is NaN. With `info` (int32, B) none is named: it becomes the order
   * of the first leading minor that is not positive, or 0.
   */
  cholesky(a: Operand, out: Operand, info: Operand | null): number;

  /**
   * P·L·U = a (B, m, n) by partial pivoting: out (B, m, n) holds U, and below its diagonal L without its ones. pivots
   * (int32, B, min(m, n)): row i was exchanged with row pivots[i], counted from 1. A matrix with a 0 on the diagonal of U is
   * named; with `info` (int32, B) none is: it becomes the position of that 0, from 1, or 0. For a matrix that is not finite
   * out is NaN, and no row is exchanged.
   */
  lu(a: Operand, out: Operand, pivots: Operand, info: Operand | null): number;

  /**
   * Solves A·out = b, or Aᵀ·out = b, by what `lu` made of A (B, n, n); b and out (B, n, k). The number returned is the position
   * of the first pivot that is no row, or -1.
   */
  luSolve(lu: Operand, pivots: Operand, b: Operand, out: Operand, transposed: boolean): number;

  /** Solves A·out = b, or Aᵀ·out = b, reading one triangle of `a` (B, n, n); b and out (B, n, k). A 0 divides. */
  triangularSolve(a: Operand, b: Operand, out: Operand, params: TriangularParams): void;

  /**
   * Q·R = a (B, m, n), Q as a product of reflections H₁⋯H_k, k = min(m, n), with Hᵢ = 1 - τᵢ·vᵢ·vᵢᵀ: out (B, m, n) holds R, and
   * below its diagonal the vᵢ, whose first element, on the diagonal, is a 1 that is not stored. tau (B, k). Diagonal elements
   * of R have the sign opposite to that of what was there, as in LAPACK; τ is 0 where there was nothing to reflect.
   */
  householder(a: Operand, out: Operand, tau: Operand): void;

  /** out (B, m, n) = the first n ≤ m columns of H₁⋯H_k as `householder` stores them in a (B, m, n), tau (B, k), k ≤ n. */
  householderProduct(a: Operand, tau: Operand, out: Operand): void;

  /**
   * U·diag(s)·Vᵀ = a (B, m, n): s (B, k) descending, k = min(m, n), at least 1 where there are vectors. u (B, m, k) and vh
   * (B, k, n), or all of u (B, m, m) and vh (B, n, n); or null both. Names a matrix that is not finite.
   */
  svd(a: Operand, u: Operand | null, s: Operand, vh: Operand | null): number;

  /**
   * V·diag(values)·Vᵀ = a (B, n, n), symmetric: only its lower triangle is read. values (B, n) ascending; vectors (B, n, n), the
   * columns of V, or null. Names a matrix that is not finite.
   */
  eigh(a: Operand, values: Operand, vectors: Operand | null): number;

  /** `kind` of numbers into `out` (contiguous). key: two unsigned 32-bit halves; counter: a whole number below 2⁵³. */
  random(
    kind: RandomKind,
    out: Operand,
    key: readonly [number, number],
    counter: number,
    a: number,
    b: number,
  ): void;

  /**
   * One Adam step, in place, on a parameter and its two moments (Kingma & Ba, 2015), as PyTorch's `Adam` and `AdamW`:
   * g += weightDecay·p, or p -= lr·weightDecay·p when decoupled; m += (1-β₁)(g-m); v = β₂v + (1-β₂)g²;
   * p -= lr/(1-β₁ᵗ) · m / (√v/√(1-β₂ᵗ) + eps). With `most` (AMSGrad), most = max(most, v) takes v's place in the last.
   * All contiguous, one float dtype.
   */
  adam(param: Operand, grad: Operand, m: Operand, v: Operand, most: Operand | null, params: AdamParams): void;

  /** One step by a rule, in place, on a parameter and its states; see {@link DESCENT}. All contiguous, one float dtype. */
  descend(
    rule: DescentRule,
    param: Operand,
    grad: Operand,
    states: readonly (Operand | null)[],
    params: DescentParams,
  ): void;

  /** One SGD step, in place, as PyTorch's `SGD`. `buffer` is null exactly when `momentum` is 0. All contiguous. */
  sgd(param: Operand, grad: Operand, buffer: Operand | null, params: SgdParams): void;

  /** Zeroed memory for what lives long, 64-byte aligned where the backend can and has not given much already. */
  allocate(bytes: number): ArrayBuffer;

  /** How many threads kernels may use in this process. */
  setNumThreads(count: number): void;
  /** Has the calls of this thread use fewer, for good. */
  limitThreads(count: number): void;
  /** How many threads the calls of this thread may use. */
  getNumThreads(): number;
}
