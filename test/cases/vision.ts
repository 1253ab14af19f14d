import { real } from '../support/inputs.js';
import type { Nd } from '../support/oracle.js';
import * as vision from '../support/oracle-vision.js';
import { floatsOnly, row, type Row } from '../support/row.js';

/** Images of other sizes, and images read anywhere. */
export const VISION: readonly Row[] = [
  row('interpolate', { oracle: vision.interpolate, dtypes: floatsOnly },
    [real(2, 2, 5), 3], [real(1, 2, 3, 4), [5, 2]], [real(1, 1, 2, 3, 2), null, 2], [real(1, 2, 4), null, 1.7, 'nearest-exact'], [real(1, 2, 4), 7, null, 'linear'],
    [real(2, 1, 4), null, 0.6, 'linear', false, true], [real(1, 2, 4, 3), [3, 6], null, 'bilinear', true], [real(1, 2, 4, 3), { size: 2, mode: 'bilinear' }], [real(9, 1, 2, 3), null, 2, 'bilinear', false],
    [real(1, 2, 4, 3), null, [1.7, 0.7], 'bicubic'], [real(1, 1, 3, 5), [5, 3], null, 'bicubic', true], [real(1, 1, 2, 3, 2), 3, null, 'trilinear'], [real(1, 2, 2, 3, 2), { scaleFactor: 2, mode: 'trilinear', alignCorners: true }],
    [real(1, 2, 5, 4), [3, 6], null, 'area'], [real(0, 2, 3), 2], [real(1, 1, 1, 1), 3, null, 'bilinear', true], [real(1, 1, 3, 3), null, 1.1, 'bilinear']),
  row('upsample', { oracle: vision.interpolate, dtypes: floatsOnly }, [real(1, 2, 3), 5], [real(1, 2, 3, 2), null, 2, 'bilinear', true]),
  row('upsampleNearest', { oracle: vision.interpolate, dtypes: floatsOnly }, [real(1, 2, 3, 2), [5, 2]], [real(2, 2, 4), { scaleFactor: 1.7 }]),
  row('upsampleBilinear', { oracle: (x: Nd, ...rest: unknown[]) => vision.interpolate(x, ...rest, { mode: 'bilinear', alignCorners: true }), dtypes: floatsOnly },
    [real(1, 2, 3, 2), [5, 2]], [real(1, 2, 4, 4), { scaleFactor: 0.6 }]),
  row('pixelShuffle', { oracle: vision.pixelShuffle }, [real(2, 8, 2, 3), 2], [real(9, 1, 2), 3], [real(1, 2, 3, 4, 1, 2), 2], [real(1, 0, 1, 1), 1], [real(0, 4, 2, 2), 2]),
  row('pixelUnshuffle', { oracle: vision.pixelUnshuffle }, [real(2, 2, 4, 6), 2], [real(1, 3, 6), 3], [real(1, 2, 1, 4, 2), 2], [real(1, 1, 0, 1), 1], [real(0, 1, 2, 2), 2]),
  row('channelShuffle', { oracle: vision.channelShuffle }, [real(2, 6, 2), 3], [real(1, 4, 2, 3), 2], [real(0, 2, 2), 1]),
  row('gridSample', { oracle: vision.gridSample, dtypes: floatsOnly },
    [real(2, 2, 3, 4), real(2, 2, 3, 2)], [real(1, 2, 4, 3), real(1, 3, 2, 2), 'bilinear', 'border', true], [real(1, 2, 3, 2), real(1, 2, 2, 2), { paddingMode: 'reflection' }], [real(1, 1, 3, 4), real(1, 2, 2, 2), 'bilinear', 'reflection', true],
    [real(2, 2, 3, 4), real(2, 2, 3, 2), 'nearest'], [real(1, 2, 3, 4), real(1, 2, 3, 2), 'nearest', 'reflection', true], [real(1, 1, 3, 4), real(1, 2, 2, 2), { mode: 'nearest', paddingMode: 'border' }],
    [real(1, 2, 3, 4), real(1, 2, 2, 2), 'bicubic'], [real(1, 1, 4, 3), real(1, 2, 2, 2), 'bicubic', 'border', true], [real(1, 1, 3, 4), real(1, 2, 2, 2), 'bicubic', 'reflection'],
    [real(1, 2, 2, 3, 2), real(1, 2, 1, 2, 3)], [real(1, 1, 2, 3, 2), real(1, 2, 1, 2, 3), 'nearest', 'border'], [real(0, 2, 3, 3), real(0, 2, 2, 2)], [real(1, 1, 1, 1), real(1, 2, 1, 2), 'bilinear', 'reflection', true]),
  row('affineGrid', { oracle: vision.affineGrid, dtypes: floatsOnly },
    [real(2, 2, 3), [2, 1, 3, 4]], [real(1, 2, 3), [1, 2, 1, 3], true], [real(2, 3, 4), [2, 1, 2, 3, 2]], [real(1, 2, 3), { size: [1, 1, 2, 2], alignCorners: true }]),
]; // prettier-ignore
