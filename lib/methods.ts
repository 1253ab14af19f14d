import { backward, type BackwardArgs } from './autograd.js';
import { checkDType, type DType } from './dtype.js';
import { shapeError } from './errors.js';
import { registerHook, registerPostAccumulateGradHook, type RemovableHandle } from './hooks.js';
import * as ops from './ops/index.js';
import { readSizes, type Sizes } from './ops/arguments.js';
import { cast, type Keepdim, type TensorLike } from './ops/primitive.js';
import type { MedianRest } from './ops/sort.js';
import type { FoundBoth, FoundNone, FoundOne, UniqueConsecutiveRest, UniqueRest } from './ops/unique.js';
import { formatShape } from './shape.js';
import { Tensor, viewOf, type GradientHook } from './tensor.js';

// Every op that takes a tensor first is a method too: `x.add(y)` is `add(x, y)`, and is documented there. These are not:
// they make tensors, take several, start with something else, or read better as functions, as losses do.
const FUNCTIONS = [
  ...(['arange', 'eye', 'fromArray', 'full', 'linspace', 'ones', 'rand', 'randint', 'randn'] as const),
  ...([
    'tensor',
    'zeros',
    'zerosLike',
    'onesLike',
    'fullLike',
    'randLike',
    'randnLike',
    'logspace',
    'cat',
    'concat',
    'concatenate',
    'stack',
    'where',
    'unbroadcast',
    'detectAnomaly',
  ] as const),
  ...(['linear', 'embedding', 'scaledDotProductAttention'] as const),
  ...(['logSigmoid', 'softplus', 'softsign', 'relu6', 'leakyRelu', 'elu', 'celu', 'selu', 'mish'] as const),
  ...(['hardtanh', 'hardsigmoid', 'hardswish', 'softshrink', 'tanhshrink', 'threshold', 'rrelu'] as const),
  ...(['glu', 'softmin', 'gumbelSoftmax'] as const),
  ...(['crossEntropy', 'nllLoss', 'mseLoss', 'l1Loss', 'smoothL1Loss', 'huberLoss'] as const),
  ...(['poissonNllLoss', 'gaussianNllLoss', 'binaryCrossEntropy', 'binaryCrossEntropyWithLogits'] as const),
  ...(['klDiv', 'softMarginLoss', 'hingeEmbeddingLoss', 'marginRankingLoss', 'multiMarginLoss'] as const),
  ...(['multilabelMarginLoss', 'multilabelSoftMarginLoss', 'cosineEmbeddingLoss'] as const),
  ...(['tripletMarginLoss', 'tripletMarginWithDistanceLoss', 'cosineSimilarity'] as const),
  ...(['einsum', 'chainMatmul', 'tensordot', 'cdist', 'pdist'] as const),
  ...(['conv1d', 'conv3d', 'convTranspose1d', 'convTranspose2d', 'convTranspose3d'] as const),
  ...(['pairwiseDistance', 'normalize', 'bilinear', 'localResponseNorm', 'rmsNorm', 'groupNorm'] as const),
  ...(['instanceNorm', 'dropout1d', 'dropout2d', 'dropout3d'] as const),
  ...(['maxPool1d', 'maxPool3d', 'avgPool1d', 'avgPool2d', 'avgPool3d', 'lpPool1d', 'lpPool2d'] as const),
  ...(['adaptiveAvgPool1d', 'adaptiveAvgPool2d', 'adaptiveAvgPool3d'] as const),
  ...(['adaptiveMaxPool1d', 'adaptiveMaxPool2d', 'adaptiveMaxPool3d'] as const),
  ...(['alphaDropout', 'featureAlphaDropout', 'ctcLoss', 'embeddingBag'] as const),
  ...(['hstack', 'vstack', 'rowStack', 'dstack', 'columnStack', 'blockDiag', 'constantPadNd'] as const),
  ...(['atleast1d', 'atleast2d', 'atleast3d', 'broadcastTensors', 'meshgrid', 'cartesianProd'] as const),
  ...(['combinations', 'vander', 'trilIndices', 'triuIndices', 'gradient'] as const),
  ...(['interpolate', 'upsample', 'upsampleBilinear', 'upsampleNearest'] as const),
  ...(['pixelShuffle', 'pixelUnshuffle', 'channelShuffle', 'gridSample', 'affineGrid'] as const),
  ...(['maxUnpool1d', 'maxUnpool2d', 'maxUnpool3d'] as const),
] satisfies (keyof Ops)[];

type Ops = typeof ops;
/** Methods with a signature of their own. */
type Own = Overloaded | 'reshape' | 'permute' | 'expand';
/** Ops whose results differ with their arguments. */
type Overloaded = 'max' | 'min' | 'median' | 'nanmedian' | 'nonzero' | 'unique' | 'uniqueConsecutive';
type Method<F> = F extends (x: Tensor, ...rest: infer R) => infer T ? (...rest: R) => T : never;
type Name = Exclude<keyof Ops, (typeof FUNCTIONS)[number] | Own>;
type OpMethods = { [K in Name as Ops[K] extends (...args: never[]) => unknown ? K : never]: Method<Ops[K]> };

declare module './tensor.js' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- the members come from the ops
  interface Tensor extends OpMethods {}
  interface Tensor {
    max(): Tensor;
    max(dim: number, keepdim?: Keepdim): ops.ValuesAndIndices;
    max(dim: readonly number[] | null, keepdim?: Keepdim): Tensor;
    min(): Tensor;
    min(dim: number, keepdim?: Keepdim): ops.ValuesAndIndices;
    min(dim: readonly number[] | null, keepdim?: Keepdim): Tensor;
    median(): Tensor;
    median(...rest: MedianRest): ops.ValuesAndIndices;
    nanmedian(): Tensor;
    nanmedian(...rest: MedianRest): ops.ValuesAndIndices;
    nonzero(options?: { readonly asTuple?: false }): Tensor;
    nonzero(options: { readonly asTuple: true }): Tensor[];
    unique(options?: ops.UniqueOptions & FoundNone): Tensor;
    unique(options: ops.UniqueOptions & FoundOne): [Tensor, Tensor];
    unique(options: ops.UniqueOptions & FoundBoth): [Tensor, Tensor, Tensor];
    unique(...rest: UniqueRest): Tensor | Tensor[];
    uniqueConsecutive(options?: ops.UniqueConsecutiveOptions & FoundNone): Tensor;
    uniqueConsecutive(options: ops.UniqueConsecutiveOptions & FoundOne): [Tensor, Tensor];
    uniqueConsecutive(options: ops.UniqueConsecutiveOptions & FoundBoth): [Tensor, Tensor, Tensor];
    uniqueConsecutive(...rest: UniqueConsecutiveRest): Tensor | Tensor[];
    /** `reshape(x, shape)`; sizes as one array or one by one. */
    reshape(...shape: Sizes<'shape'>): Tensor;
    /** `permute(x, dims)`; dims as one array or one by one. */
    permute(...dims: Sizes<'dims'>): Tensor;
    /** `expand(x, shape)`; sizes as one array or one by one. */
    expand(...size: Sizes<'size'>): Tensor;
    /** `where(condition, this, other)`: this tensor where `condition` holds, else `other`. */
    where(condition: Tensor, other: TensorLike): Tensor;
    /** This tensor with another dtype; itself when it has it. Gradient: `g` in this tensor's dtype. */
    to(dtype: DType): Tensor;
    /** `to('float32')`. */
    float(): Tensor;
    /** `to('float64')`. */
    double(): Tensor;
    /** `to('int32')`. */
    int(): Tensor;
    /** `to('uint8')`. */
    byte(): Tensor;
    /** `to('bool')`. */
    bool(): Tensor;
    /** The dimensions in reverse order; for a matrix, its transpose. */
    readonly T: Tensor;
    /** The last two dimensions swapped. */
    readonly mT: Tensor;
    /** A matrix transposed. */
    readonly H: Tensor;
    /** The last two dimensions swapped: numbers here are real. */
    readonly mH: Tensor;
    /** The same memory, outside the graph. */
    detach(): Tensor;
    /** Sets whether gradients are computed for this leaf, and returns it. */
    requiresGrad_(value?: boolean): this;
    /** Has `backward` fill `grad` of this tensor, though it is not a leaf. */
    retainGrad(): this;
    /**
     * Calls `hook` with the gradient of this tensor whenever `backward` or `grad` has computed all of it; what the hook
     * returns, if anything, takes its place. Hooks of one tensor run in the order in which they came.
     * @returns a handle, whose `remove()` ends it
     * @throws TypeError when this tensor does not require grad, or from `backward` when the hook returns no gradient for it.
     * @see https://pytorch.org/docs/stable/generated/torch.Tensor.register_hook.html
     */
    registerHook(hook: GradientHook): RemovableHandle;
    /**
     * Calls `hook` with this leaf after `backward` has added to its `grad`.
     * @see https://pytorch.org/docs/stable/generated/torch.Tensor.register_post_accumulate_grad_hook.html
     */
    registerPostAccumulateGradHook(hook: (tensor: Tensor) => void): RemovableHandle;
    /** Whether the memory of this tensor was made in `inferenceMode`. */
    isInference(): boolean;
    /** Computes the gradients of the leaves behind this tensor: `backward(this, ...args)`. */
    backward(...args: BackwardArgs<Tensor | null | undefined>): void;
  }
}

const methods: Record<string, (this: Tensor, ...rest: never[]) => unknown> = {
  reshape(...shape: Sizes<'shape'>) {
    return ops.reshape(this, readSizes('reshape', shape, 'shape'));
  },
  permute(...dims: Sizes<'dims'>) {
    return ops.permute(this, readSizes('permute', dims, 'dims'));
  },
  expand(...size: Sizes<'size'>) {
    return ops.expand(this, readSizes('expand', size, 'size'));
  },
  where(condition: Tensor, other: TensorLike) {
    return ops.where(condition, this, other);
  },
  to(dtype: DType) {
    checkDType('to', dtype);
    return cast(this, dtype);
  },
  float() {
    return cast(this, 'float32');
  },
  double() {
    return cast(this, 'float64');
  },
  int() {
    return cast(this, 'int32');
  },
  byte() {
    return cast(this, 'uint8');
  },
  bool() {
    return cast(this, 'bool');
  },
  detach() {
    return viewOf(this, this.shape, this.strides);
  },
  requiresGrad_(value = true) {
    this.requiresGrad = value;
    return this;
  },
  retainGrad() {
    if (!this.requiresGrad) throw new Error('[retainGrad] this tensor does not require grad');
    this.retainsGrad = true;
    return this;
  },
  registerHook(hook: GradientHook) {
    return registerHook(this, hook);
  },
  registerPostAccumulateGradHook(hook: (tensor: Tensor) => void) {
    return registerPostAccumulateGradHook(this, hook);
  },
  isInference() {
    return this.storage.inference;
  },
  backward(...args: unknown[]) {
    backward(this, ...(args as BackwardArgs));
  },
};

for (const [name, op] of Object.entries(ops)) {
  if (name in methods || typeof op !== 'function' || (FUNCTIONS as string[]).includes(name)) continue;
  methods[name] = function (...rest: unknown[]) {
    return (op as (x: Tensor, ...rest: unknown[]) => unknown)(this, ...rest);
  };
}
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
const properties: Record<string, (x: Tensor) => Tensor> = {
  T: (x) => ops.permute(x, x.shape.map((_, dim) => dim).reverse()),
  H: (x) => {
    if (x.ndim !== 2 && x.ndim !== 0) shapeError('H', `expected a matrix, got shape ${formatShape(x.shape)}`);
    return ops.t(x);
  },
  mT: ops.adjoint,
  mH: ops.adjoint,
};
for (const [name, read] of Object.entries(properties))
  Object.defineProperty(Tensor.prototype, name, {
    get(this: Tensor) {
      return read(this);
    },
    configurable: true,
  });
