import { shapeError } from '../errors.js';
import { formatShape, sameShape, sizeOf } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { readArgs, type Rest } from './arguments.js';
import { reshape, sum } from './broadcast.js';
import { matmul } from './matmul.js';
import { add, mul } from './pointwise.js';
import { meet, toFloat } from './primitive.js';
import { permute, unsqueeze } from './shape.js';

/**
 * `Σᵢⱼ input1ᵢ·weightₒᵢⱼ·input2ⱼ + biasₒ`, for each o.
 * Shapes: input1 (…, I), input2 (…, J), weight (O, I, J), bias (O) → (…, O).
 * Gradients: each the same sum with `g` in the place of the result, over the indices the other two have.
 * @throws ShapeError when shapes do not fit.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.bilinear.html
 */
export function bilinear(
  input1: Tensor,
  input2: Tensor,
  weight: Tensor,
  ...rest: Rest<[bias: Tensor | null], { readonly bias?: Tensor | null }>
): Tensor {
  const op = 'bilinear';
  for (const [name, x] of Object.entries({ input1, input2, weight })) checkTensor(op, x, name);
  const { bias = null } = readArgs<{ bias?: Tensor | null }>(op, rest, ['bias']);
  const [a, b] = meet(op, toFloat(input1), toFloat(input2));
  if (weight.ndim !== 3) shapeError(op, `weight: expected (O, I, J), got ${formatShape(weight.shape)}`);
  const [outputs, first, second] = weight.shape;
  const lead = a.shape.slice(0, -1);
  if (!sameShape(a.shape, [...lead, first]) || !sameShape(b.shape, [...lead, second]))
    shapeError(
      op,
      `inputs ${formatShape(input1.shape)} and ${formatShape(input2.shape)} do not fit weight ${formatShape(weight.shape)}`,
    );
  const [w] = meet(op, weight, a);
  const count = sizeOf(lead);
  const flat = reshape(permute(w, [1, 0, 2]), [first, outputs * second]);
  const halves = reshape(matmul(reshape(a, [count, first]), flat), [count, outputs, second]);
  const y = reshape(sum(mul(halves, unsqueeze(reshape(b, [count, second]), 1)), 2), [...lead, outputs]);
  if (bias === null) return y;
  checkTensor(op, bias, 'bias');
  if (!sameShape(bias.shape, [outputs]))
    shapeError(op, `bias: expected (${outputs},), got ${formatShape(bias.shape)}`);
  return add(y, bias);
}
