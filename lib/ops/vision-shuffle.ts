import { shapeError } from '../errors.js';
import { formatShape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { checkInteger, readArgs, type Rest } from './arguments.js';
import { reshape } from './broadcast.js';
import { permute } from './shape.js';

/**
 * r² channels become r times r pixels: out[…, c, y·r + i, x·r + j] = input[…, c·r² + i·r + j, y, x].
 * Shapes: (…, C·r², H, W) → (…, C, H·r, W·r).
 * Gradient: {@link pixelUnshuffle} of `g`.
 * @throws ShapeError when the channels do not suffice.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.pixel_shuffle.html
 */
export function pixelShuffle(
  input: Tensor,
  ...rest: Rest<[upscaleFactor: number], { readonly upscaleFactor?: number }>
): Tensor {
  const op = 'pixelShuffle';
  const { upscaleFactor: r } = readArgs<{ upscaleFactor?: number }>(op, rest, ['upscaleFactor']);
  checkTensor(op, input);
  checkInteger(op, 'upscaleFactor', r, 1);
  const [c, h, w] = input.shape.slice(-3);
  const lead = input.shape.slice(0, -3);
  if (input.ndim < 3 || c % r ** 2 !== 0)
    shapeError(op, `expected (…, C·${r ** 2}, H, W), got ${formatShape(input.shape)}`);
  const n = lead.length;
  const split = reshape(input, [...lead, c / r ** 2, r, r, h, w]);
  const mixed = permute(split, [...lead.keys(), n, n + 3, n + 1, n + 4, n + 2]);
  return reshape(mixed, [...lead, c / r ** 2, h * r, w * r]);
}

/**
 * r times r pixels become r² channels: the reverse of {@link pixelShuffle}.
 * Shapes: (…, C, H·r, W·r) → (…, C·r², H, W).
 * Gradient: {@link pixelShuffle} of `g`.
 * @throws ShapeError when r does not divide the sizes.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.functional.pixel_unshuffle.html
 */
export function pixelUnshuffle(
  input: Tensor,
  ...rest: Rest<[downscaleFactor: number], { readonly downscaleFactor?: number }>
): Tensor {
  const op = 'pixelUnshuffle';
  const { downscaleFactor: r } = readArgs<{ downscaleFactor?: number }>(op, rest, ['downscaleFactor']);
  checkTensor(op, input);
  checkInteger(op, 'downscaleFactor', r, 1);
  const [c, h, w] = input.shape.slice(-3);
  const lead = input.shape.slice(0, -3);
  if (input.ndim < 3 || h % r !== 0 || w % r !== 0)
    shapeError(op, `expected (…, C, H·${r}, W·${r}), got ${formatShape(input.shape)}`);
  const n = lead.length;
  const split = reshape(input, [...lead, c, h / r, r, w / r, r]);
  const mixed = permute(split, [...lead.keys(), n, n + 2, n + 4, n + 1, n + 3]);
  return reshape(mixed, [...lead, c * r ** 2, h / r, w / r]);
}

/**
 * The channels of `groups` groups in turn: the first of each, then the second of each, ….
 * Shapes: (N, C, …) → the same.
 * Gradient: `g` with its channels put back.
 * @throws ShapeError when the groups do not divide the channels.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html
 */
export function channelShuffle(
  input: Tensor,
  ...rest: Rest<[groups: number], { readonly groups?: number }>
): Tensor {
  const op = 'channelShuffle';
  const { groups } = readArgs<{ groups?: number }>(op, rest, ['groups']);
  checkTensor(op, input);
  checkInteger(op, 'groups', groups, 1);
  const [n, c, ...image] = input.shape;
  if (input.ndim < 3 || c % groups !== 0)
    shapeError(op, `expected (N, C·${groups}, …), got ${formatShape(input.shape)}`);
  const split = reshape(input, [n, groups, c / groups, ...image]);
  const mixed = permute(split, [0, 2, 1, ...image.map((_, i) => i + 3)]);
  return reshape(mixed, input.shape);
}
