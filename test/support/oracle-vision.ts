import { adaptiveAvgPool, byName } from './oracle-images.js';
import { at, build, indices, permuted, reshaped, type Nd } from './oracle.js';

// Resizing and sampling, element by element: what lies at a place is the sum of all elements by what is left of them there.

interface Resize {
  readonly size?: number | readonly number[] | null;
  readonly scaleFactor?: number | readonly number[] | null;
  readonly mode?: string;
  readonly alignCorners?: boolean | null;
  readonly recomputeScaleFactor?: boolean | null;
}

const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);
/** Keys' kernel, and the hat. */
const cubic = (value: number): number => {
  const [x, a] = [Math.abs(value), -0.75];
  if (x <= 1) return (a + 2) * x ** 3 - (a + 3) * x ** 2 + 1;
  return x < 2 ? a * x ** 3 - 5 * a * x ** 2 + 8 * a * x - 4 * a : 0;
};
const hat = (x: number): number => Math.max(0, 1 - Math.abs(x));

/** How much of element `i` of `size` is in element `o` of `count`. */
function share(
  i: number,
  o: number,
  size: number,
  count: number,
  factor: number | null,
  how: Resize,
): number {
  const step = factor === null ? size / count : 1 / factor;
  if (how.mode === 'nearest' || how.mode === undefined)
    return Number(i === clamp(Math.floor(o * step), 0, size - 1));
  if (how.mode === 'nearest-exact') return Number(i === clamp(Math.floor((o + 0.5) * step), 0, size - 1));
  const place = how.alignCorners ? (o * (size - 1)) / Math.max(1, count - 1) : (o + 0.5) * step - 0.5;
  if (how.mode !== 'bicubic') return size === count ? Number(i === o) : hat(clamp(place, 0, size - 1) - i);
  const first = Math.floor(place);
  return [-1, 0, 1, 2]
    .filter((k) => clamp(first + k, 0, size - 1) === i)
    .reduce((sum, k) => sum + cubic(place - first - k), 0);
}

export const interpolate = (x: Nd, ...rest: unknown[]): Nd => {
  const names = ['size', 'scaleFactor', 'mode', 'alignCorners', 'recomputeScaleFactor'];
  const how = byName(names, rest) as Resize;
  const image = x.shape.slice(2);
  const all = (value: Resize['size']): (number | null)[] =>
    image.map((_, i) => (typeof value === 'object' ? (value?.[i] ?? null) : (value ?? null)));
  const [sizes, factors] = [all(how.size), all(how.scaleFactor)];
  const counts = image.map((n, i) => sizes[i] ?? Math.floor(n * factors[i]!));
  if (how.mode === 'area') return adaptiveAvgPool(image.length)(x, counts);
  return build([...x.shape.slice(0, 2), ...counts], ([n, c, ...o]) =>
    [...indices(image)].reduce((sum, place) => {
      const shares = place.map((p, i) =>
        share(p, o[i], image[i], counts[i], how.recomputeScaleFactor ? null : factors[i], how),
      );
      return sum + at(x, [n, c, ...place]) * shares.reduce((a, b) => a * b);
    }, 0),
  );
};

/** `place` after it was reflected at both ends as often as it takes. */
function reflect(place: number, low: number, high: number): number {
  let x = place;
  while (low < high && (x < low || x > high)) x = x < low ? 2 * low - x : 2 * high - x;
  return low < high ? x : 0;
}

export const gridSample = (x: Nd, grid: Nd, ...rest: unknown[]): Nd => {
  const {
    mode = 'bilinear',
    paddingMode = 'zeros',
    alignCorners = false,
  } = byName(['mode', 'paddingMode', 'alignCorners'], rest) as {
    mode?: string;
    paddingMode?: string;
    alignCorners?: boolean;
  };
  const image = x.shape.slice(2);
  const padded = (place: number, size: number): number => {
    const [low, high] = alignCorners ? [0, size - 1] : [-0.5, size - 0.5];
    const back = paddingMode === 'reflection' ? reflect(place, low, high) : place;
    return paddingMode === 'zeros' ? place : clamp(back, 0, size - 1);
  };
  /** The elements along a dimension that are read, by number and weight. */
  const taps = (value: number, size: number): [number, number][] => {
    const place = alignCorners ? ((value + 1) / 2) * (size - 1) : ((value + 1) * size - 1) / 2;
    if (mode === 'bicubic') {
      const first = Math.floor(place);
      return [-1, 0, 1, 2].map((k) => [padded(first + k, size), cubic(place - first - k)]);
    }
    const p = padded(place, size);
    const near = Math.floor(p);
    if (mode === 'nearest') return [[p - near === 0.5 ? near + (near % 2) : Math.round(p), 1]];
    return [near, near + 1].map((i) => [i, hat(p - i)]);
  };
  const counts = grid.shape.slice(1, -1);
  return build([...x.shape.slice(0, 2), ...counts], ([n, c, ...o]) => {
    const along = image.map((size, i) => taps(at(grid, [n, ...o, image.length - 1 - i]), size));
    return [...indices(along.map((list) => list.length))].reduce((sum, which) => {
      const chosen = which.map((k, i) => along[i][k]);
      const isInside = chosen.every(([p], i) => p >= 0 && p < image[i]);
      const weight = chosen.reduce((w, [, part]) => w * part, 1);
      return isInside ? sum + weight * at(x, [n, c, ...chosen.map(([p]) => p)]) : sum;
    }, 0);
  });
};

export const affineGrid = (theta: Nd, ...rest: unknown[]): Nd => {
  const { size, alignCorners } = byName(['size', 'alignCorners'], rest) as {
    size: readonly number[];
    alignCorners?: boolean;
  };
  const image = size.slice(2);
  return build([size[0], ...image, image.length], (index) => {
    const [n, axis] = [index[0], index.at(-1) as number];
    const place = index.slice(1, -1).map((i, dim) => {
      const length = image[dim];
      if (length === 1) return 0;
      return alignCorners ? (2 * i) / (length - 1) - 1 : (2 * i + 1) / length - 1;
    });
    return [...place.reverse(), 1].reduce((sum, p, k) => sum + at(theta, [n, axis, k]) * p, 0);
  });
};

export const pixelShuffle = (x: Nd, r: number): Nd => {
  const [c, h, w] = x.shape.slice(-3);
  return build([...x.shape.slice(0, -3), c / r ** 2, h * r, w * r], (index) => {
    const [channel, row, column] = index.slice(-3);
    const from = channel * r ** 2 + (row % r) * r + (column % r);
    return at(x, [...index.slice(0, -3), from, Math.floor(row / r), Math.floor(column / r)]);
  });
};

export const pixelUnshuffle = (x: Nd, r: number): Nd => {
  const [c, h, w] = x.shape.slice(-3);
  return build([...x.shape.slice(0, -3), c * r ** 2, h / r, w / r], (index) => {
    const [channel, row, column] = index.slice(-3);
    const [i, j] = [Math.floor(channel / r) % r, channel % r];
    return at(x, [...index.slice(0, -3), Math.floor(channel / r ** 2), row * r + i, column * r + j]);
  });
};

export const channelShuffle = (x: Nd, groups: number): Nd => {
  const [n, c, ...image] = x.shape;
  const order = [0, 2, 1, ...image.map((_, i) => i + 3)];
  return reshaped(permuted(reshaped(x, [n, groups, c / groups, ...image]), order), x.shape);
};
