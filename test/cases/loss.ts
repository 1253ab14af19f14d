import { classes, index, real } from '../support/inputs.js';
import * as oracle from '../support/oracle.js';
import { at, build, toNd, total, zip, type Nd } from '../support/oracle.js';
import { floats, floatsOnly, row, type Row } from '../support/row.js';

const squares = (input: Nd, target: Nd, options: { reduction?: string } = {}): Nd => {
  const losses = zip((x, y) => (x - y) ** 2)(input, target);
  if (options.reduction === 'none') return losses;
  return toNd(total(losses.data) / (options.reduction === 'sum' ? 1 : losses.data.length));
};

function crossEntropy(x: Nd, target: Nd, options: { reduction?: string; ignoreIndex?: number } = {}): Nd {
  const ignore = options.ignoreIndex ?? -100;
  const logs = oracle.along((values) => oracle.softmax(values).map(Math.log))(
    x,
    x.shape.length === 1 ? 0 : 1,
  );
  const losses = build(target.shape, (i) => {
    const label = at(target, i);
    return label === ignore ? 0 : -at(logs, x.shape.length === 1 ? [label] : [i[0], label, ...i.slice(1)]);
  });
  if (options.reduction === 'none') return losses;
  const count = target.data.filter((label) => label !== ignore).length;
  return toNd(total(losses.data) / (options.reduction === 'sum' ? 1 : count));
}

/** Probabilities and losses. */
export const LOSS: readonly Row[] = [
  row('softmax', { oracle: oracle.along(oracle.softmax), dtypes: floats }, [real(2, 3), 1], [real(2, 3, 2), 1], [real(3, 2), 0], [real(4), -1], [real(), 0], [real(0, 3), 1], [real(2, 0), 1]),
  row('logSoftmax', { oracle: oracle.along((v) => oracle.softmax(v).map(Math.log)), dtypes: floats }, [real(2, 3), 1], [real(2, 3, 2), 1], [real(3, 2), 0], [real(4), -1], [real(), 0], [real(0, 3), 1], [real(2, 0), 1]),
  row('scaledDotProductAttention', { oracle: oracle.attention, dtypes: floatsOnly },
    [real(2, 2, 3, 4), real(2, 2, 5, 4), real(2, 2, 5, 3)], [real(3, 2), real(3, 2), real(3, 2), { isCausal: true }], [real(2, 3, 2), real(2, 4, 2), real(2, 4, 1), { scale: 0.3, isCausal: true }],
    [real(4, 2), real(2, 2), real(2, 3), { isCausal: true }], [real(2, 1, 2, 3), real(3, 2, 3), real(1, 2, 2)], [real(2, 1, 2, 2, 2), real(3, 1, 2, 2), real(2, 2, 2)],
    [real(1, 1), real(1, 1), real(1, 1)], [real(0, 2, 2), real(0, 3, 2), real(0, 3, 2)], [real(2, 0, 2), real(2, 3, 2), real(2, 3, 2)],
    [real(2, 2), real(0, 2), real(0, 3)], [real(2, 0), real(3, 0), real(3, 2)], [real(2, 3), real(3, 3), real(3, 0)]),
  row('crossEntropy', { oracle: crossEntropy, dtypes: floats },
    [real(3, 4), index(4, 3)], [real(3, 4), index(4, 3), { reduction: 'sum' }], [real(3, 4), index(4, 3), { reduction: 'none' }], [real(4), index(4)],
    [real(2, 3, 2), index(3, 2, 2)], [real(4, 3), classes(1, -100, 2, -100)], [real(3, 3), classes(0, 2, 1), { ignoreIndex: 2 }],
    [real(2, 3, 1, 2), index(3, 2, 1, 2), { reduction: 'none' }], [real(2, 1), index(1, 2)]),
  row('mseLoss', { oracle: squares, dtypes: floats }, [real(2, 3), real(2, 3)], [real(2, 3), real(2, 3), { reduction: 'sum' }], [real(3), real(3), { reduction: 'none' }], [real(), real()]),
]; // prettier-ignore
