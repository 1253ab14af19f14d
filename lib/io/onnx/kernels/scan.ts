import type { ScanOp } from '../../../backend/contract.js';
import type { Value } from '../builder.js';
import type { View } from '../merge.js';
import { constant } from '../proto.js';
import type { Scribe } from '../scribe.js';
import { fixed } from '../sizes.js';

/** What runs along rows: sums have an operation, of all else stretches of twice the length are made of two, again and again. */
export function scan(scribe: Scribe, op: ScanOp, x: View, out: View, index: View | null): void {
  const { builder, memory } = scribe;
  builder.doing = `cum${op}`;
  const value = memory.read(x);
  const numbers = value.dtype === 'uint8' || value.dtype === 'bool' ? builder.cast(value, 'int32') : value;
  if (op === 'sum') {
    memory.write(out, builder.node('CumSum', [numbers, builder.scalar('int64', 1)], value.shape));
    return;
  }
  const length = value.shape[1];
  if (length.isBatch) return builder.fail('what runs along the batch');
  let all = numbers;
  let at = builder.expand(
    builder.constant(
      constant(
        'int32',
        [1, length.times],
        Array.from({ length: length.times }, (_, i) => i),
      ),
    ),
    value.shape,
  );
  for (let step = 1; step < length.times; step *= 2) {
    const { head, tail, before } = shifted(scribe, all, step);
    if (op === 'prod') {
      all = rejoined(scribe, head, builder.pointwise('Mul', [tail, before]), value);
      continue;
    }
    const places = shifted(scribe, at, step);
    // Of equal ones the last, and NaN from the first on.
    const isOther = builder.pointwise(op === 'max' ? 'Less' : 'Greater', [tail, before], 'bool');
    const takes = builder.pointwise('Or', [isOther, isNaN(scribe, before)], 'bool');
    const extremum = builder.pointwise('Where', [takes, before, tail], tail.dtype);
    const place = builder.pointwise('Where', [takes, places.before, places.tail], 'int32');
    all = rejoined(scribe, head, extremum, value);
    at = rejoined(scribe, places.head, place, value);
  }
  memory.write(out, all);
  if (index !== null) memory.write(index, at);
}

function isNaN({ builder }: Scribe, x: Value): Value {
  return x.dtype === 'int32' ? builder.scalar('bool', 0) : builder.pointwise('IsNaN', [x], 'bool');
}

/** The first `step` elements of rows, the others, and what lies `step` before these. */
function shifted({ builder }: Scribe, x: Value, step: number): { head: Value; tail: Value; before: Value } {
  const length = x.shape[1].times;
  const part = (start: number, size: number): Value =>
    builder.slice(x, [{ dim: 1, start: { fixed: start, batch: 0 }, size: fixed(size) }]);
  return { head: part(0, step), tail: part(step, length - step), before: part(0, length - step) };
}

const rejoined = ({ builder }: Scribe, head: Value, tail: Value, { shape }: Value): Value =>
  builder.concat([head, tail], 1, shape[1]);
