import { classes, distinct, index, positive, real } from '../support/inputs.js';
import * as oracle from '../support/oracle.js';
import { at, build, permuted, zip, type Nd } from '../support/oracle.js';
import { floatsOnly, row, type Row } from '../support/row.js';

interface BagOptions {
  offsets?: Nd;
  mode?: string;
  perSampleWeights?: Nd;
  includeLastOffset?: boolean;
  paddingIdx?: number;
}

/** Bags of rows, by definition. */
function embeddingBag(index: Nd, weight: Nd, given?: Nd | BagOptions, more: BagOptions = {}): Nd {
  const options = given && 'data' in given ? { ...more, offsets: given } : (given ?? more);
  const { mode = 'mean', perSampleWeights, includeLastOffset = false } = options;
  const padding = ((options.paddingIdx ?? NaN) + weight.shape[0]) % weight.shape[0];
  const starts = options.offsets
    ? [...options.offsets.data, ...(includeLastOffset ? [] : [index.data.length])]
    : Array.from({ length: index.shape[0] + 1 }, (_, bag) => bag * index.shape[1]);
  return build([starts.length - 1, weight.shape[1]], ([bag, column]) => {
    const all = Array.from({ length: starts[bag + 1] - starts[bag] }, (_, i) => starts[bag] + i);
    const terms = all
      .filter((i) => index.data[i] !== padding)
      .map((i) => at(weight, [index.data[i], column]) * (perSampleWeights?.data[i] ?? 1));
    if (terms.length === 0) return 0;
    if (mode === 'max') return Math.max(...terms);
    return terms.reduce((a, b) => a + b) / (mode === 'mean' ? terms.length : 1);
  });
}

/** Products, normalization, embedding, attention. */
export const FUNCTIONAL: readonly Row[] = [
  row('matmul', { oracle: oracle.matmul, dtypes: floatsOnly },
    [real(2, 3), real(3, 4)], [real(3), real(3)], [real(3), real(3, 2)], [real(2, 3), real(3)], [real(2, 2, 3), real(3, 2)],
    [real(2, 3), real(4, 3, 2)], [real(3, 1, 2, 3), real(2, 3, 2)], [real(2, 2, 3), real(3)], [real(3), real(2, 3, 2)], [real(1, 3), real(3, 1)],
    [real(1, 1), real(1, 1)], [real(0, 3), real(3, 2)], [real(2, 0), real(0, 3)], [real(0, 2, 3), real(3, 2)], [real(2, 2, 3), real(1, 3, 2)]),
  row('linear', { oracle: (x: Nd, w: Nd, b?: Nd | null) => { const y = oracle.matmul(x, permuted(w, [1, 0])); return b ? zip((p, q) => p + q)(y, b) : y; }, dtypes: floatsOnly },
    [real(2, 3), real(4, 3), real(4)], [real(2, 3), real(4, 3)], [real(3), real(2, 3), real(2)], [real(2, 2, 3), real(2, 3), null],
    [real(0, 3), real(2, 3), real(2)], [real(2, 0), real(3, 0), real(3)], [real(1, 3), real(1, 3), real(1)]),
  row('batchNorm', { oracle: oracle.batchNorm, dtypes: floatsOnly },
    [distinct(2, 3, 2, 2), null, null, real(3), real(3), { training: true }], [distinct(4, 3), null, null, real(3), null, { training: true, eps: 0.01 }],
    [distinct(2, 2, 3), null, null, null, null, { training: true }], [distinct(3, 2, 2, 2), null, null, null, real(2), { training: true, momentum: 0 }],
    [real(2, 3, 2, 2), real(3), positive(3), real(3), real(3)], [real(2, 3), real(3), positive(3)], [real(2, 2, 3), real(2), positive(2), null, real(2), { eps: 0.1 }],
    [real(0, 2, 3, 3), real(2), positive(2), real(2)], [real(3, 0), real(0), positive(0), real(0), real(0)]),
  row('layerNorm', { oracle: oracle.layerNorm, dtypes: floatsOnly },
    [distinct(2, 3, 4), 4, real(4), real(4)], [distinct(3, 2, 3), [2, 3], real(2, 3), null], [distinct(5), 5, null, real(5), { eps: 0.1 }],
    [distinct(2, 2), 2], [distinct(4, 33), [33], real(33), real(33)], [real(0, 3), 3, real(3), real(3)], [real(2, 0), 0, real(0)]),
  row('embedding', { oracle: (index: Nd, weight: Nd) => build([...index.shape, weight.shape[1]], (i) => at(weight, [at(index, i.slice(0, -1)), i.at(-1)!])), dtypes: floatsOnly },
    [index(4, 2, 3), real(4, 2)], [index(3, 5), real(3, 1)], [index(2), real(2, 3)], [index(2, 0), real(2, 3)], [index(2, 3), real(2, 0)],
    [index(3, 4), real(4, 2), { paddingIdx: -1 }]),
  row('embeddingBag', { oracle: embeddingBag, dtypes: floatsOnly },
    [index(4, 2, 3), real(4, 2)], [index(5, 6), distinct(5, 2), classes(0, 2, 2, 5), { mode: 'max' }], [index(4, 5), real(4, 3), classes(0, 3), { mode: 'sum', perSampleWeights: real(5) }],
    [index(3, 2, 4), real(3, 2), { paddingIdx: 1 }], [index(3, 6), distinct(3, 2), { offsets: classes(0, 4, 6), includeLastOffset: true, mode: 'max', paddingIdx: -1 }],
    [index(3, 2, 2), real(3, 1), { mode: 'sum', paddingIdx: 0, perSampleWeights: real(2, 2) }], [index(3, 0), real(3, 2), classes(0, 0)], [index(3, 0, 2), real(3, 2)], [index(3, 2, 0), real(3, 2), { mode: 'max' }]),
]; // prettier-ignore
