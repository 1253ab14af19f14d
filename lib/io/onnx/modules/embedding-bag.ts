import { EmbeddingBag } from '../../../nn/embedding.js';
import { Tensor } from '../../../tensor.js';
import type { Value } from '../builder.js';
import { ONE } from '../sizes.js';
import { whole } from './whole.js';

const REDUCTIONS = { sum: 'ReduceSum', mean: 'ReduceMean', max: 'ReduceMax' } as const;

/** Bags that are rows, of equal length. */
export const embeddingBag = whole(
  EmbeddingBag,
  (module, [index, offsets]) =>
    index instanceof Tensor &&
    index.ndim === 2 &&
    index.shape[1] > 0 &&
    module.lookup.maxNorm == null &&
    offsets == null,
  ({ builder, memory }, module, [index, , weights], result) => {
    const at = memory.read(index);
    const table = memory.parameter(module.weight);
    const shape = [...at.shape, table.shape[1]];
    const apart = [...at.shape, ONE];
    let rows = builder.node('Gather', [table, at], shape, { axis: 0 });
    // What was left out is null, as it came.
    if ((weights as unknown) != null)
      rows = builder.pointwise('Mul', [rows, builder.reshape(memory.read(weights), apart)]);
    const { mode, paddingIdx } = module;
    if (paddingIdx === null) {
      memory.write(result, builder.reduce(REDUCTIONS[mode], rows, [1]));
      return;
    }
    const isPadding = builder.reshape(
      builder.pointwise('Equal', [at, builder.scalar(at.dtype, paddingIdx)], 'bool'),
      apart,
    );
    const number = (value: number): Value => builder.scalar(table.dtype, value);
    const filling = number(mode === 'max' ? -Infinity : 0);
    const kept = builder.node('Where', [isPadding, filling, rows], shape, {}, table.dtype);
    const counted = builder.pointwise('Sub', [number(1), builder.cast(isPadding, table.dtype)]);
    const count = builder.reduce('ReduceSum', counted, [1]);
    if (mode === 'max') {
      const largest = builder.reduce('ReduceMax', kept, [1]);
      const isEmpty = builder.pointwise('Equal', [count, number(0)], 'bool');
      memory.write(
        result,
        builder.node('Where', [isEmpty, number(0), largest], largest.shape, {}, table.dtype),
      );
      return;
    }
    const total = builder.reduce('ReduceSum', kept, [1]);
    const atLeastOne = builder.pointwise('Max', [count, number(1)]);
    memory.write(result, mode === 'sum' ? total : builder.pointwise('Div', [total, atLeastOne]));
  },
);
