import { describe, rangeError, shapeError, typeError } from '../../errors.js';
import type { Picture } from '../../io/png.js';
import { formatShape } from '../../shape.js';
import type { Tensor } from '../../tensor.js';

/** Pictures in a row of the grid that several make. */
const COLUMNS = 8;

/**
 * The pixels of a tensor: bytes as they are, floats from 0 to 1, what lies outside cut. Grey becomes RGB, and several pictures
 * one, in rows of 8, as in torch.utils.tensorboard.
 * @param format what the dimensions are, such as `'CHW'` or `'NHWC'`
 */
export function pictureOf(op: string, tensor: Tensor, format: unknown, words: readonly string[]): Picture {
  const letters = typeof format === 'string' ? format.toUpperCase() : '';
  const isKnown = words.some((word) => sorted(word) === sorted(letters));
  if (!isKnown)
    rangeError(
      op,
      `dataformats: expected ${words.map((word) => `'${word}'`).join(' or ')} in any order, got ${describe(format)}`,
    );
  const { shape, dtype } = tensor;
  if (dtype === 'int32') typeError(op, `expected bytes (uint8) or floats from 0 to 1, got ${dtype}`);
  if (shape.length !== letters.length)
    shapeError(
      op,
      `dataformats: ${letters} has ${letters.length} dimensions, got shape ${formatShape(shape)}`,
    );
  const size = (letter: string): number => (letters.includes(letter) ? shape[letters.indexOf(letter)] : 1);
  const [count, height, width, given] = [size('N'), size('H'), size('W'), size('C')];
  if (given !== 1 && given !== 3 && given !== 4)
    shapeError(op, `expected 1, 3 or 4 channels, got ${given} in shape ${formatShape(shape)}`);
  if (tensor.size === 0) shapeError(op, `expected a picture, got shape ${formatShape(shape)}`);
  const channels = given === 1 ? 3 : given;
  const columns = Math.min(count, COLUMNS);
  const rows = Math.ceil(count / columns);
  const pixels = new Uint8Array(rows * height * columns * width * channels);
  const bytes = bytesOf(tensor);
  const strideOf = (letter: string): number =>
    letters.includes(letter) ? shape.slice(letters.indexOf(letter) + 1).reduce((a, b) => a * b, 1) : 0;
  const [strideN, strideH, strideW, strideC] = ['N', 'H', 'W', 'C'].map(strideOf);
  // Grey has the same in all three.
  const step = given === 1 ? 0 : strideC;
  for (let n = 0; n < count; n++)
    for (let y = 0; y < height; y++) {
      const row = Math.floor(n / columns) * height + y;
      let to = (row * columns + (n % columns)) * width * channels;
      let from = n * strideN + y * strideH;
      for (let x = 0; x < width; x++, from += strideW)
        for (let c = 0; c < channels; c++) pixels[to++] = bytes[from + c * step];
    }
  return { pixels, width: columns * width, height: rows * height, channels };
}

const sorted = (word: string): string => Array.from(word).sort().join('');

/** Values as bytes, in row-major order. PyTorch cuts off what is behind the point, in float32. */
function bytesOf(tensor: Tensor): Uint8Array {
  const values = tensor.toArray();
  if (values instanceof Uint8Array && tensor.dtype === 'uint8') return values;
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const scaled = Math.fround(Math.fround(values[i]) * 255);
    // What is not a number is black.
    bytes[i] = scaled >= 255 ? 255 : scaled > 0 ? scaled : 0;
  }
  return bytes;
}
