import { describe, rangeError, typeError } from '../../errors.js';
import { Message } from '../../io/protobuf.js';

// Histograms as torch.utils.tensorboard makes them with numpy.histogram.

/** How many bins there are, by NumPy's rules; `'tensorflow'`: bins that grow by a tenth from 1e-12, on both sides of 0. */
export type BinRule = 'tensorflow' | 'auto' | 'fd' | 'doane' | 'scott' | 'rice' | 'sturges' | 'sqrt';

/** A rule, how many bins of one width, or their edges. */
export type Bins = BinRule | number | readonly number[];

/** The width of bins by a rule; 0 where it knows none. */
const WIDTHS: Readonly<Record<Exclude<BinRule, 'tensorflow'>, (x: Float64Array, span: number) => number>> = {
  sqrt: (x, span) => span / Math.sqrt(x.length),
  sturges: (x, span) => span / (Math.log2(x.length) + 1),
  rice: (x, span) => span / (2 * Math.cbrt(x.length)),
  scott: (x) => Math.cbrt((24 * Math.sqrt(Math.PI)) / x.length) * deviation(x),
  fd: (x) => (2 * interquartileRange(x)) / Math.cbrt(x.length),
  doane: (x, span) => {
    const n = x.length;
    const sigma = deviation(x);
    if (n <= 2 || sigma === 0) return 0;
    const mean = sum(x) / n;
    const skewness = x.reduce((total, value) => total + ((value - mean) / sigma) ** 3, 0) / n;
    const scale = Math.sqrt((6 * (n - 2)) / ((n + 1) * (n + 3)));
    return span / (1 + Math.log2(n) + Math.log2(1 + Math.abs(skewness) / scale));
  },
  auto: (x, span) => {
    const fd = WIDTHS.fd(x, span);
    const sturges = WIDTHS.sturges(x, span);
    return fd > 0 ? Math.min(fd, sturges) : sturges;
  },
};

const RULES = ['tensorflow', ...Object.keys(WIDTHS)];

/** More bins than this are a mistake, and would take all memory. */
const MAX_BINS = 1 << 24;

/** The first edge above 0 of the rule `'tensorflow'`, and by how much the next is further away. */
const SMALLEST = 1e-12;
const GROWTH = 1.1;
const LOG_GROWTH = Math.log(GROWTH);

let tensorflowEdges: Float64Array | null = null;

function makeTensorflowEdges(): Float64Array {
  const positive: number[] = [];
  for (let edge = SMALLEST; edge < 1e20; edge *= GROWTH) positive.push(edge);
  return Float64Array.from([...positive.map((edge) => -edge).reverse(), 0, ...positive]);
}

/**
 * A `HistogramProto`.
 * @param maxBins where there are more, neighbours are put together
 * @throws TypeError, RangeError for values that are not finite, none at all, and wrong bins
 */
export function histogramOf(
  op: string,
  values: Float64Array,
  bins: unknown,
  maxBins: number | null,
): Message {
  if (values.length === 0) rangeError(op, 'values: expected some, got none');
  let [min, max, total, squares] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) rangeError(op, `values: expected finite numbers, got ${value}`);
    if (value < min) min = value;
    if (value > max) max = value;
    total += value;
    squares += value * value;
  }
  let edges = edgesOf(op, values, min, max, bins);
  let counts = countIn(values, edges, bins);
  if (maxBins !== null && counts.length > maxBins) [counts, edges] = putTogether(counts, edges, maxBins);
  const first = counts.findIndex((count) => count > 0);
  if (first < 0) rangeError(op, 'values: none of them lies in the bins');
  const last = counts.findLastIndex((count) => count > 0);
  // Bins are told by their right edges: an empty one at the left has the left edge of the first.
  const shown = counts.slice(Math.max(first - 1, 0), last + 1);
  return new Message()
    .double(1, min)
    .double(2, max)
    .double(3, values.length)
    .double(4, total)
    .double(5, squares)
    .packedDoubles(6, edges.subarray(first, last + 2))
    .packedDoubles(7, first > 0 ? shown : [0, ...shown]);
}

function edgesOf(op: string, values: Float64Array, min: number, max: number, bins: unknown): Float64Array {
  if (bins === 'tensorflow') return (tensorflowEdges ??= makeTensorflowEdges());
  if (typeof bins === 'string') {
    if (!RULES.includes(bins))
      rangeError(op, `bins: expected ${RULES.map((rule) => `'${rule}'`).join(', ')}, got ${describe(bins)}`);
    const width = WIDTHS[bins as keyof typeof WIDTHS](values, max - min);
    return evenEdges(op, min, max, width > 0 ? Math.ceil((max - min) / width) : 1);
  }
  if (typeof bins === 'number') return evenEdges(op, min, max, bins);
  if (!Array.isArray(bins) && !ArrayBuffer.isView(bins))
    typeError(op, `bins: expected a rule, a number or a list of edges, got ${describe(bins)}`);
  const edges = Float64Array.from(bins as readonly number[]);
  if (edges.length < 2) rangeError(op, `bins: expected 2 edges or more, got ${edges.length}`);
  for (let i = 1; i < edges.length; i++)
    if (!(edges[i] >= edges[i - 1]))
      rangeError(op, `bins: expected edges that grow, got ${edges[i - 1]}, ${edges[i]}`);
  return edges;
}

function evenEdges(op: string, min: number, max: number, count: number): Float64Array {
  if (!Number.isInteger(count) || count < 1 || count > MAX_BINS)
    rangeError(op, `bins: expected a whole number from 1 to ${MAX_BINS}, got ${count}`);
  const [from, to] = min === max ? [min - 0.5, max + 0.5] : [min, max];
  const step = (to - from) / count;
  const edges = Float64Array.from({ length: count + 1 }, (_, i) => from + i * step);
  edges[count] = to;
  return edges;
}

/** How many values lie in each bin: from its left edge to before its right edge, in the last to that. */
function countIn(values: Float64Array, edges: Float64Array, bins: unknown): Float64Array {
  const counts = new Float64Array(edges.length - 1);
  const last = counts.length - 1;
  const [from, to] = [edges[0], edges[last + 1]];
  const width = (to - from) / counts.length;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (value < from || value > to) continue;
    let bin: number;
    if (Array.isArray(bins) || ArrayBuffer.isView(bins)) bin = search(edges, value);
    else {
      // About there: what rounding has changed is put right.
      bin = bins === 'tensorflow' ? guess(value) : Math.floor((value - from) / width);
      bin = bin > last ? last : bin < 0 ? 0 : bin;
      while (bin < last && edges[bin + 1] <= value) bin++;
      while (bin > 0 && edges[bin] > value) bin--;
    }
    counts[bin]++;
  }
  return counts;
}

/** The bin of the rule `'tensorflow'` that a value is in, or one beside it. */
function guess(value: number): number {
  const middle = (tensorflowEdges as Float64Array).length >> 1;
  const size = Math.abs(value);
  if (size < SMALLEST) return value < 0 ? middle - 1 : middle;
  const steps = Math.floor(Math.log(size / SMALLEST) / LOG_GROWTH);
  return value < 0 ? middle - 2 - steps : middle + 1 + steps;
}

/** The last bin that begins at a value or before it. */
function search(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}

function putTogether(
  counts: Float64Array,
  edges: Float64Array,
  maxBins: number,
): [Float64Array, Float64Array] {
  const width = Math.floor(counts.length / maxBins);
  const length = Math.ceil(counts.length / width);
  const fewer = new Float64Array(length);
  counts.forEach((count, i) => (fewer[Math.floor(i / width)] += count));
  const kept = Float64Array.from({ length: length + 1 }, (_, i) => edges[Math.min(i * width, counts.length)]);
  return [fewer, kept];
}

const sum = (x: Float64Array): number => x.reduce((total, value) => total + value, 0);

function deviation(x: Float64Array): number {
  const mean = sum(x) / x.length;
  return Math.sqrt(x.reduce((total, value) => total + (value - mean) ** 2, 0) / x.length);
}

function interquartileRange(x: Float64Array): number {
  const sorted = x.toSorted();
  const quantile = (share: number): number => {
    const at = share * (x.length - 1);
    const below = Math.floor(at);
    return sorted[below] + (at - below) * (sorted[Math.min(below + 1, x.length - 1)] - sorted[below]);
  };
  return quantile(0.75) - quantile(0.25);
}
