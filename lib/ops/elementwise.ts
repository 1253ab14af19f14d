import type { BinaryOp, CompareOp, UnaryOp } from '../backend/contract.js';
import { backend } from '../backend/select.js';
import { fits, isFloat, promoteScalar } from '../dtype.js';
import { typeError } from '../errors.js';
import { broadcastShapes, sameShape, type Shape } from '../shape.js';
import { checkTensor, empty, emptyLike, isDense, Tensor } from '../tensor.js';
import { unbroadcast } from './broadcast.js';
import { cast, meet, meetInFloats, toFloat, track, type TensorLike } from './primitive.js';

// Forward and VJP (vector-Jacobian product: from the gradient of the result to the gradient of an input) in one place.
// `saves` names what the VJP reads, so that a later change in place is caught.

type UnaryVjp = (g: Tensor, x: Tensor, y: Tensor) => () => Tensor;

export function unary(
  op: UnaryOp,
  saves: '' | 'x' | 'y',
  vjp: UnaryVjp,
  domain: 'floats' | 'numbers' | 'integers' = 'floats',
  name: string = op,
) {
  return (input: Tensor): Tensor => {
    checkTensor(name, input);
    if (input.dtype === 'bool' && domain !== 'floats') typeError(name, 'expected numbers, got a bool tensor');
    if (domain === 'integers') checkIntegers(name, input);
    const x = domain === 'floats' ? toFloat(input) : input;
    const y = emptyLike(x);
    backend.unary(op, x, y);
    return track(op, y, [x], saves === 'x' ? [x] : saves === 'y' ? [y] : [], (g) => [vjp(g, x, y)]);
  };
}

type BinaryVjp = (g: Tensor, a: Tensor, b: Tensor) => readonly [() => Tensor, () => Tensor];

export function binary(
  op: BinaryOp,
  saves: '' | 'ab' | 'b',
  vjp: BinaryVjp,
  domain: 'floats' | 'numbers' | 'integers' | 'bits' | 'all' = 'all',
  name: string = op,
) {
  return (first: TensorLike, second: TensorLike): Tensor => {
    const [a, b] = domain === 'floats' ? meetInFloats(name, first, second) : meet(name, first, second);
    if (domain === 'integers' || domain === 'bits') checkIntegers(name, a);
    if (a.dtype === 'bool' && (domain === 'numbers' || domain === 'integers'))
      typeError(name, 'expected numbers, got bool tensors');
    const shape = broadcastShapes(name, a.shape, b.shape);
    const y = emptyFor(shape, a, b);
    backend.binary(op, a, b, y);
    const saved = saves === 'ab' ? [a, b] : saves === 'b' ? [b] : [];
    return track(name, y, [a, b], saved, (g) => {
      const [da, db] = vjp(g, a, b);
      return [() => unbroadcast(da(), a.shape), () => unbroadcast(db(), b.shape)];
    });
  };
}

/** Room for what two operands broadcast to, in the layout of one that has its shape and each element once. */
function emptyFor(shape: Shape, a: Tensor, b: Tensor): Tensor {
  if (!sameShape(a.shape, shape) || (!isDense(a) && sameShape(b.shape, shape) && isDense(b)))
    return sameShape(b.shape, shape) ? emptyLike(b) : empty(shape, a.dtype);
  return emptyLike(a);
}

export function compare(op: CompareOp) {
  return (first: TensorLike, second: TensorLike): Tensor => {
    const [a, b] = meet(op, widened(first, second), widened(second, first));
    const y = empty(broadcastShapes(op, a.shape, b.shape), 'bool');
    backend.compare(op, a, b, y);
    return y;
  };
}

/** Integers are compared with a number that does not fit among them in float64, which has room for both. */
const widened = (x: TensorLike, other: TensorLike): TensorLike =>
  x instanceof Tensor && typeof other === 'number' && !fits(promoteScalar(x.dtype, other), other)
    ? cast(x, 'float64')
    : x;

/** Throws for booleans. */
export function checkNumbers(op: string, ...operands: readonly TensorLike[]): void {
  if (operands.every((x) => typeof x === 'boolean' || (x instanceof Tensor && x.dtype === 'bool')))
    typeError(op, 'expected numbers, got bool tensors');
}

function checkIntegers(op: string, x: Tensor): void {
  if (isFloat(x.dtype)) typeError(op, `expected integers or booleans, got a ${x.dtype} tensor`);
}
