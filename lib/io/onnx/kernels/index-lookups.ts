import type { ScatterOp } from '../../../backend/contract.js';
import type { Value } from '../builder.js';
import { overlaps } from '../gathered.js';
import type { View } from '../merge.js';
import type { Scribe } from '../scribe.js';
import { ONE } from '../sizes.js';

export function gather({ builder, memory }: Scribe, x: View, dim: number, index: View, out: View): void {
  const inputs = [memory.read(x), memory.read(index)];
  memory.write(out, builder.node('GatherElements', inputs, out.shape, { axis: dim }));
}

export function indexSelect({ builder, memory }: Scribe, x: View, dim: number, index: View, out: View): void {
  const inputs = [memory.read(x), memory.read(index)];
  memory.write(out, builder.node('Gather', inputs, out.shape, { axis: dim }));
}

/** What ONNX calls the ways in which elements meet. */
const REDUCTIONS: Record<ScatterOp, string> = { add: 'add', mul: 'mul', max: 'max', min: 'min', set: 'none' };

function scattered(
  { builder }: Scribe,
  op: ScatterOp,
  into: Value,
  dim: number,
  index: Value,
  src: Value,
): Value {
  return builder.node('ScatterElements', [into, index, src], into.shape, {
    axis: dim,
    reduction: REDUCTIONS[op],
  });
}

export function scatter(scribe: Scribe, op: ScatterOp, out: View, dim: number, index: View, src: View): void {
  const { memory } = scribe;
  memory.write(out, scattered(scribe, op, memory.read(out), dim, memory.read(index), memory.read(src)));
}

export function scatterSlices(
  scribe: Scribe,
  op: ScatterOp,
  out: View,
  dim: number,
  index: View,
  src: View,
): void {
  const { builder, memory } = scribe;
  const values = memory.read(src);
  if (dim === 0 && overlaps(out)) {
    memory.writeSlices(out, memory.read(index), values, REDUCTIONS[op]);
    return;
  }
  const along = values.shape.map((_, i) => (i === dim ? index.shape[0] : ONE));
  const everywhere = builder.expand(builder.reshape(memory.read(index), along), values.shape);
  memory.write(out, scattered(scribe, op, memory.read(out), dim, everywhere, values));
}

export function indexOffsets(
  { builder, memory }: Scribe,
  index: View,
  out: View,
  size: number,
  stride: number,
  adds: boolean,
): void {
  const at = memory.read(index);
  const isNegative = builder.pointwise('Less', [at, builder.scalar('int32', 0)], 'bool');
  const fromStart = builder.pointwise(
    'Where',
    [isNegative, builder.withNumber('Add', at, size), at],
    'int32',
  );
  const moved = builder.withNumber('Mul', fromStart, stride);
  memory.write(out, adds ? builder.pointwise('Add', [moved, memory.read(out)]) : moved);
}

/** logΣexp(x) - x[target], 0 where the target is the one to ignore. */
export function crossEntropy(
  { builder, memory }: Scribe,
  x: View,
  target: View,
  out: View,
  ignoreIndex: number,
): void {
  const [scores, classes] = [memory.read(x), memory.read(target)];
  const isIgnored = builder.pointwise('Equal', [classes, builder.scalar('int32', ignoreIndex)], 'bool');
  const zero = builder.scalar('int32', 0);
  const known = builder.pointwise('Where', [isIgnored, zero, classes], 'int32');
  const column = builder.reshape(known, [x.shape[0], ONE]);
  const chosen = builder.node('GatherElements', [scores, column], [x.shape[0], ONE], { axis: 1 });
  const losses = builder.pointwise('Sub', [builder.reduce('ReduceLogSumExp', scores, [1]), chosen]);
  const flat = builder.reshape(losses, out.shape);
  const nothing = builder.scalar(x.dtype, 0);
  memory.write(out, builder.pointwise('Where', [isIgnored, nothing, flat], x.dtype));
}
