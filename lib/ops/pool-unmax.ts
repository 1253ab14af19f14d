import { noGrad } from '../grad-mode.js';
import { rangeError, shapeError, typeError } from '../errors.js';
import { formatShape, sameShape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { readArgs, type Rest } from './arguments.js';
import { expand, reshape } from './broadcast.js';
import { gather, scatterAdd } from './indexing.js';
import { div, maximum } from './pointwise.js';
import { readPoolWindow, withBatch } from './pool-window.js';
import { scalar, track } from './primitive.js';
import { sizes, type Pair, type Single, type Triple } from './window.js';

/**
 * The windows that maxima came from, and how large the images were.
 * @inline
 */
export interface MaxUnpoolOptions<S> {
  /** Needed when it is not given by position. */
  readonly kernelSize?: S;
  /** Default: the size of the window. */
  readonly stride?: S | null;
  /** Default 0. */
  readonly padding?: S;
  /** The sizes of the images, or the whole shape. Default (size - 1)·stride - 2·padding + kernel. */
  readonly outputSize?: readonly number[] | null;
}

type UnpoolRest<S> = Rest<
  [kernelSize: S, stride: S | null | undefined, padding: S, outputSize: readonly number[] | null],
  MaxUnpoolOptions<S>
>;
const NAMES = ['kernelSize', 'stride', 'padding', 'outputSize'] as const;

/**
 * Maxima back where `maxPool2d` found them, and 0 elsewhere.
 * Shapes: (N, C, H, W) or (C, H, W), and indices of the same shape → (N, C, OH, OW) or (C, OH, OW).
 * Where windows overlap, several elements may have one position: they are copies of one maximum, and the result is that
 * maximum (the mean of elements that are none).
 * Gradient: `g` at the positions.
 * @throws ShapeError when shapes do not fit; RangeError for positions outside, and for sizes that no such window leads to.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool2d.html
 */
export const maxUnpool2d = (input: Tensor, indices: Tensor, ...rest: UnpoolRest<Pair>): Tensor =>
  unpooled('maxUnpool2d', 2, input, indices, rest);

/**
 * {@link maxUnpool2d} for what `maxPool1d` found. Shapes: (N, C, L) or (C, L) → (N, C, OL) or (C, OL).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool1d.html
 */
export const maxUnpool1d = (input: Tensor, indices: Tensor, ...rest: UnpoolRest<Single>): Tensor =>
  unpooled('maxUnpool1d', 1, input, indices, rest);

/**
 * {@link maxUnpool2d} for what `maxPool3d` found. Shapes: (N, C, D, H, W) or (C, D, H, W) → (N, C, OD, OH, OW) or
 * (C, OD, OH, OW).
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.max_unpool3d.html
 */
export const maxUnpool3d = (input: Tensor, indices: Tensor, ...rest: UnpoolRest<Triple>): Tensor =>
  unpooled('maxUnpool3d', 3, input, indices, rest);

function unpooled(
  op: string,
  dims: number,
  input: Tensor,
  indices: Tensor,
  rest: readonly unknown[],
): Tensor {
  const [images, unbatched] = withBatch(op, dims, input);
  checkTensor(op, indices, 'indices');
  if (indices.dtype !== 'int32') typeError(op, `indices: expected int32, got ${indices.dtype}`);
  if (!sameShape(indices.shape, input.shape))
    shapeError(op, `indices: expected ${formatShape(input.shape)}, got ${formatShape(indices.shape)}`);
  const options = readArgs<MaxUnpoolOptions<unknown>>(op, rest, NAMES);
  const image = sizesOf(op, dims, images, options);
  const [n, c] = images.shape;
  const flat = [n, c, images.shape.slice(2).reduce((a, b) => a * b, 1)];
  const [x, index] = [reshape(images, flat), reshape(indices, flat)];
  const area = image.reduce((a, b) => a * b, 1);
  const out = noGrad(() => {
    const zeros = empty([n, c, area], x.dtype, true);
    const counts = scatterAdd(zeros, 2, index, expand(scalar(1, x.dtype), flat));
    return div(scatterAdd(zeros, 2, index, x), maximum(counts, 1));
  });
  const y = track(op, out, [x], [index], (g) => [() => gather(g, 2, index)]);
  return unbatched(reshape(y, [n, c, ...image]));
}

/** The sizes of the images that maxima came from. */
function sizesOf(op: string, dims: number, images: Tensor, options: MaxUnpoolOptions<unknown>): number[] {
  const { kernel, stride, padding } = readPoolWindow(op, dims, options);
  const usual = images.shape.slice(2).map((n, i) => (n - 1) * stride[i] - 2 * padding[i] + kernel[i]);
  const { outputSize = null } = options;
  if (outputSize === null) return usual;
  const isWhole = Array.isArray(outputSize) && outputSize.length > dims && outputSize.length <= dims + 2;
  const wanted = sizes(op, 'output size', isWhole ? outputSize.slice(-dims) : outputSize, dims, 1);
  wanted.forEach((size, i) => {
    if (Math.abs(size - usual[i]) >= stride[i])
      rangeError(
        op,
        `output size: expected ${usual[i] - stride[i] + 1} to ${usual[i] + stride[i] - 1} along dim ${i + 2}, got ${size}`,
      );
  });
  return wanted;
}
