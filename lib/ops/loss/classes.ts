import { backend } from '../../backend/select.js';
import { rangeError, shapeError } from '../../errors.js';
import { formatShape } from '../../shape.js';
import { empty, type Tensor } from '../../tensor.js';
import { reshape } from '../broadcast.js';
import { scatterAdd } from '../indexing.js';
import { track } from '../primitive.js';

/** Throws for element `bad` of `target`, which is no class. */
export function notAClass(op: string, target: Tensor, bad: number, classes: number): never {
  rangeError(
    op,
    `target ${target.toArray()[bad]} (element ${bad}) is not one of the ${classes} classes, 0 to ${classes - 1}`,
  );
}

/** Throws unless there is a weight for each class. */
export function checkClassWeight(op: string, weight: Tensor, classes: number): void {
  if (weight.ndim !== 1 || weight.shape[0] !== classes)
    shapeError(op, `weight: expected (${classes},), got ${formatShape(weight.shape)}`);
}

/**
 * The element of each row (R, C) that `target` (R, or R × k) names. Gradient: `g` in those places, 0 elsewhere.
 * @throws RangeError when a target is no class.
 */
export function pickClasses(op: string, rows: Tensor, target: Tensor): Tensor {
  const columns = target.ndim === 1 ? reshape(target, [target.shape[0], 1]) : target;
  const out = empty(columns.shape, rows.dtype);
  const bad = backend.gather(rows, 1, columns, out);
  if (bad >= 0) notAClass(op, target, bad, rows.shape[1]);
  const picked = track('gather', out, [rows], [columns], (g) => [
    () => scatterAdd(empty(rows.shape, g.dtype, true), 1, columns, g),
  ]);
  return reshape(picked, target.shape);
}
