import { checkBoolean, rangeError, shapeError, typeError } from '../errors.js';
import { formatShape, sameShape } from '../shape.js';
import { checkTensor, empty, type Tensor } from '../tensor.js';
import { checkOneOf, readArgs, type Rest } from './arguments.js';
import { reshape, sum } from './broadcast.js';
import { tensor } from './create.js';
import { checkLookup, inOrder, readPaddingIdx, rowsOf, shorten, type LookupOptions } from './embedding.js';
import { indexAdd, indexSelect } from './indexing-slices.js';
import { div, mul, ne, where } from './pointwise.js';
import { cast } from './primitive.js';
import { max } from './reduce.js';
import { unsqueeze } from './shape.js';

/** How the rows of a bag become one. */
export type BagMode = 'sum' | 'mean' | 'max';

/** What {@link embeddingBag} takes by name. */
export interface EmbeddingBagOptions extends LookupOptions {
  /** Where bags begin, (B) of int32, for an index of one dimension. */
  readonly offsets?: Tensor | null;
  /** Default `mean`. */
  readonly mode?: BagMode;
  /** What rows are multiplied with, in the shape of the index; for `sum` alone. */
  readonly perSampleWeights?: Tensor | null;
  /** Whether offsets end with the size of the index, which begins no bag. Default false. */
  readonly includeLastOffset?: boolean;
  /** A row that counts in no bag and is not learned; negative ones count from the end. Default none. */
  readonly paddingIdx?: number | null;
}

type Positions = [
  offsets: Tensor | null,
  maxNorm: number | null,
  normType: number,
  scaleGradByFreq: boolean,
  mode: BagMode,
  sparse: false,
  perSampleWeights: Tensor | null,
  includeLastOffset: boolean,
  paddingIdx: number | null,
];
const NAMES = [
  'offsets',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'mode',
  'sparse',
  'perSampleWeights',
  'includeLastOffset',
  'paddingIdx',
] as const;

/**
 * The sums, means or maxima of bags of rows of `weight`: those that `index` names. A bag without rows gives zeros.
 * Shapes: index (B, L), a bag a row, or one dimension with `offsets` (B); weight (V, D) → (B, D).
 * Gradients: `g` to the rows of each bag, times their weights, or divided by their number, or for `max` to the first largest;
 * perSampleWeights `Σ g·row`.
 * With `maxNorm` the rows of `weight` that are looked up and are longer are changed in place, outside the graph, before they
 * are read.
 * The two operands may come in the other order too, as PyTorch allows: their dtypes tell them apart.
 * @throws RangeError when an index or an offset is out of range; TypeError for dtypes; ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.embedding_bag.html
 */
export function embeddingBag(
  index: Tensor,
  weight: Tensor,
  ...rest: Rest<Positions, EmbeddingBagOptions>
): Tensor {
  const op = 'embeddingBag';
  const operands = inOrder(op, index, weight);
  const { indices, table } = operands;
  const args = readArgs<EmbeddingBagOptions>(op, rest, NAMES);
  const { offsets = null, mode = 'mean', perSampleWeights = null, includeLastOffset = false } = args;
  checkOneOf(op, 'mode', mode, ['sum', 'mean', 'max']);
  checkBoolean(op, 'includeLastOffset', includeLastOffset);
  const padding = readPaddingIdx(op, args.paddingIdx, table.shape[0]);
  if (perSampleWeights !== null) checkWeights(op, perSampleWeights, indices, table, mode);
  checkLookup(op, args);
  if (mode === 'max' && args.scaleGradByFreq === true)
    rangeError(op, "scaleGradByFreq: only for modes 'sum' and 'mean', got 'max'");
  const starts = readStarts(op, indices, offsets, includeLastOffset);

  const flat = reshape(indices, [indices.size]);
  const bags = starts.length - 1;
  const bagOf: number[] = [];
  for (let bag = 0; bag < bags; bag++) for (let i = starts[bag]; i < starts[bag + 1]; i++) bagOf.push(bag);
  shorten(op, table, flat, args);
  const rows = rowsOf(op, table, flat, null, args.scaleGradByFreq);
  const counted = padding === null ? null : unsqueeze(ne(flat, padding), 1);
  if (mode === 'max') return largest(rows, starts, counted);

  const scale = perSampleWeights && reshape(cast(perSampleWeights, table.dtype), [flat.size, 1]);
  const scaled = scale ? mul(rows, scale) : rows;
  const kept = counted === null ? scaled : where(counted, scaled, 0);
  const bagIndex = tensor(bagOf, { dtype: 'int32' });
  const total = indexAdd(empty([bags, table.shape[1]], table.dtype, true), 0, bagIndex, kept);
  if (mode === 'sum') return total;
  const counts = starts.slice(1).map((end, bag) => Math.max(end - starts[bag], 1));
  const sizes =
    counted === null
      ? reshape(tensor(counts, { dtype: table.dtype }), [bags, 1])
      : atLeastOne(indexAdd(empty([bags, 1], table.dtype, true), 0, bagIndex, cast(counted, table.dtype)));
  return div(total, sizes);
}

const atLeastOne = (counts: Tensor): Tensor => where(ne(counts, 0), counts, 1);

/** The largest of each column in each bag: bags are brought to one length, and what is not theirs is put below all. */
function largest(rows: Tensor, starts: readonly number[], counted: Tensor | null): Tensor {
  const bags = starts.length - 1;
  const width = rows.shape[1];
  const longest = Math.max(1, ...starts.slice(1).map((end, bag) => end - starts[bag]));
  const places: number[] = [];
  const within: boolean[] = [];
  for (let bag = 0; bag < bags; bag++)
    for (let i = 0; i < longest; i++) {
      within.push(starts[bag] + i < starts[bag + 1]);
      places.push(within.at(-1) ? starts[bag] + i : 0);
    }
  if (rows.shape[0] === 0 || bags === 0 || width === 0)
    return mul(empty([bags, width], rows.dtype, true), sum(rows));
  const where_ = tensor(places, { dtype: 'int32' });
  const spread = reshape(indexSelect(rows, 0, where_), [bags, longest, width]);
  const theirs = reshape(tensor(within), [bags, longest, 1]);
  const real = counted ? mul(theirs, reshape(indexSelect(counted, 0, where_), [bags, longest, 1])) : theirs;
  const { values } = max(where(real, spread, -Infinity), 1);
  const some = ne(sum(cast(real, 'int32'), 1), 0);
  return where(some, values, 0);
}

function checkWeights(op: string, weights: Tensor, indices: Tensor, table: Tensor, mode: BagMode): void {
  checkTensor(op, weights, 'perSampleWeights');
  if (mode !== 'sum') rangeError(op, `perSampleWeights: only for mode 'sum', got '${mode}'`);
  if (weights.dtype !== table.dtype)
    typeError(op, `perSampleWeights: expected ${table.dtype}, got ${weights.dtype}`);
  if (!sameShape(weights.shape, indices.shape))
    shapeError(
      op,
      `perSampleWeights: expected ${formatShape(indices.shape)}, got ${formatShape(weights.shape)}`,
    );
}

/** Where bags begin, and at the end where the last one ends. */
function readStarts(op: string, indices: Tensor, offsets: unknown, isLast: boolean): number[] {
  if (indices.ndim === 2) {
    if (offsets !== null) typeError(op, 'offsets: only for an index of one dimension');
    const [bags, length] = indices.shape;
    return Array.from({ length: bags + 1 }, (_, bag) => bag * length);
  }
  if (indices.ndim !== 1)
    shapeError(op, `index: expected (B, L) or one dimension, got ${formatShape(indices.shape)}`);
  checkTensor(op, offsets, 'offsets');
  if (offsets.dtype !== 'int32' && offsets.dtype !== 'uint8')
    typeError(op, `offsets: expected an int32 tensor, got ${offsets.dtype}`);
  if (offsets.ndim !== 1)
    shapeError(op, `offsets: expected one dimension, got ${formatShape(offsets.shape)}`);
  const starts = [...offsets.toArray()];
  if (isLast && starts.length === 0) rangeError(op, 'offsets: expected at least one, got none');
  if (starts.length > 0 && starts[0] !== 0) rangeError(op, `offsets: expected 0 first, got ${starts[0]}`);
  if (!isLast) starts.push(indices.size);
  for (let i = 1; i < starts.length; i++)
    if (starts[i] < starts[i - 1] || starts[i] > indices.size)
      rangeError(op, `offsets: expected rising numbers up to ${indices.size}, got ${starts[i]}`);
  return starts;
}
