/**
 * Arrays for oracles: what an op should give, written down so plainly that it is easy to believe. Nothing here comes
 * from the library.
 */
export interface Nd {
  readonly shape: readonly number[];
  /** In row-major order. */
  readonly data: readonly number[];
}

export const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Every index of a shape, in row-major order. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  const size = product(shape);
  for (let n = 0; n < size; n++) {
    const index = new Array<number>(shape.length);
    let rest = n;
    for (let dim = shape.length - 1; dim >= 0; dim--) {
      index[dim] = rest % shape[dim];
      rest = Math.floor(rest / shape[dim]);
    }
    yield index;
  }
}

/** An array whose element at an index is `f` of that index. */
export function build(shape: readonly number[], f: (index: number[]) => number): Nd {
  return { shape, data: Array.from(indices(shape), f) };
}

/** The element at an index, aligned at the right; sizes of 1 are repeated. */
export function at(x: Nd, index: readonly number[]): number {
  const lead = index.length - x.shape.length;
  let n = 0;
  for (let dim = 0; dim < x.shape.length; dim++)
    n = n * x.shape[dim] + (x.shape[dim] === 1 ? 0 : index[lead + dim]);
  return x.data[n];
}

/** The shape that arrays broadcast to. */
export function broadcast(...shapes: (readonly number[])[]): number[] {
  const ndim = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: ndim }, (_, i) => {
    const sizes = shapes.map((shape) => shape[i - (ndim - shape.length)] ?? 1);
    return sizes.find((size) => size !== 1) ?? 1;
  });
}

/** An oracle's argument that may be a plain number. */
export const toNd = (x: Nd | number): Nd => (typeof x === 'number' ? { shape: [], data: [x] } : x);

/** A function of numbers, at every element of broadcast arrays. */
export const zip =
  (f: (...xs: number[]) => number) =>
  (...args: (Nd | number)[]): Nd => {
    const xs = args.map(toNd);
    return build(broadcast(...xs.map((x) => x.shape)), (index) => f(...xs.map((x) => at(x, index))));
  };

export type Dims = number | readonly number[] | null;

/** A function of a list of numbers, over the elements along some dimensions. */
export const over =
  (f: (values: number[]) => number) =>
  (x: Nd, dim?: Dims, keepdim: boolean | { keepdim?: boolean } = false): Nd => {
    const all = x.shape.map((_, i) => i);
    const list =
      dim === undefined || dim === null ? all : [dim].flat().map((d) => (d < 0 ? d + x.shape.length : d));
    const dims = list.length === 0 || all.length === 0 ? all : list;
    const keep = typeof keepdim === 'boolean' ? keepdim : (keepdim.keepdim ?? false);
    const inner = dims.toSorted((a, b) => a - b);
    const outer = all.filter((d) => !dims.includes(d));
    const shape = keep
      ? x.shape.map((size, d) => (dims.includes(d) ? 1 : size))
      : outer.map((d) => x.shape[d]);
    return build(shape, (index) => {
      const values: number[] = [];
      for (const within of indices(inner.map((d) => x.shape[d]))) {
        const where = x.shape.map((_, d) => (dims.includes(d) ? within[inner.indexOf(d)] : 0));
        outer.forEach((d, i) => (where[d] = keep ? index[d] : index[i]));
        values.push(at(x, where));
      }
      return f(values);
    });
  };

export const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** The same elements in another shape. */
export const reshaped = (x: Nd, shape: readonly number[]): Nd => {
  const known = product(shape.filter((size) => size !== -1));
  return { shape: shape.map((size) => (size === -1 ? product(x.shape) / known : size)), data: x.data };
};

/** The elements with dimensions in another order. */
export const permuted = (x: Nd, order: readonly number[]): Nd => {
  const dims = order.map((dim) => (dim < 0 ? dim + x.shape.length : dim));
  return build(
    dims.map((dim) => x.shape[dim]),
    (index) => {
      const where = new Array<number>(index.length);
      dims.forEach((dim, i) => (where[dim] = index[i]));
      return at(x, where);
    },
  );
};

/** `x` with a list of elements picked along a dimension. */
export const picked = (x: Nd, dim: number, which: readonly number[]): Nd => {
  const d = dim < 0 ? dim + x.shape.length : dim;
  const shape = x.shape.map((size, i) => (i === d ? which.length : size));
  return build(shape, (index) =>
    at(
      x,
      index.map((n, i) => (i === d ? which[n] : n)),
    ),
  );
};

/** A product of matrices, or of batches of them. */
export const matmul = (first: Nd, second: Nd): Nd => {
  const a = first.shape.length === 1 ? reshaped(first, [1, first.shape[0]]) : first;
  const b = second.shape.length === 1 ? reshaped(second, [second.shape[0], 1]) : second;
  const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const inner = a.shape[a.shape.length - 1];
  const shape = [...batch, a.shape[a.shape.length - 2], b.shape[b.shape.length - 1]];
  const c = build(shape, (index) => {
    const [i, j] = index.slice(-2);
    const rest = index.slice(0, -2);
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += at(a, [...rest, i, k]) * at(b, [...rest, k, j]);
    return sum;
  });
  const squeezed = c.shape.filter(
    (_, dim) =>
      !(dim === batch.length && first.shape.length === 1) &&
      !(dim === batch.length + 1 && second.shape.length === 1),
  );
  return { shape: squeezed, data: c.data };
};

/** The error function, by Simpson's rule. */
export function erf(x: number): number {
  if (!(Math.abs(x) < 6)) return Math.sign(x);
  const steps = 2000;
  const h = x / steps;
  const f = (i: number): number => Math.exp(-((i * h) ** 2));
  let sum = f(0) + f(steps);
  for (let i = 1; i < steps; i++) sum += f(i) * (i % 2 === 1 ? 4 : 2);
  return (2 / Math.sqrt(Math.PI)) * x * (sum / (3 * steps));
}

/** Softmax of a list. */
export function softmax(values: readonly number[]): number[] {
  const most = Math.max(...values);
  const sum = total(values.map((v) => Math.exp(v - most)));
  return values.map((v) => Math.exp(v - most) / sum);
}

/** A function of lists, along a dimension. */
export const along =
  (f: (values: readonly number[]) => readonly number[]) =>
  (x: Nd, dim: number): Nd => {
    if (x.shape.length === 0) return { shape: [], data: f(x.data) };
    const d = dim < 0 ? dim + x.shape.length : dim;
    return build(x.shape, (index) => {
      const line = Array.from({ length: x.shape[d] }, (_, n) => at(x, index.with(d, n)));
      return f(line)[index[d]];
    });
  };

interface WindowOptions {
  stride?: number | readonly [number, number];
  padding?: number | readonly [number, number];
  dilation?: number | readonly [number, number];
  groups?: number;
}

const two = (value: number | readonly number[] | undefined, otherwise: number): readonly number[] =>
  typeof value === 'object' ? value : [value ?? otherwise, value ?? otherwise];

/** Where windows go: how many, and the row or column of the image that an element of a window lies over. */
function windows(size: readonly number[], kernel: readonly number[], options: WindowOptions) {
  const [stride, padding] = [two(options.stride, 1), two(options.padding, 0)];
  const dilation = two(options.dilation, 1);
  const counts = [0, 1].map((i) =>
    Math.floor((size[i] + 2 * padding[i] - dilation[i] * (kernel[i] - 1) - 1) / stride[i] + 1),
  );
  const place = (i: number, window: number, element: number): number =>
    window * stride[i] - padding[i] + element * dilation[i];
  return { counts, place };
}

const pixel = (x: Nd, n: number, c: number, row: number, column: number): number =>
  row < 0 || row >= x.shape[2] || column < 0 || column >= x.shape[3] ? 0 : at(x, [n, c, row, column]);

export function im2col(
  x: Nd,
  kernelSize: number | readonly [number, number],
  options: WindowOptions = {},
): Nd {
  const [n, c, h, w] = x.shape;
  const kernel = two(kernelSize, 1);
  const { counts, place } = windows([h, w], kernel, options);
  return build([n, c * kernel[0] * kernel[1], counts[0] * counts[1]], ([image, row, window]) => {
    const [i, j] = [Math.floor(row / kernel[1]) % kernel[0], row % kernel[1]];
    const [top, left] = [Math.floor(window / counts[1]), window % counts[1]];
    return pixel(x, image, Math.floor(row / kernel[0] / kernel[1]), place(0, top, i), place(1, left, j));
  });
}

export function col2im(
  columns: Nd,
  outputSize: number | readonly [number, number],
  kernelSize: number | readonly [number, number],
  options: WindowOptions = {},
): Nd {
  const [kernel, size] = [two(kernelSize, 1), two(outputSize, 1)];
  const c = columns.shape[1] / kernel[0] / kernel[1];
  // What a column holds is what im2col would have read there: number the pixels, and look where they went.
  const numbers = build([1, c, size[0], size[1]], ([, ch, i, j]) => 1 + (ch * size[0] + i) * size[1] + j);
  const from = im2col(numbers, kernel as [number, number], options);
  const out = build([columns.shape[0], c, size[0], size[1]], () => 0);
  const data = [...out.data];
  for (const [n, row, window] of indices(columns.shape)) {
    const number = at(from, [0, row, window]);
    if (number > 0) data[n * c * size[0] * size[1] + number - 1] += at(columns, [n, row, window]);
  }
  return { shape: out.shape, data };
}

/** Batch normalization by the statistics of the batch, or by given ones. */
export function batchNorm(
  x: Nd,
  mean: Nd | null,
  variance: Nd | null,
  weight?: Nd | null,
  bias?: Nd | null,
  { training = false, eps = 1e-5 }: { training?: boolean; eps?: number } = {},
): Nd {
  const dims = x.shape.map((_, dim) => dim).filter((dim) => dim !== 1);
  const average = over((values) => total(values) / values.length);
  const m = training ? average(x, dims) : (mean as Nd);
  const squares = build(x.shape, (i) => (at(x, i) - m.data[i[1]]) ** 2);
  const v = training ? average(squares, dims) : (variance as Nd);
  return build(x.shape, (i) => {
    const normal = (at(x, i) - m.data[i[1]]) / Math.sqrt(v.data[i[1]] + eps);
    return normal * (weight?.data[i[1]] ?? 1) + (bias?.data[i[1]] ?? 0);
  });
}

/** Layer normalization over the last dimensions. */
export function layerNorm(
  x: Nd,
  shape: number | readonly number[],
  weight?: Nd | null,
  bias?: Nd | null,
  { eps = 1e-5 }: { eps?: number } = {},
): Nd {
  const length = product([shape].flat());
  const data = x.data.map((value, i) => {
    const row = x.data.slice(Math.floor(i / length) * length).slice(0, length);
    const mean = total(row) / length;
    const variance = total(row.map((v) => (v - mean) ** 2)) / length;
    const k = i % length;
    return ((value - mean) / Math.sqrt(variance + eps)) * (weight?.data[k] ?? 1) + (bias?.data[k] ?? 0);
  });
  return { shape: x.shape, data };
}

/** Attention: weighted means of the rows of v. */
export function attention(
  q: Nd,
  k: Nd,
  v: Nd,
  options: { attnMask?: Nd | null; isCausal?: boolean; scale?: number } = {},
): Nd {
  const lead = broadcast(...[q, k, v].map((x) => x.shape.slice(0, -2)));
  const [length, depth] = q.shape.slice(-2);
  const [keys, width] = v.shape.slice(-2);
  const scale = options.scale ?? 1 / Math.sqrt(Math.max(1, depth));
  return build([...lead, length, width], (index) => {
    const [outer, i, w] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    const seen = Array.from({ length: options.isCausal ? Math.min(keys, i + 1) : keys }, (_, j) => j);
    const hidden = options.attnMask;
    const p = softmax(
      seen.map((j) => {
        const terms = Array.from(
          { length: depth },
          (_, d) => at(q, [...outer, i, d]) * at(k, [...outer, j, d]),
        );
        return total(terms) * scale + (hidden && at(hidden, [...outer, i, j]) === 0 ? -Infinity : 0);
      }),
    );
    return total(seen.map((j) => p[j] * at(v, [...outer, j, w])));
  });
}

/** `x` with elements of `src` added at the places that `where` gives for each. */
export function scattered(x: Nd, src: Nd, where: (index: number[]) => number[], shape = src.shape): Nd {
  const numbers = build(x.shape, (index) => index.reduce((n, i, dim) => n * x.shape[dim] + i, 0));
  const data = [...x.data];
  for (const index of indices(shape)) data[at(numbers, where(index))] += at(src, index);
  return { shape: x.shape, data };
}
