import { createRequire } from 'node:module';
import { dtypeCode } from '../../lib/dtype.js';
import { loadNative, nativeInfo } from '../../lib/backend/native.js';

/** The addon as it is, without the TypeScript in front of it that knows what it may pass. */
export interface RawAddon {
  readonly block: Float64Array;
  readonly allocate: (bytes: unknown) => ArrayBuffer;
  readonly isAligned: (buffer: unknown) => boolean;
  readonly setNumThreads: (count: unknown) => void;
  readonly [kernel: string]: unknown;
}

export function rawAddon(): RawAddon {
  loadNative();
  return createRequire(import.meta.url)(nativeInfo().path) as RawAddon;
}

const BOOL = dtypeCode('bool');
const INT32 = dtypeCode('int32');
const FLOAT = dtypeCode('float32');

/** A right call: the numbers of the block, and how many bytes each buffer has. */
export interface Call {
  readonly kernel: string;
  readonly numbers: readonly number[];
  readonly bytes: readonly number[];
}

const at = (dtype: number, ...strides: number[]): number[] => [dtype, 0, ...strides];

// kernel, stride, padding and dilation of a window over 5 × 5 that stops at 3 × 3 places.
const WINDOW = [5, 5, 3, 3, 3, 3, 2, 2, 1, 1, 1, 1];

/** One for every kernel, as small as it can be and still touch all of its buffers to the last byte. */
export const CALLS: readonly Call[] = [
  { kernel: 'unary', numbers: [0, 2, 3, 4, ...at(FLOAT, 4, 1), ...at(FLOAT, 1, 3)], bytes: [48, 48] },
  {
    kernel: 'binary',
    numbers: [0, 2, 3, 4, ...at(FLOAT, 4, 1), ...at(FLOAT, 0, 1), ...at(FLOAT, 4, 1)],
    bytes: [48, 16, 48],
  },
  {
    kernel: 'compare',
    numbers: [2, 1, 9, ...at(FLOAT, 1), ...at(FLOAT, 0), ...at(BOOL, 1)],
    bytes: [36, 4, 9],
  },
  {
    kernel: 'where',
    numbers: [2, 3, 2, ...at(BOOL, 2, 1), ...at(FLOAT, 1, 3), ...at(FLOAT, 0, 0), ...at(FLOAT, 2, 1)],
    bytes: [6, 24, 4, 24],
  },
  { kernel: 'copy', numbers: [2, 3, 4, ...at(FLOAT, 1, 3), ...at(INT32, 4, 1)], bytes: [48, 48] },
  { kernel: 'fill', numbers: [2, 3, 4, ...at(FLOAT, 4, 1), 7], bytes: [48] },
  { kernel: 'reduce', numbers: [0, 2, 3, 4, 0, 1, ...at(FLOAT, 4, 1), ...at(FLOAT)], bytes: [48, 12] },
  { kernel: 'reduce', numbers: [4, 2, 3, 4, 1, 0, ...at(FLOAT, 4, 1), ...at(INT32)], bytes: [48, 16] },
  {
    kernel: 'matmul',
    numbers: [0, 3, 2, 3, 4, 5, ...at(FLOAT, 15, 5, 1), ...at(FLOAT, 0, 1, 5), ...at(FLOAT)],
    bytes: [120, 80, 96],
  },
  {
    kernel: 'matmul',
    numbers: [1, 2, 3, 4, 5, ...at(FLOAT, 5, 1), ...at(FLOAT, 1, 5), ...at(FLOAT), ...at(FLOAT)],
    bytes: [60, 80, 16, 48],
  },
  { kernel: 'im2col', numbers: [2, 3, ...WINDOW, ...at(FLOAT), ...at(FLOAT)], bytes: [600, 1944] },
  { kernel: 'col2im', numbers: [2, 3, ...WINDOW, ...at(FLOAT), ...at(FLOAT)], bytes: [1944, 600] },
  {
    kernel: 'conv2d',
    numbers: [
      2,
      2,
      4,
      2,
      ...WINDOW,
      1,
      1,
      ...at(FLOAT, 50, 25, 5, 1),
      ...at(FLOAT),
      ...at(FLOAT),
      ...at(FLOAT, 36, 9, 3, 1),
    ],
    bytes: [400, 144, 16, 288],
  },
  {
    kernel: 'conv2dInput',
    numbers: [
      2,
      2,
      4,
      2,
      ...WINDOW,
      1,
      ...at(FLOAT, 36, 9, 3, 1),
      ...at(FLOAT),
      ...at(FLOAT, 50, 25, 5, 1),
      ...at(FLOAT, 50, 25, 5, 1),
    ],
    bytes: [288, 144, 400, 400],
  },
  {
    kernel: 'conv2dWeight',
    numbers: [2, 2, 4, 2, ...WINDOW, ...at(FLOAT, 50, 25, 5, 1), ...at(FLOAT, 36, 9, 3, 1), ...at(FLOAT)],
    bytes: [400, 288, 144],
  },
  {
    kernel: 'maxPool2d',
    numbers: [
      2,
      3,
      ...WINDOW,
      ...at(FLOAT, 75, 25, 5, 1),
      ...at(FLOAT, 27, 9, 3, 1),
      ...at(INT32, 27, 9, 3, 1),
    ],
    bytes: [600, 216, 216],
  },
  {
    kernel: 'maxPool2d',
    numbers: [
      2,
      3,
      ...WINDOW,
      ...at(FLOAT, 1, 50, 10, 2),
      ...at(FLOAT, 1, 18, 6, 2),
      ...at(INT32, 1, 18, 6, 2),
    ],
    bytes: [600, 216, 216],
  },
  {
    kernel: 'maxPool2dGrad',
    numbers: [
      2,
      3,
      ...WINDOW,
      ...at(FLOAT, 75, 25, 5, 1),
      ...at(FLOAT, 27, 9, 3, 1),
      ...at(INT32, 27, 9, 3, 1),
    ],
    bytes: [216, 216, 600],
  },
  {
    kernel: 'maxPool2dGrad',
    numbers: [
      2,
      3,
      ...WINDOW,
      ...at(FLOAT, 1, 50, 10, 2),
      ...at(FLOAT, 1, 18, 6, 2),
      ...at(INT32, 1, 18, 6, 2),
    ],
    bytes: [216, 216, 600],
  },
  {
    kernel: 'batchNorm',
    numbers: [
      1e-5, 1, 3, 2, 3, 4, ...at(FLOAT, 12, 4, 1), ...at(FLOAT, 1, 8, 2), ...at(FLOAT), ...at(FLOAT),
      1, ...at(FLOAT), 1, ...at(FLOAT),
    ],
    bytes: [96, 96, 12, 12, 12, 12],
  }, // prettier-ignore
  {
    kernel: 'batchNormGrad',
    numbers: [
      1e-5, 3, 2, 3, 4, ...at(FLOAT, 12, 4, 1), ...at(FLOAT, 1, 8, 2), ...at(FLOAT, 12, 4, 1), ...at(FLOAT),
      ...at(FLOAT), ...at(FLOAT), ...at(FLOAT), 1, ...at(FLOAT),
    ],
    bytes: [96, 96, 96, 12, 12, 12, 12, 12],
  }, // prettier-ignore
  {
    kernel: 'layerNorm',
    numbers: [
      3,
      8,
      1e-5,
      ...at(FLOAT),
      ...at(FLOAT),
      ...at(FLOAT),
      ...at(FLOAT),
      1,
      ...at(FLOAT),
      1,
      ...at(FLOAT),
    ],
    bytes: [96, 96, 12, 12, 32, 32],
  },
  {
    kernel: 'layerNormGrad',
    numbers: [
      3, 8, ...at(FLOAT), ...at(FLOAT), ...at(FLOAT), ...at(FLOAT), ...at(FLOAT), ...at(FLOAT), ...at(FLOAT),
      1, ...at(FLOAT),
    ],
    bytes: [96, 96, 96, 12, 12, 32, 32, 32],
  }, // prettier-ignore
  {
    kernel: 'attention',
    numbers: [
      1, 2, 3, 4, 5, 6, 0.5, 0, 1, FLOAT, 0, 30, 5, 10, 1, 0, 40, 20, 5, 1, 0, 48, 24, 6, 1, 0, 36, 6, 12, 1,
      ...at(FLOAT), 0, 0, 0, 4, 1,
    ],
    bytes: [120, 160, 192, 144, 24, 48],
  }, // prettier-ignore
  {
    kernel: 'attentionGrad',
    numbers: [
      1, 2, 3, 4, 5, 6, 0.5, 1, 1, FLOAT, 0, 30, 5, 10, 1, 0, 40, 20, 5, 1, 0, 48, 24, 6, 1, 0, 36, 6, 12, 1,
      ...at(FLOAT), 0, 36, 18, 6, 1, 0, 30, 15, 5, 1, 0, 40, 5, 10, 1, 0, 48, 24, 6, 1, 0, 0, 0, 4, 1,
    ],
    bytes: [120, 160, 192, 144, 24, 144, 120, 160, 192, 48],
  }, // prettier-ignore
  {
    kernel: 'weightedRuns',
    numbers: [2, 5, 3, 2, 4, ...at(FLOAT), ...at(INT32), ...at(FLOAT), ...at(FLOAT)],
    bytes: [120, 24, 16, 48],
  },
  { kernel: 'scan', numbers: [2, 3, 4, 1, ...at(FLOAT), ...at(FLOAT), ...at(INT32)], bytes: [48, 48, 48] },
  { kernel: 'sort', numbers: [1, 3, 4, 1, ...at(FLOAT), ...at(FLOAT), ...at(INT32)], bytes: [48, 48, 48] },
  { kernel: 'softmax', numbers: [1, 2, 3, 4, ...at(FLOAT, 1, 3), ...at(FLOAT)], bytes: [48, 48] },
  {
    kernel: 'crossEntropy',
    numbers: [3, 4, 1, -100, ...at(FLOAT), ...at(INT32), ...at(FLOAT)],
    bytes: [48, 12, 12],
  },
  {
    kernel: 'crossEntropyGrad',
    numbers: [3, 4, 1, -100, ...at(FLOAT), ...at(INT32), ...at(FLOAT), ...at(FLOAT)],
    bytes: [48, 12, 12, 48],
  },
  {
    kernel: 'gather',
    numbers: [2, 3, 4, 1, 5, ...at(FLOAT, 5, 1), ...at(INT32, 4, 1), ...at(FLOAT, 4, 1)],
    bytes: [60, 48, 48],
  },
  {
    kernel: 'scatter',
    numbers: [0, 2, 3, 4, 0, 6, ...at(FLOAT, 4, 1), ...at(INT32, 1, 0), ...at(FLOAT, 4, 1)],
    bytes: [96, 12, 48],
  },
  {
    kernel: 'cholesky',
    numbers: [2, 3, 3, 1, ...at(FLOAT), ...at(FLOAT), ...at(INT32)],
    bytes: [72, 72, 8],
  },
  {
    kernel: 'lu',
    numbers: [2, 3, 4, 1, ...at(FLOAT), ...at(FLOAT), ...at(INT32), ...at(INT32)],
    bytes: [96, 96, 24, 8],
  },
  {
    kernel: 'luSolve',
    numbers: [2, 3, 4, 1, ...at(FLOAT), ...at(INT32), ...at(FLOAT), ...at(FLOAT)],
    bytes: [72, 24, 96, 96],
  },
  {
    kernel: 'triangularSolve',
    numbers: [2, 3, 4, 1, 1, 0, ...at(FLOAT), ...at(FLOAT), ...at(FLOAT)],
    bytes: [72, 96, 96],
  },
  {
    kernel: 'householder',
    numbers: [2, 3, 4, ...at(FLOAT), ...at(FLOAT), ...at(FLOAT)],
    bytes: [96, 96, 24],
  },
  {
    kernel: 'householderProduct',
    numbers: [2, 4, 3, 2, ...at(FLOAT), ...at(FLOAT), ...at(FLOAT)],
    bytes: [96, 16, 96],
  },
  {
    kernel: 'svd',
    numbers: [2, 3, 4, 2, ...at(FLOAT), ...at(FLOAT), ...at(FLOAT), ...at(FLOAT)],
    bytes: [96, 24, 72, 128],
  },
  {
    kernel: 'svd',
    numbers: [2, 4, 3, 1, ...at(FLOAT), ...at(FLOAT), ...at(FLOAT), ...at(FLOAT)],
    bytes: [96, 24, 96, 72],
  },
  {
    kernel: 'eigh',
    numbers: [2, 3, 3, 1, ...at(FLOAT), ...at(FLOAT), ...at(FLOAT)],
    bytes: [72, 24, 72],
  },
  {
    kernel: 'indexOffsets',
    numbers: [0, 100, 5, 2, 3, 4, ...at(INT32, 1, 3), ...at(INT32, 4, 1)],
    bytes: [48, 48],
  },
  { kernel: 'random', numbers: [1, 9, 1, 2, 3, 0, 1, ...at(FLOAT)], bytes: [36] },
  {
    kernel: 'adam',
    numbers: [
      9,
      0.1,
      0.9,
      0.999,
      1e-8,
      0,
      1,
      0,
      0,
      0,
      ...at(FLOAT),
      ...at(FLOAT),
      ...at(FLOAT),
      ...at(FLOAT),
    ],
    bytes: [36, 36, 36, 36],
  },
  {
    kernel: 'adam',
    numbers: [9, 0.1, 0.9, 0.999, 1e-8, 0.01, 1, 0, 1, 1, ...[0, 1, 2, 3, 4].flatMap(() => at(FLOAT))],
    bytes: [36, 36, 36, 36, 36],
  },
  {
    kernel: 'descend',
    numbers: [
      3,
      9,
      0,
      0,
      0,
      0.99,
      0.01,
      1e-8,
      0.01,
      0.9,
      0,
      0,
      1,
      1,
      1,
      ...[0, 1, 2, 3, 4].flatMap(() => at(FLOAT)),
    ],
    bytes: [36, 36, 36, 36, 36],
  },
  {
    kernel: 'descend',
    numbers: [9, 9, 1, 0.1, 0.1, 0.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...at(FLOAT), ...at(FLOAT)],
    bytes: [36, 36],
  },
  {
    kernel: 'sgd',
    numbers: [9, 0.1, 0.9, 0, 0, 1, 0, 0, 1, ...at(FLOAT), ...at(FLOAT), ...at(FLOAT)],
    bytes: [36, 36, 36],
  },
];

const CANARY = 0xa5;
const MARGIN = 256;

/** Memory between two margins whose bytes are known, so that a write next to it shows. */
export class Guarded {
  readonly view: Uint8Array;
  readonly #all: Uint8Array;

  constructor(bytes: number) {
    const padded = Math.ceil(bytes / 8) * 8;
    this.#all = new Uint8Array(new SharedArrayBuffer(padded + 2 * MARGIN)).fill(CANARY);
    this.view = this.#all.subarray(MARGIN, MARGIN + bytes);
    this.view.fill(0);
  }

  /** Whether only the view itself was written to. */
  get intact(): boolean {
    const end = MARGIN + this.view.length;
    return this.#all.every((byte, i) => (i >= MARGIN && i < end) || byte === CANARY);
  }
}

/** Runs a call; returns what it threw, if it did. */
export function attempt(addon: RawAddon, call: Call, buffers: readonly unknown[]): unknown {
  addon.block.fill(NaN);
  addon.block.set(call.numbers);
  try {
    (addon[call.kernel] as (...args: unknown[]) => unknown)(...buffers);
    return undefined;
  } catch (error) {
    return error;
  }
}
