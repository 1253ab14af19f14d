import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { io, Tensor } from '../lib/index.js';
import { fixture, inFolder } from './support/files.js';
import { Random } from './support/inputs.js';

// Files with some bytes changed, taken away or put in: an error that names the file, or the content as it was; never
// anything else, and in no more time than the whole file takes.

const RUNS = Number(process.env.MGP_FUZZ ?? 300);

/** Everything in what was read, as one text. */
function contentOf(value: unknown): string {
  if (value instanceof Tensor)
    return `${value.dtype} ${value.shape.join()} ${Buffer.from(value.toArray().buffer).toString('base64')}`;
  if (value instanceof Map) return contentOf([...value]);
  if (Array.isArray(value)) return `[${value.map(contentOf).join('\n')}]`;
  if (typeof value === 'object' && value !== null) return contentOf(Object.entries(value));
  return String(value);
}

function damage(whole: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(whole);
  const at = random.below(bytes.length);
  const length = 1 + random.below(16);
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(random.below(bytes.length))]);
    case 3:
      return bytes.fill(random.pick([0, 1, 0x7f, 0x80, 0xff]), at, Math.min(at + length, bytes.length));
    default:
      for (let i = random.below(3); i >= 0; i--) bytes[random.below(bytes.length)] ^= 1 << random.below(8);
      return bytes;
  }
}

interface Case {
  readonly file: string;
  readonly op: string;
  readonly read: (path: string) => Promise<unknown>;
  /** Whether damage to what it holds is always noticed. */
  readonly checked: boolean;
}

const cases: Case[] = [
  ...['plain', 'compressed', 'descriptors', 'zip64', 'versions'].map((name) => ({
    file: `npy/${name}.npz`,
    op: 'npz',
    read: io.npz.load,
    checked: true,
  })),
  { file: 'dtypes.pt', op: 'torch.load', read: io.torch.load, checked: true },
  { file: 'checkpoint.pt', op: 'torch.load', read: io.torch.load, checked: true },
  { file: 'torch.safetensors', op: 'safetensors', read: io.safetensors.loadFile, checked: false },
];

for (const { file, op, read, checked } of cases)
  test(`damaged in ${RUNS} ways: ${file}`, async (t) => {
    const whole = await readFile(fixture(file));
    const random = new Random(file);
    // What entries are called, and dates of theirs, have no checksum.
    const expected = checked ? valuesOf(await read(fixture(file))) : '';
    let same = 0;
    await inFolder(async (folder) => {
      const path = join(folder, 'damaged');
      for (let i = 0; i < RUNS; i++) {
        const bytes = damage(whole, random);
        await writeFile(path, bytes);
        try {
          const content = valuesOf(await read(path));
          same++;
          if (checked && content !== expected) t.fail(`run ${i}: other content, and no error`);
        } catch (error) {
          const { message } = error as Error;
          const isOurs =
            (error instanceof TypeError || error instanceof RangeError) &&
            message.startsWith(`[${op}] ${path}: `);
          if (!isOurs) t.fail(`run ${i}: ${(error as Error).stack}`);
        }
      }
    });
    t.true(same < RUNS / 2, `${same} of ${RUNS} were read`);
  });

/** The content, whatever the entries of an archive are called. */
const valuesOf = (read: unknown): string =>
  contentOf(read instanceof Tensor || Array.isArray(read) ? read : Object.values(read as object));

test(`damaged in ${RUNS} ways: an .npy file`, async (t) => {
  const whole = Buffer.concat(io.npy.serialize((await io.npz.load(fixture('npy/plain.npz'))).float32));
  const random = new Random('npy');
  await inFolder(async (folder) => {
    const path = join(folder, 'damaged.npy');
    for (let i = 0; i < RUNS; i++) {
      const bytes = damage(whole, random);
      await writeFile(path, bytes);
      const outcomes = await Promise.all([
        io.npy.load(path).then(contentOf, String),
        Promise.resolve()
          .then(() => io.npy.deserialize(bytes, path))
          .then(contentOf, String),
      ]);
      t.is(outcomes[0], outcomes[1]);
      if (outcomes[0].includes('Error'))
        t.regex(outcomes[0], /^(Type|Range)Error: \[npy\] \/.*damaged\.npy: /);
    }
  });
});
