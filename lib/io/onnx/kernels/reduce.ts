import type { ReduceOp } from '../../../backend/contract.js';
import { isFloat } from '../../../dtype.js';
import type { Value } from '../builder.js';
import type { View } from '../merge.js';
import type { Scribe } from '../scribe.js';
import { ONE, productOf, type Size } from '../sizes.js';

const NAMES: Partial<Record<ReduceOp, string>> = {
  sum: 'ReduceSum',
  mean: 'ReduceMean',
  max: 'ReduceMax',
  min: 'ReduceMin',
};

export function reduce(
  { builder, memory }: Scribe,
  op: ReduceOp,
  x: View,
  dims: readonly number[],
  out: View,
): void {
  builder.doing = op;
  const given = memory.read(x);
  const value = isFloat(x.dtype) ? given : builder.cast(given, 'int32');
  const name = NAMES[op];
  if (name !== undefined) {
    memory.write(out, builder.reduce(name, value, dims));
    return;
  }
  // The position among all reduced dimensions: they come last, as one.
  const kept = value.shape.map((_, dim) => dim).filter((dim) => !dims.includes(dim));
  const sizeOf = (list: readonly number[]): Size[] => list.map((dim) => value.shape[dim]);
  const length = productOf(sizeOf(dims));
  if (length === null || length.isBatch) return builder.fail('a position within the whole batch');
  const rows = builder.reshape(builder.transpose(value, [...kept, ...dims]), [...sizeOf(kept), length]);
  const at = builder.node(
    op === 'argmax' ? 'ArgMax' : 'ArgMin',
    [rows],
    [...sizeOf(kept), ONE],
    { axis: kept.length, keepdims: 1 },
    'int64',
  );
  memory.write(out, builder.cast(at, 'int32'));
}

export function softmax({ builder, memory }: Scribe, x: View, out: View, log: boolean): void {
  const value = memory.read(x);
  const name = log ? 'LogSoftmax' : 'Softmax';
  memory.write(out, builder.node(name, [value], value.shape, { axis: value.shape.length - 1 }));
}

export function sort(
  { builder, memory }: Scribe,
  x: View,
  descending: boolean,
  out: View,
  index: View,
): void {
  const value = memory.read(x);
  const length = value.shape[1];
  if (length.isBatch) builder.fail('sorting along the batch');
  const [sorted, at] = builder.several(
    'TopK',
    [value, builder.ints([length.times])],
    { axis: 1, largest: descending ? 1 : 0, sorted: 1 },
    2,
  );
  memory.write(out, { ...value, name: sorted });
  const positions: Value = { name: at, dtype: 'int64', shape: value.shape };
  memory.write(index, builder.cast(positions, 'int32'));
}
