import {
  affineGrid,
  channelShuffle,
  functional as F,
  gridSample,
  interpolate,
  nn,
  ones,
  pixelShuffle,
  pixelUnshuffle,
  ShapeError,
  upsampleBilinear,
} from '../lib/index.js';
import { testWrongCalls } from './support/wrong-calls.js';

const image = ones([1, 2, 3, 4]);
const grid = ones([1, 2, 2, 2]);

// Bad input to what resizes, samples and shuffles images.
// prettier-ignore
testWrongCalls([
  [() => interpolate(image), RangeError, '[interpolate] expected either size or scaleFactor, got neither'],
  [() => interpolate(image, 2, 2), RangeError, '[interpolate] expected either size or scaleFactor, got both'],
  [() => interpolate(image, [1, 2, 3]), TypeError, '[interpolate] size: expected a number or 2 of them, got an array of 3'],
  [() => interpolate(image, 1.5), RangeError, '[interpolate] size: expected whole numbers from 1, got 1.5'],
  [() => interpolate(image, null, 0), RangeError, '[interpolate] scaleFactor: expected numbers above 0, got 0'],
  [() => interpolate(image, null, 0.1), RangeError, '[interpolate] size: expected whole numbers from 1, got 0'],
  [() => interpolate(image, 2, null, 'cubic' as never), RangeError, "[interpolate] mode: expected 'nearest' or 'nearest-exact' or 'linear' or 'bilinear' or 'bicubic' or 'trilinear' or 'area', got \"cubic\""],
  [() => interpolate(image, 2, null, 'linear'), ShapeError, "[interpolate] mode 'linear': expected 3 dimensions, got (1, 2, 3, 4)"],
  [() => interpolate(ones([2, 3]), 2), ShapeError, "[interpolate] mode 'nearest': expected 3 to 5 dimensions, got (2, 3)"],
  [() => interpolate(ones([1, 2, 0]), 2), ShapeError, '[interpolate] expected images with elements, got (1, 2, 0)'],
  [() => interpolate(image, 2, null, 'nearest', false), RangeError, "[interpolate] alignCorners: only linear, bilinear, bicubic and trilinear take it, got mode 'nearest'"],
  [() => interpolate(image, { size: 2, antialias: true }), RangeError, "[interpolate] antialias: only bilinear and bicubic take it, got mode 'nearest'"],
  [() => interpolate(image, 2, null, 'area', null, true), RangeError, '[interpolate] recomputeScaleFactor: needs a scaleFactor, got a size'],
  [() => upsampleBilinear(ones([1, 2, 3]), 2), ShapeError, "[upsampleBilinear] mode 'bilinear': expected 4 dimensions, got (1, 2, 3)"],
  [() => gridSample(image, grid, 'cubic' as never), RangeError, "[gridSample] mode: expected 'bilinear' or 'nearest' or 'bicubic', got \"cubic\""],
  [() => gridSample(image, grid, { paddingMode: 'reflect' as never }), RangeError, "[gridSample] paddingMode: expected 'zeros' or 'border' or 'reflection', got \"reflect\""],
  [() => gridSample(image, ones([1, 2, 2, 3])), ShapeError, '[gridSample] expected input (N, C, H, W) and grid (N, OH, OW, 2), or input (N, C, D, H, W) and grid (N, OD, OH, OW, 3), got (1, 2, 3, 4) and (1, 2, 2, 3)'],
  [() => gridSample(image, grid.to('float64')), TypeError, '[gridSample] grid: expected float32, got float64'],
  [() => gridSample(ones([1, 1, 2, 2, 2]), ones([1, 1, 1, 1, 3]), 'bicubic'), RangeError, "[gridSample] mode in three dimensions: expected 'bilinear' or 'nearest', got \"bicubic\""],
  [() => affineGrid(ones([1, 2, 3])), TypeError, '[affineGrid] size: expected an array of sizes, got undefined'],
  [() => affineGrid(ones([1, 2, 3]), [2, 1, 3, 3]), ShapeError, '[affineGrid] expected theta (N, 2, 3) and size (N, C, H, W), or theta (N, 3, 4) and size (N, C, D, H, W), got (1, 2, 3) and (2, 1, 3, 3)'],
  [() => pixelShuffle(image, 2), ShapeError, '[pixelShuffle] expected (…, C·4, H, W), got (1, 2, 3, 4)'],
  [() => pixelUnshuffle(image, 2), ShapeError, '[pixelUnshuffle] expected (…, C, H·2, W·2), got (1, 2, 3, 4)'],
  [() => pixelShuffle(image, 0), RangeError, '[pixelShuffle] upscaleFactor: expected a whole number from 1, got 0'],
  [() => channelShuffle(image, 3), ShapeError, '[channelShuffle] expected (N, C·3, …), got (1, 2, 3, 4)'],
  [() => F.unfold(ones([3, 3]), 2), ShapeError, '[functional.unfold] expected (N, C, H, W) or (C, H, W), got (3, 3)'],
  [() => F.fold(ones([3, 3]), 3, 2), ShapeError, '[functional.fold] expected (N, C·4, 4) or (C·4, 4), got (3, 3)'],
  [() => new nn.Upsample(), RangeError, '[Upsample] expected either size or scaleFactor, got neither'],
  [() => new nn.PixelShuffle(1.5), RangeError, '[PixelShuffle] upscaleFactor: expected a whole number from 1, got 1.5'],
  [() => new nn.Fold(3, 0), RangeError, '[Fold] kernel size: expected whole numbers from 1, got 0'],
  [() => new nn.ZeroPad2d([1, 2] as never), TypeError, '[ZeroPad2d] padding: expected a number or 4 of them, got an array of 2'],
  [() => new nn.ConstantPad1d(1, '0' as never), TypeError, '[ConstantPad1d] value: expected a number, got "0"'],
  [() => new nn.ReflectionPad1d(1.5), RangeError, '[ReflectionPad1d] padding: expected whole numbers, got 1.5'],
  [() => new nn.ReplicationPad2d(1).forward(ones([2, 2])), ShapeError, '[ReplicationPad2d] expected 3 or 4 dimensions, got (2, 2)'],
  [() => new nn.Conv2d(1, 1, 3, { paddingMode: 'reflection' as never }), RangeError, "[Conv2d] paddingMode: expected 'zeros' or 'reflect' or 'replicate' or 'circular', got \"reflection\""],
  [() => new nn.Conv1d(1, 1, 3, 2, 'same'), RangeError, "[Conv1d] padding: 'same' needs a stride of 1, got 2"],
]);
