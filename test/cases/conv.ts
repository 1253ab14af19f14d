import { distinct, real } from '../support/inputs.js';
import * as oracle from '../support/oracle.js';
import * as images from '../support/oracle-images.js';
import { floatsOnly, row, type Row } from '../support/row.js';

/** Convolutions, pooling, and what else goes over images. */
export const CONV: readonly Row[] = [
  row('im2col', { oracle: oracle.im2col, dtypes: floatsOnly },
    [real(2, 2, 4, 3), 2], [real(1, 2, 5, 4), [3, 2], { stride: [2, 1], padding: 1 }], [real(1, 1, 5, 5), 2, { dilation: 2, stride: 2 }], [real(0, 1, 3, 3), 2]),
  row('col2im', { oracle: oracle.col2im, dtypes: floatsOnly },
    [real(2, 8, 6), [4, 3], 2], [real(1, 12, 15), [5, 4], [3, 2], { stride: [2, 1], padding: 1 }], [real(1, 4, 4), 5, 2, { dilation: 2, stride: 2 }], [real(0, 4, 4), 3, 2]),
  row('functional.unfold', { oracle: images.unfold, dtypes: floatsOnly },
    [real(2, 2, 4, 3), 2], [real(1, 2, 5, 4), [3, 2], 1, 1, [2, 1]], [real(2, 5, 5), 2, { dilation: [2, 1], stride: 2 }], [real(0, 1, 3, 3), { kernelSize: 2 }]),
  row('functional.fold', { oracle: images.fold, dtypes: floatsOnly },
    [real(2, 8, 6), [4, 3], 2], [real(1, 12, 15), [5, 4], [3, 2], 1, 1, [2, 1]], [real(4, 4), 5, 2, { dilation: 2, stride: 2 }], [real(0, 4, 4), { outputSize: 3, kernelSize: 2 }]),
  row('conv2d', { oracle: images.conv(2), dtypes: floatsOnly },
    // Nothing to multiply comes first: before any kernel has asked for scratch memory.
    [real(1, 0, 3, 3), real(2, 0, 2, 2), real(2)], [real(2, 0, 3, 3), real(2, 0, 1, 1), null], [real(1, 2, 3, 3), real(0, 2, 2, 2), real(0)],
    [real(2, 2, 4, 3), real(3, 2, 2, 2), real(3)], [real(1, 1, 5, 4), real(2, 1, 3, 3), null, { stride: 2, padding: 1 }],
    [real(1, 4, 3, 3), real(4, 2, 2, 2), real(4), { groups: 2 }], [real(1, 2, 4, 4), real(4, 1, 3, 2), null, { groups: 2, padding: [2, 0], stride: [1, 2] }],
    [real(1, 1, 6, 5), real(1, 1, 2, 2), real(1), { dilation: [3, 2] }], [real(3, 3, 3), real(2, 3, 2, 2), real(2)], [real(0, 2, 3, 3), real(1, 2, 2, 2), real(1)],
    [real(2, 2, 2, 2), real(2, 2, 1, 1)], [real(1, 1, 3, 3), real(1, 1, 2, 2), null, { stride: 5, padding: [0, 2] }],
    // Vectors of images.
    [real(8, 1, 2, 2), real(1, 1, 2, 2), real(1), { padding: 1 }], [real(9, 2, 3, 2), real(2, 1, 2, 1), real(2), { groups: 2, stride: [2, 1] }],
    [real(10, 1, 2, 1), real(2, 1, 1, 1), null, { padding: [2, 1], stride: 2 }], [real(8, 1, 3, 3), real(1, 1, 2, 2), null, { dilation: 2, padding: 1 }],
    // By position, and padding that is a word.
    [real(1, 2, 4, 5), real(2, 1, 2, 3), real(2), [2, 1], [1, 2], 1, 2], [real(1, 1, 4, 3), real(2, 1, 2, 3), null, { padding: 'same', dilation: [3, 1] }],
    [real(2, 1, 3, 4), real(1, 1, 2, 2), null, 2, 'valid'], [real(2, 3, 3), real(3, 2, 2, 2), real(3), 1, 'same'], [real(9, 1, 2, 3), real(1, 1, 2, 2), null, { padding: 'same' }]),
  row('conv1d', { oracle: images.conv(1), dtypes: floatsOnly },
    [real(2, 3, 5), real(4, 3, 2), real(4)], [real(3, 4), real(2, 3, 3), real(2), { stride: 2, padding: 2 }], [real(1, 4, 8), real(2, 2, 3), null, { stride: 3, padding: 1, groups: 2, dilation: 2 }],
    [real(2, 2, 4), real(2, 1, 4), real(2), { padding: 'same', groups: 2, dilation: [2] }], [real(2, 4), real(1, 2, 3), null, { padding: 'valid', stride: [2] }],
    [real(0, 2, 3), real(1, 2, 2), real(1)], [real(9, 1, 4), real(2, 1, 2), real(2), { padding: 1 }], [real(1, 2, 1), real(2, 2, 1)]),
  row('conv3d', { oracle: images.conv(3), dtypes: floatsOnly },
    [real(1, 2, 3, 3, 2), real(2, 2, 2, 2, 1), real(2)], [real(1, 3, 2, 3), real(2, 1, 2, 1, 2), null, { stride: [2, 1, 1], padding: [1, 0, 1] }],
    [real(2, 2, 3, 2, 2), real(2, 1, 2, 1, 1), real(2), { groups: 2, dilation: [2, 1, 1] }], [real(1, 1, 2, 3, 2), real(1, 1, 2, 2, 2), null, { padding: 'same' }],
    [real(0, 1, 2, 2, 2), real(1, 1, 1, 2, 2), real(1)], [real(4, 1, 3, 1, 2), real(1, 1, 2, 1, 1), null, 1, 0]),
  row('convTranspose1d', { oracle: images.convTranspose(1), dtypes: floatsOnly },
    [real(2, 3, 4), real(3, 2, 3), real(2)], [real(2, 3), real(2, 1, 3), real(1), { stride: 2, padding: 1, outputPadding: 1 }],
    [real(1, 2, 4), real(2, 2, 4), null, { stride: [3], padding: [1], outputPadding: [2], groups: 2, dilation: [4] }], [real(1, 1, 3), real(1, 1, 2), null, { dilation: 3, outputPadding: 2 }],
    [real(0, 2, 3), real(2, 1, 2)], [real(8, 1, 2), real(1, 1, 2), real(1)]),
  row('convTranspose2d', { oracle: images.convTranspose(2), dtypes: floatsOnly },
    [real(2, 2, 3, 2), real(2, 3, 2, 2), real(3)], [real(1, 3, 2), real(1, 2, 3, 1), null, { stride: [2, 1], padding: [1, 0], outputPadding: [1, 0] }],
    [real(1, 4, 2, 2), real(4, 1, 2, 3), real(2), { groups: 2, stride: 2, dilation: [1, 2], padding: 1 }], [real(1, 1, 2, 3), real(1, 1, 2, 2), null, 1, 1, [1, 2], 1, [2, 3]],
    [real(9, 1, 2, 2), real(1, 2, 2, 2), real(2), { stride: 2 }], [real(0, 1, 2, 2), real(1, 1, 2, 2)]),
  row('convTranspose3d', { oracle: images.convTranspose(3), dtypes: floatsOnly },
    [real(1, 2, 2, 2, 2), real(2, 1, 2, 1, 2), real(1)], [real(1, 2, 1, 2), real(1, 2, 3, 1, 1), null, { stride: [2, 1, 1], padding: [1, 0, 0], outputPadding: [1, 0, 0] }],
    [real(1, 2, 2, 1, 2), real(2, 1, 2, 1, 1), null, { groups: 2, dilation: [3, 1, 1], outputPadding: [2, 0, 0] }], [real(4, 1, 2, 1, 1), real(1, 1, 2, 1, 1)]),

  row('maxPool2d', { oracle: oracle.maxPool2d, dtypes: floatsOnly },
    [distinct(2, 2, 4, 4), 2], [distinct(1, 2, 5, 6), [3, 2], { stride: [1, 2], padding: 1 }], [distinct(2, 1, 5, 5), 2, { dilation: [2, 3] }],
    [distinct(1, 2, 5, 4), 2, { ceilMode: true, returnIndices: true }], [distinct(2, 5, 3), 3, { stride: 1, padding: [0, 1], returnIndices: true }],
    [distinct(3, 2, 7, 5), 3, { stride: 2, padding: 1, ceilMode: true }], [distinct(0, 2, 4, 4), 2], [distinct(1, 1, 1, 1), 1]),
]; // prettier-ignore
