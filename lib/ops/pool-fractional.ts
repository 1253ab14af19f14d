import { checkBoolean, describe, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape, sameShape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { readArgs, type Rest, type RestNamed } from './arguments.js';
import { reshape } from './broadcast.js';
import { rand, tensor } from './create.js';
import { gather } from './indexing.js';
import { add, mul } from './pointwise.js';
import { withBatch } from './pool-window.js';
import { arange } from './ranges.js';
import { max, type ValuesAndIndices } from './reduce.js';
import { sizes, type Pair } from './window.js';

/** What {@link fractionalMaxPool2d} takes by name. */
export interface FractionalMaxPool2dOptions {
  /** Needed when it is not given by position. */
  readonly kernelSize?: Pair;
  /** How many windows there are in each direction. */
  readonly outputSize?: Pair | null;
  /** The same as a share of the image, between 0 and 1, where `outputSize` is not given. */
  readonly outputRatio?: number | readonly [number, number] | null;
  /** Whether the positions of the maxima are returned, too. Default false. */
  readonly returnIndices?: boolean;
  /** Where windows lie: numbers from 0 to 1, (N, C, 2), horizontal first. Default random ones. */
  readonly _randomSamples?: Tensor | null;
}

type Positions = [
  kernelSize: Pair,
  outputSize: Pair | null | undefined,
  outputRatio: number | readonly [number, number] | null | undefined,
];
/** @inline */
type Samples = Pick<FractionalMaxPool2dOptions, '_randomSamples'>;
/** @inline */
type WithIndices =
  | [...Positions, true]
  | [...Positions, true, Samples]
  | RestNamed<Positions, FractionalMaxPool2dOptions & { readonly returnIndices: true }>;
type WithoutIndices = Rest<
  [...Positions, false],
  FractionalMaxPool2dOptions & { readonly returnIndices?: false }
>;
const NAMES = ['kernelSize', 'outputSize', 'outputRatio', 'returnIndices', '_randomSamples'] as const;

/**
 * Maxima over windows of one size that are spread over each channel at random, so that there are `outputSize` of them: the
 * i-th of n begins at ⌊(i + u)·a⌋ - ⌊u·a⌋ with a = (size - kernel) / (n - 1), the last at the end.
 * Shapes: (N, C, H, W) or (C, H, W) → (N, C, OH, OW) or (C, OH, OW).
 * Gradient: `g` where the maximum was, the first of several; windows that share it add up.
 * @returns the maxima, and with `returnIndices` their positions `y·W + x` in the image, as int32
 * @throws ShapeError when windows are too many or too large for the image.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.fractional_max_pool2d.html
 */
export function fractionalMaxPool2d(input: Tensor, ...rest: WithIndices): ValuesAndIndices;
export function fractionalMaxPool2d(input: Tensor, ...rest: WithoutIndices): Tensor;
export function fractionalMaxPool2d(input: Tensor, ...rest: unknown[]): Tensor | ValuesAndIndices {
  const op = 'fractionalMaxPool2d';
  const [images, unbatched] = withBatch(op, 2, input);
  const options = readArgs<FractionalMaxPool2dOptions>(op, rest, NAMES);
  const { returnIndices = false } = options;
  checkBoolean(op, 'returnIndices', returnIndices);
  const [n, c, h, w] = images.shape;
  const kernel = sizes(op, 'kernel size', options.kernelSize, 2, 1);
  const counts = countsOf(op, [h, w], options);
  counts.forEach((count, i) => {
    if (count + kernel[i] - 1 > images.shape[2 + i])
      shapeError(
        op,
        `${count} windows of ${kernel[i]} do not fit into ${images.shape[2 + i]} along dim ${i + 2}`,
      );
  });
  const samples = options._randomSamples ?? rand([n, c, 2], { dtype: images.dtype as 'float32' });
  checkTensor(op, samples, '_randomSamples');
  if (!sameShape(samples.shape, [n, c, 2]))
    shapeError(op, `_randomSamples: expected ${formatShape([n, c, 2])}, got ${formatShape(samples.shape)}`);
  const drawn = samples.toArray();
  const round = images.dtype === 'float32' ? Math.fround : (value: number): number => value;
  const starts = [h, w].map((size, i) => {
    const list: number[] = [];
    for (let plane = 0; plane < n * c; plane++)
      list.push(...startsOf(size, counts[i], kernel[i], drawn[2 * plane + 1 - i], round));
    return tensor(list, { dtype: 'int32' });
  });

  // (planes, OH, OW, KH, KW)
  const [oh, ow] = counts;
  const [kh, kw] = kernel;
  const y = add(reshape(starts[0], [n * c, oh, 1, 1, 1]), reshape(arange(kh), [1, 1, 1, kh, 1]));
  const x = add(reshape(starts[1], [n * c, 1, ow, 1, 1]), reshape(arange(kw), [1, 1, 1, 1, kw]));
  const places = reshape(add(mul(y, w), x), [n * c, oh * ow * kh * kw]);
  const seen = gather(reshape(images, [n * c, h * w]), 1, places);
  const found = max(reshape(seen, [n * c, oh * ow, kh * kw]), 2);
  const values = unbatched(reshape(found.values, [n, c, oh, ow]));
  if (!returnIndices) return values;
  const taps = reshape(found.indices, [n * c, oh * ow, 1]);
  const indices = gather(reshape(places, [n * c, oh * ow, kh * kw]), 2, taps);
  return { values, indices: unbatched(reshape(indices, [n, c, oh, ow])) };
}

/** Where the windows of one channel begin. */
function startsOf(
  size: number,
  count: number,
  kernel: number,
  sample: number,
  round: (value: number) => number,
): number[] {
  const step = count > 1 ? round((size - kernel) / (count - 1)) : 0;
  const first = Math.floor(round(sample * step));
  return Array.from({ length: count }, (_, i) =>
    i === count - 1 ? size - kernel : Math.floor(round(round(i + sample) * step)) - first,
  );
}

/** How many windows there are in each direction. */
function countsOf(op: string, image: readonly number[], options: FractionalMaxPool2dOptions): number[] {
  const { outputSize = null, outputRatio = null } = options;
  if (outputSize !== null) return sizes(op, 'output size', outputSize, 2, 1);
  if (outputRatio === null) typeError(op, 'expected outputSize or outputRatio, got neither');
  const ratios: unknown[] = Array.isArray(outputRatio) ? outputRatio : [outputRatio, outputRatio];
  return image.map((size, i) => {
    const ratio = ratios[i];
    if (typeof ratio !== 'number' || ratios.length !== 2)
      typeError(op, `outputRatio: expected a number or two, got ${describe(outputRatio)}`);
    if (!(ratio > 0 && ratio < 1))
      rangeError(op, `outputRatio: expected numbers between 0 and 1, got ${ratio}`);
    return Math.floor(size * ratio);
  });
}
