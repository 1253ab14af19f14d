import { dtypeCode } from '../dtype.js';
import { rangeError } from '../errors.js';
import { MAX_DIMS, formatShape, type Shape } from '../shape.js';
import type { AttentionParams, Conv2dParams, Operand, Window2d } from './contract.js';

// How the arguments of a native call are packed: as numbers in one block of memory that the addon reads in the same
// order. The order is stated at each entry in native/*.cc.

/** The block of this environment. The addon owns its memory. */
export let block: Float64Array = new Float64Array(0);

/** Packs into the addon's block from here on. */
export function useBlock(ofAddon: Float64Array): void {
  block = ofAddon;
}

// Each of these writes to the block from `at` on and returns where it stopped.

export function packShape(at: number, shape: Shape): number {
  const ndim = shape.length;
  if (ndim > MAX_DIMS)
    rangeError('native', `at most ${MAX_DIMS} dimensions, got shape ${formatShape(shape)}`);
  block[at++] = ndim;
  for (let i = 0; i < ndim; i++) block[at++] = shape[i];
  return at;
}

/** Offset and strides of `x`, walked as if it had `ndim` dimensions: it stands still where it is repeated. */
export function packStrides(at: number, x: Operand, ndim: number): number {
  const { shape, strides } = x;
  block[at++] = x.storage.start + x.offset;
  for (let i = shape.length; i < ndim; i++) block[at++] = 0;
  for (let i = 0; i < shape.length; i++) block[at++] = shape[i] === 1 ? 0 : strides[i];
  return at;
}

export function packOperand(at: number, x: Operand, ndim: number): number {
  block[at] = dtypeCode(x.dtype);
  return packStrides(at + 1, x, ndim);
}

/** Where a kernel knows the strides. */
export function packContiguous(at: number, x: Operand): number {
  block[at] = dtypeCode(x.dtype);
  block[at + 1] = x.storage.start + x.offset;
  return at + 2;
}

/** Whether there is an operand, and it. */
export function packOptional(at: number, x: Operand | null): number {
  block[at] = x === null ? 0 : 1;
  return x === null ? at + 1 : packContiguous(at + 1, x);
}

/** Whether walking `x` along with `out` is a matter of one dimension: neighbours, or one and the same element. */
const isFlat = (x: Operand, out: Operand): boolean => (x.isContiguous && x.size === out.size) || x.size === 1;

function packFlat(at: number, x: Operand): number {
  block[at] = dtypeCode(x.dtype);
  block[at + 1] = x.storage.start + x.offset;
  block[at + 2] = x.size === 1 ? 0 : 1;
  return at + 3;
}

/** Shape and operands of a pointwise kernel with up to three inputs. */
export function packPointwise(
  at: number,
  out: Operand,
  a: Operand,
  b: Operand | null,
  c: Operand | null,
): number {
  if (
    out.isContiguous &&
    isFlat(a, out) &&
    (b === null || isFlat(b, out)) &&
    (c === null || isFlat(c, out))
  ) {
    block[at] = 1;
    block[at + 1] = out.size;
    at = packFlat(at + 2, a);
    if (b !== null) at = packFlat(at, b);
    if (c !== null) at = packFlat(at, c);
    return packFlat(at, out);
  }
  const ndim = out.shape.length;
  at = packShape(at, out.shape);
  at = packOperand(at, a, ndim);
  if (b !== null) at = packOperand(at, b, ndim);
  if (c !== null) at = packOperand(at, c, ndim);
  return packOperand(at, out, ndim);
}

function packPair(at: number, pair: readonly [number, number]): number {
  block[at] = pair[0];
  block[at + 1] = pair[1];
  return at + 2;
}

/** Sizes of images and of what a window makes of them. */
/** How many numbers {@link packWindow} packs. */
export const WINDOW_LENGTH = 12;

function packWindow(
  at: number,
  height: number,
  width: number,
  outHeight: number,
  outWidth: number,
  w: Window2d,
): number {
  block[at] = height;
  block[at + 1] = width;
  block[at + 2] = outHeight;
  block[at + 3] = outWidth;
  at = packPair(at + 4, w.kernel);
  at = packPair(at, w.stride);
  at = packPair(at, w.padding);
  return packPair(at, w.dilation);
}

/** How often the window stops along dimension `i` of images of this size. */
const stops = (size: number, w: Window2d, i: 0 | 1): number =>
  Math.max(
    0,
    Math.floor((size + 2 * w.padding[i] - w.dilation[i] * (w.kernel[i] - 1) - 1) / w.stride[i]) + 1,
  );

export function packImages(images: Operand, w: Window2d): number {
  const [n, channels, height, width] = images.shape;
  block[0] = n;
  block[1] = channels;
  return packWindow(2, height, width, stops(height, w, 0), stops(width, w, 1), w);
}

export function packConv(x: Operand, out: Operand, params: Conv2dParams): number {
  block[0] = x.shape[0];
  block[1] = x.shape[1];
  block[2] = out.shape[1];
  block[3] = params.groups;
  return packWindow(4, x.shape[2], x.shape[3], out.shape[2], out.shape[3], params);
}

/** What lies in images, what lies at the stops of a window, and the index of those. */
export function packPool(images: Operand, stops: Operand, index: Operand, window: Window2d): number {
  const [n, channels, height, width] = images.shape;
  block[0] = n;
  block[1] = channels;
  const at = packWindow(2, height, width, stops.shape[2], stops.shape[3], window);
  return packOperand(packOperand(packOperand(at, images, 4), stops, 4), index, 4);
}

/** What an attention and its gradients begin with. */
export function packAttention(
  q: Operand,
  k: Operand,
  v: Operand,
  mask: Operand | null,
  out: Operand,
  logSum: Operand,
  { scale, causal }: AttentionParams,
): number {
  block[0] = q.shape[0];
  block[1] = q.shape[1];
  block[2] = q.shape[2];
  block[3] = k.shape[2];
  block[4] = q.shape[3];
  block[5] = v.shape[3];
  block[6] = scale;
  block[7] = causal ? 1 : 0;
  block[8] = mask === null ? 0 : 1;
  block[9] = dtypeCode(q.dtype);
  const at = packStrides(packStrides(packStrides(packStrides(10, q, 4), k, 4), v, 4), out, 4);
  return packContiguous(at, logSum);
}

/** Rows of logits, and the target that counts for nothing. */
export function packRows(x: Operand, ignoreIndex: number): number {
  // What is not an int32 no target can be equal to.
  const ignores = (ignoreIndex | 0) === ignoreIndex;
  block[0] = x.shape[0];
  block[1] = x.shape[1];
  block[2] = ignores ? 1 : 0;
  block[3] = ignores ? ignoreIndex : 0;
  return 4;
}

export function packIndexed(start: number, shape: Shape, dim: number, size: number): number {
  const at = packShape(start, shape);
  block[at] = dim;
  block[at + 1] = size;
  return at + 2;
}

/** A 1-D index for slices along `dim`: the same for all elements of a slice. */
export function packSliceIndex(at: number, index: Operand, dim: number, ndim: number): number {
  block[at] = dtypeCode(index.dtype);
  block[at + 1] = index.storage.start + index.offset;
  for (let i = 0; i < ndim; i++) block[at + 2 + i] = i === dim ? index.strides[0] : 0;
  return at + 2 + ndim;
}
