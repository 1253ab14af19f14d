import type { BinaryOp, CompareOp } from '../../../backend/contract.js';
import { isFloat } from '../../../dtype.js';
import type { Builder, Value } from '../builder.js';
import type { View } from '../merge.js';
import type { Scribe } from '../scribe.js';

/** Functions that ONNX has under a name of its own. */
const NAMES: Partial<Record<BinaryOp, string>> = {
  add: 'Add',
  sub: 'Sub',
  mul: 'Mul',
  div: 'Div',
  pow: 'Pow',
  maximum: 'Max',
  minimum: 'Min',
  bitwiseAnd: 'BitwiseAnd',
  bitwiseOr: 'BitwiseOr',
  bitwiseXor: 'BitwiseXor',
};

/** Those of booleans. */
const OF_BOOLEANS: Partial<Record<BinaryOp, string>> = {
  add: 'Or',
  mul: 'And',
  maximum: 'Or',
  minimum: 'And',
  bitwiseAnd: 'And',
  bitwiseOr: 'Or',
  bitwiseXor: 'Xor',
};

/** Functions that are made of several nodes. */
const COMPOSED: Partial<Record<BinaryOp, (b: Builder, x: Value, y: Value) => Value>> = {
  fmod: (b, x, y) => b.pointwise('Mod', [x, y], undefined, { fmod: 1 }),
  remainder: (b, x, y) =>
    isFloat(x.dtype as 'int32')
      ? b.pointwise('Sub', [x, b.pointwise('Mul', [b.pointwise('Floor', [b.pointwise('Div', [x, y])]), y])])
      : b.pointwise('Mod', [x, y]),
  floorDivide: (b, x, y) =>
    isFloat(x.dtype as 'int32')
      ? b.pointwise('Floor', [b.pointwise('Div', [x, y])])
      : b.pointwise('Div', [b.pointwise('Sub', [x, b.pointwise('Mod', [x, y])]), y]),
  atan2: (b, y, x) => {
    const zero = b.scalar(x.dtype, 0);
    const angle = b.pointwise('Atan', [b.pointwise('Div', [y, x])]);
    const isLeft = b.pointwise('Less', [x, zero], 'bool');
    const isBelow = b.pointwise('Less', [y, zero], 'bool');
    const turn = b.pointwise(
      'Where',
      [isBelow, b.scalar(x.dtype, -Math.PI), b.scalar(x.dtype, Math.PI)],
      x.dtype,
    );
    const turned = b.pointwise('Where', [isLeft, b.pointwise('Add', [angle, turn]), angle], x.dtype);
    const isNothing = b.pointwise('And', [equal(b, x, 0), equal(b, y, 0)], 'bool');
    return b.pointwise('Where', [isNothing, zero, turned], x.dtype);
  },
  hypot: (b, x, y) =>
    b.pointwise('Sqrt', [b.pointwise('Add', [b.pointwise('Mul', [x, x]), b.pointwise('Mul', [y, y])])]),
  copysign: (b, x, y) => {
    const size = b.pointwise('Abs', [x]);
    const isNegative = b.pointwise('Less', [y, b.scalar(y.dtype, 0)], 'bool');
    return b.pointwise('Where', [isNegative, b.pointwise('Neg', [size]), size], x.dtype);
  },
  fmax: (b, x, y) => ofNumbers(b, 'Max', x, y),
  fmin: (b, x, y) => ofNumbers(b, 'Min', x, y),
  bitwiseLeftShift: (b, x, bits) => b.pointwise('Mul', [x, b.pointwise('Pow', [b.scalar('int32', 2), bits])]),
  bitwiseRightShift: (b, x, bits) => {
    const size = b.pointwise('Pow', [b.scalar('int32', 2), bits]);
    return b.pointwise('Div', [b.pointwise('Sub', [x, b.pointwise('Mod', [x, size])]), size]);
  },
  reluGrad: (b, g, y) => {
    const zero = b.scalar(g.dtype, 0);
    return b.pointwise('Where', [b.pointwise('Greater', [y, zero], 'bool'), g, zero], g.dtype);
  },
};

const equal = (b: Builder, x: Value, value: number): Value =>
  b.pointwise('Equal', [x, b.scalar(x.dtype, value)], 'bool');

/** The other one where one is NaN. */
function ofNumbers(b: Builder, op: string, x: Value, y: Value): Value {
  const isNaNOf = (value: Value): Value => b.pointwise('IsNaN', [value], 'bool');
  const either = b.pointwise('Where', [isNaNOf(y), x, b.pointwise(op, [x, y])], x.dtype);
  return b.pointwise('Where', [isNaNOf(x), y, either], x.dtype);
}

/** Small integers and booleans as what most operations take. */
const widened = (b: Builder, x: Value): Value =>
  x.dtype === 'uint8' || x.dtype === 'bool' ? b.cast(x, 'int32') : x;

export function binary({ builder, memory }: Scribe, op: BinaryOp, a: View, b: View, out: View): void {
  builder.doing = op;
  const values = [memory.readLoosely(a), memory.readLoosely(b)];
  const logical = out.dtype === 'bool' ? OF_BOOLEANS[op] : undefined;
  // As products with powers of 2, which only constants are known to suit.
  if (op.endsWith('Shift') && !b.values?.[0].every((bits) => bits >= 0 && bits < 31))
    builder.fail('ONNX shifts no numbers with a sign');
  const [x, y] = logical === undefined ? values.map((value) => widened(builder, value)) : values;
  const [name, composed] = [logical ?? NAMES[op], COMPOSED[op]];
  const result =
    name !== undefined
      ? builder.pointwise(name, [x, y])
      : composed !== undefined
        ? composed(builder, x, y)
        : builder.fail('ONNX has no such operation');
  memory.write(out, builder.expand(result, out.shape));
}

const COMPARISONS: Record<CompareOp, [name: string, isNegated: boolean]> = {
  eq: ['Equal', false],
  ne: ['Equal', true],
  lt: ['Less', false],
  le: ['LessOrEqual', false],
  gt: ['Greater', false],
  ge: ['GreaterOrEqual', false],
};

export function compare({ builder, memory }: Scribe, op: CompareOp, a: View, b: View, out: View): void {
  builder.doing = op;
  const operands = [a, b].map((view) => widened(builder, memory.readLoosely(view)));
  const [name, isNegated] = COMPARISONS[op];
  const holds = builder.pointwise(name, operands, 'bool');
  const result = isNegated ? builder.pointwise('Not', [holds]) : holds;
  memory.write(out, builder.expand(result, out.shape));
}

export function where({ builder, memory }: Scribe, condition: View, a: View, b: View, out: View): void {
  const [test, x, y] = [condition, a, b].map((view) => memory.readLoosely(view));
  memory.write(out, builder.expand(builder.pointwise('Where', [test, x, y], x.dtype), out.shape));
}

export function copy({ builder, memory }: Scribe, x: View, out: View): void {
  const value = builder.cast(memory.readLoosely(x), out.dtype);
  memory.write(out, builder.expand(value, out.shape));
}

export function fill({ builder, memory }: Scribe, value: number, out: View): void {
  memory.write(out, builder.expand(builder.scalar(out.dtype, value), out.shape));
}
