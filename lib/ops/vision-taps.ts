import { noGrad } from '../grad-mode.js';
import { viewOf, type Tensor } from '../tensor.js';
import { abs, add, div, eq, ge, gt, le, lt, maximum, minimum, mul, sub, where } from './pointwise.js';
import { cast } from './primitive.js';

// Which elements along one dimension `gridSample` reads for places that lie anywhere, and by which weights.

/** How {@link gridSample} reads between pixels. */
export type GridMode = 'bilinear' | 'nearest' | 'bicubic';
/** What {@link gridSample} reads beyond the edges: zeros, the pixel at the edge, or the image mirrored. */
export type GridPadding = 'zeros' | 'border' | 'reflection';

/** One neighbour of each place. */
interface Tap {
  /** Which element, int32: always one that is there. */
  readonly position: Tensor;
  /** Null for 1. */
  readonly weight: Tensor | null;
  /** Where it counts. */
  readonly isInside: Tensor;
}

/** Places from -1 to 1 as places among elements. */
export function placesOf(x: Tensor, size: number, alignCorners: boolean): Tensor {
  return alignCorners ? mul(div(add(x, 1), 2), size - 1) : div(sub(mul(add(x, 1), size), 1), 2);
}

export function tapsOf(
  place: Tensor,
  size: number,
  mode: GridMode,
  padding: GridPadding,
  alignCorners: boolean,
): Tap[] {
  const inside = (x: Tensor): Tensor => padded(x, size, padding, alignCorners);
  if (mode === 'bicubic') {
    const first = noGrad(() => floor(place));
    return cubic(sub(place, first)).map((weight, i) => ({
      ...tapAt(
        noGrad(() => inside(add(first, i - 1))),
        size,
      ),
      weight,
    }));
  }
  if (mode === 'nearest')
    return [
      {
        ...tapAt(
          noGrad(() => rounded(inside(place))),
          size,
        ),
        weight: null,
      },
    ];
  const x = inside(place);
  const first = noGrad(() => floor(x));
  const t = sub(x, first);
  return [
    { ...tapAt(first, size), weight: sub(1, t) },
    {
      ...tapAt(
        noGrad(() => add(first, 1)),
        size,
      ),
      weight: t,
    },
  ];
}

function tapAt(x: Tensor, size: number): Pick<Tap, 'position' | 'isInside'> {
  return noGrad(() => {
    const isInside = mul(ge(x, 0), le(x, size - 1));
    return { isInside, position: cast(where(isInside, x, 0), 'int32') };
  });
}

/** Keys' cubic convolution: the weights of four neighbours, the place being `t` after the second. */
function cubic(t: Tensor): Tensor[] {
  const a = -0.75;
  const near = (x: Tensor): Tensor => add(mul(mul(sub(mul(x, a + 2), a + 3), x), x), 1);
  const far = (x: Tensor): Tensor => sub(mul(add(mul(sub(mul(x, a), 5 * a), x), 8 * a), x), 4 * a);
  const rest = sub(1, t);
  return [far(add(t, 1)), near(t), near(rest), far(add(rest, 1))];
}

/** Places as they are read: those outside at the border, or reflected into the image. */
function padded(x: Tensor, size: number, padding: GridPadding, alignCorners: boolean): Tensor {
  if (padding === 'zeros') return x;
  const back =
    padding === 'border' ? x : alignCorners ? reflected(x, 0, size - 1) : reflected(x, -0.5, size - 0.5);
  return clipped(back, size - 1);
}

/** `x` between 0 and `most`. Gradient: 0 at both ends and beyond, as PyTorch's. */
function clipped(x: Tensor, most: number): Tensor {
  const [isBetween, end] = noGrad(() => [mul(gt(x, 0), lt(x, most)), mul(cast(ge(x, most), x.dtype), most)]);
  return where(isBetween, x, end);
}

/** `x` reflected at `low` and `high` until it lies between. Gradient: `g`, or `-g` where it was turned round. */
function reflected(x: Tensor, low: number, high: number): Tensor {
  const span = high - low;
  if (span === 0) return mul(x, 0);
  const [value, sign] = noGrad(() => {
    const beyond = sub(x, low);
    const distance = abs(beyond);
    const turns = floor(div(distance, span));
    const rest = sub(distance, mul(turns, span));
    const isEven = eq(sub(turns, mul(floor(div(turns, 2)), 2)), 0);
    const same = where(isEven, 1, -1);
    return [
      where(isEven, add(rest, low), sub(high, rest)),
      mul(cast(same, x.dtype), where(lt(beyond, 0), -1, 1)),
    ];
  });
  // The value is exact, and what is added to it is 0: it carries the gradient.
  return add(value, mul(sub(x, viewOf(x, x.shape, x.strides)), sign));
}

/** The nearest whole number, of two the even one. */
function rounded(x: Tensor): Tensor {
  const up = floor(add(x, 0.5));
  const isTie = mul(eq(sub(up, x), 0.5), gt(sub(up, mul(floor(div(up, 2)), 2)), 0.5));
  return sub(up, cast(isTie, x.dtype));
}

/** The largest whole number below or at `x`, of those that fit an int32. NaN gives the smallest. */
function floor(x: Tensor): Tensor {
  const most = 2 ** 30;
  const known = where(eq(x, x), maximum(minimum(x, most), -most), -most);
  const cut = cast(cast(known, 'int32'), x.dtype);
  return sub(cut, cast(gt(cut, known), x.dtype));
}
