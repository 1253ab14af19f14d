import type { UnaryOp } from '../../../backend/contract.js';
import type { Builder, Value } from '../builder.js';
import type { View } from '../merge.js';
import type { Scribe } from '../scribe.js';

/** Functions that ONNX has under a name of its own. */
const NAMES: Partial<Record<UnaryOp, string>> = {
  neg: 'Neg',
  abs: 'Abs',
  sign: 'Sign',
  exp: 'Exp',
  log: 'Log',
  sqrt: 'Sqrt',
  reciprocal: 'Reciprocal',
  relu: 'Relu',
  tanh: 'Tanh',
  sigmoid: 'Sigmoid',
  logicalNot: 'Not',
  erf: 'Erf',
  softplus: 'Softplus',
  sin: 'Sin',
  cos: 'Cos',
  tan: 'Tan',
  asin: 'Asin',
  acos: 'Acos',
  atan: 'Atan',
  sinh: 'Sinh',
  cosh: 'Cosh',
  asinh: 'Asinh',
  acosh: 'Acosh',
  atanh: 'Atanh',
  floor: 'Floor',
  ceil: 'Ceil',
  round: 'Round',
  bitwiseNot: 'BitwiseNot',
};

/** Functions that are made of several nodes. */
const COMPOSED: Partial<Record<UnaryOp, (b: Builder, x: Value) => Value>> = {
  square: (b, x) => b.pointwise('Mul', [x, x]),
  gelu: (b, x) => {
    if (b.opset >= 20) return b.pointwise('Gelu', [x]);
    const phi = b.withNumber('Add', b.pointwise('Erf', [b.withNumber('Mul', x, Math.SQRT1_2)]), 1);
    return b.pointwise('Mul', [b.withNumber('Mul', x, 0.5), phi]);
  },
  geluTanh: (b, x) => {
    if (b.opset >= 20) return b.pointwise('Gelu', [x], undefined, { approximate: 'tanh' });
    const cube = b.pointwise('Mul', [b.pointwise('Mul', [x, x]), x]);
    const inner = b.pointwise('Add', [x, b.withNumber('Mul', cube, 0.044715)]);
    const bent = b.pointwise('Tanh', [b.withNumber('Mul', inner, Math.sqrt(2 / Math.PI))]);
    return b.pointwise('Mul', [b.withNumber('Mul', x, 0.5), b.withNumber('Add', bent, 1)]);
  },
  silu: (b, x) => b.pointwise('Mul', [x, b.pointwise('Sigmoid', [x])]),
  exp2: (b, x) => b.pointwise('Pow', [b.scalar(x.dtype, 2), x]),
  expm1: (b, x) => {
    // Near 0 the difference would lose what matters: there eˣ - 1 = 2t / (1 - t), with t = tanh(x/2).
    const t = b.pointwise('Tanh', [b.withNumber('Mul', x, 0.5)]);
    const near = b.pointwise('Div', [
      b.withNumber('Mul', t, 2),
      b.pointwise('Sub', [b.scalar(x.dtype, 1), t]),
    ]);
    const far = b.withNumber('Sub', b.pointwise('Exp', [x]), 1);
    return b.pointwise('Where', [isSmall(b, x), near, far], x.dtype);
  },
  log1p: (b, x) => {
    // Near 0 what the sum 1 + x has lost is put right: ln(u)·x / (u - 1).
    const u = b.withNumber('Add', x, 1);
    const logarithm = b.pointwise('Log', [u]);
    const difference = b.withNumber('Sub', u, 1);
    const isNothing = b.pointwise('Equal', [difference, b.scalar(x.dtype, 0)], 'bool');
    const safe = b.pointwise('Where', [isNothing, b.scalar(x.dtype, 1), difference], x.dtype);
    const corrected = b.pointwise('Div', [b.pointwise('Mul', [logarithm, x]), safe]);
    const near = b.pointwise('Where', [isNothing, x, corrected], x.dtype);
    return b.pointwise('Where', [isSmall(b, x), near, logarithm], x.dtype);
  },
  log2: (b, x) => b.withNumber('Mul', b.pointwise('Log', [x]), Math.LOG2E),
  log10: (b, x) => b.withNumber('Mul', b.pointwise('Log', [x]), Math.LOG10E),
  rsqrt: (b, x) => b.pointwise('Reciprocal', [b.pointwise('Sqrt', [x])]),
  trunc: (b, x) => {
    const isNegative = b.pointwise('Less', [x, b.scalar(x.dtype, 0)], 'bool');
    return b.pointwise('Where', [isNegative, b.pointwise('Ceil', [x]), b.pointwise('Floor', [x])], x.dtype);
  },
  erfc: (b, x) => b.pointwise('Sub', [b.scalar(x.dtype, 1), b.pointwise('Erf', [x])]),
};

const isSmall = (b: Builder, x: Value): Value =>
  b.pointwise('Less', [b.pointwise('Abs', [x]), b.scalar(x.dtype, 0.5)], 'bool');

export function unary({ builder, memory }: Scribe, op: UnaryOp, x: View, out: View): void {
  builder.doing = op;
  const value = memory.read(x);
  const [name, composed] = [NAMES[op], COMPOSED[op]];
  if (name !== undefined) memory.write(out, builder.pointwise(name, [value]));
  else if (composed !== undefined) memory.write(out, composed(builder, value));
  else builder.fail('ONNX has no such operation');
}
