import { EmbeddingBag } from '../../../nn/embedding.js';
import { Tensor } from '../../../tensor.js';
import { whole } from './whole.js';

const REDUCTIONS = { sum: 'ReduceSum', mean: 'ReduceMean', max: 'ReduceMax' } as const;

/** Bags that are rows, of equal length. */
export const embeddingBag = whole(
  EmbeddingBag,
  (module, [index, ...others]) =>
    index instanceof Tensor &&
    index.ndim === 2 &&
    index.shape[1] > 0 &&
    module.paddingIdx === null &&
    module.lookup.maxNorm == null &&
    others.every((other) => other == null),
  ({ builder, memory }, module, [index], result) => {
    const at = memory.read(index);
    const table = memory.parameter(module.weight);
    const shape = [...at.shape, table.shape[1]];
    const rows = builder.node('Gather', [table, at], shape, { axis: 0 });
    memory.write(result, builder.reduce(REDUCTIONS[module.mode], rows, [1]));
  },
);
