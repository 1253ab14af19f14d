import { spawnSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { loadNative, nativeInfo } from '../lib/backend/native.js';
import type { Operand } from '../lib/backend/contract.js';
import { dtypeCode } from '../lib/dtype.js';
import { contiguousStrides, sizeOf } from '../lib/shape.js';
import { borrow } from '../lib/storage.js';
import { CALLS, rawAddon } from './support/native-calls.js';

const native = loadNative();
const { path } = nativeInfo();
const addon = rawAddon();
const FLOAT = dtypeCode('float32');
const DOUBLE = dtypeCode('float64');
const INT32 = dtypeCode('int32');

function over(buffer: ArrayBufferLike, shape: readonly number[]): Operand {
  const strides = contiguousStrides(shape);
  return {
    storage: borrow(buffer, 'float32'),
    dtype: 'float32',
    offset: 0,
    shape,
    strides,
    size: sizeOf(shape),
    isContiguous: true,
  };
}

const numbers = (count: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(i));

/** The numbers of a product of two n × n matrices. */
const square = (n: number): number[] => [0, 2, n, n, n, FLOAT, 0, n, 1, FLOAT, 0, n, 1, FLOAT, 0];

/** What a worker starts with: the addon, and n × n matrices to multiply. Plain JavaScript, without a loader for types. */
const PRELUDE = `
  const { parentPort, workerData } = require('node:worker_threads');
  const addon = require(workerData.path);
  const n = workerData.n;
  const matrix = () => Float32Array.from({ length: n * n }, (_, i) => Math.sin(i)).buffer;
  const [a, b, c] = [matrix(), matrix(), matrix()];
  const pack = () => addon.block.set([0, 2, n, n, n, ${FLOAT}, 0, n, 1, ${FLOAT}, 0, n, 1, ${FLOAT}, 0]);
  const multiply = () => { pack(); addon.matmul(a, b, c); };
`;

const start = (body: string, n: number): Worker =>
  new Worker(PRELUDE + body, { eval: true, workerData: { path, n } });

test.serial('shared, external and plain memory give the same results', (t) => {
  const shape = [40, 30];
  const source = numbers(1200);
  const buffers = [new ArrayBuffer(4800), new SharedArrayBuffer(4800), native.allocate(4800)];
  const results = buffers.map((buffer) => {
    new Float32Array(buffer).set(source);
    const x = over(buffer, shape);
    const y = over(
      buffer instanceof ArrayBuffer ? new ArrayBuffer(4800) : new SharedArrayBuffer(4800),
      shape,
    );
    native.unary('tanh', x, y);
    native.binary('mul', y, x, y);
    const product = over(new SharedArrayBuffer(6400), [40, 40]);
    native.matmul(y, { ...x, shape: [30, 40], strides: [1, 30], isContiguous: false }, null, product);
    return [...product.storage.array];
  });
  t.deepEqual(results[1], results[0]);
  t.deepEqual(results[2], results[0]);
  t.true(results[0].every(Number.isFinite));
});

test('allocated memory is aligned, zeroed and as long as asked for', (t) => {
  for (const bytes of [0, 1, 7, 64, 65, 4096, 1e6]) {
    const buffer = native.allocate(bytes);
    t.is(buffer.byteLength, bytes);
    t.true(bytes === 0 || addon.isAligned(buffer), `${bytes} bytes`);
    t.true(new Uint8Array(buffer).every((byte) => byte === 0));
    new Uint8Array(buffer).fill(255); // It must not come back like this.
  }
});

test.serial('results do not depend on the number of threads', (t) => {
  const before = native.getNumThreads();
  const x = over(numbers(700 * 700).buffer, [700, 700]);
  const run = (): string[] => {
    const [product, power] = [
      over(new ArrayBuffer(700 * 700 * 4), [700, 700]),
      over(new ArrayBuffer(700 * 700 * 4), [700, 700]),
    ];
    const [all, rows, columns] = [
      over(new ArrayBuffer(4), []),
      over(new ArrayBuffer(2800), [700]),
      over(new ArrayBuffer(2800), [700]),
    ];
    native.matmul(x, x, null, product);
    native.unary('exp', x, power);
    native.reduce('sum', x, [0, 1], all);
    native.reduce('sum', x, [1], rows);
    native.reduce('sum', x, [0], columns);
    return [product, power, all, rows, columns].map((result) =>
      Buffer.from(result.storage.array.buffer).toString('base64'),
    );
  };
  try {
    native.setNumThreads(1);
    const [, ...alone] = run();
    for (const threads of [2, 3, 8]) {
      native.setNumThreads(threads);
      t.is(native.getNumThreads(), threads);
      const [, ...together] = run();
      t.deepEqual(together, alone, `${threads} threads`);
    }
  } finally {
    native.setNumThreads(before);
  }
});

test.serial('eight workers load the addon at once and compute the same', async (t) => {
  const workers = Array.from({ length: 8 }, () =>
    start('for (let i = 0; i < 50; i++) multiply(); parentPort.postMessage(new Float32Array(c));', 96),
  );
  const results = await Promise.all(workers.map((worker) => once(worker, 'message')));
  await Promise.all(workers.map((worker) => worker.terminate()));
  const n = 96;
  const [a, c] = [numbers(n * n).buffer, new ArrayBuffer(n * n * 4)];
  addon.block.set(square(n));
  (addon.matmul as (...buffers: ArrayBuffer[]) => void)(a, a, c);
  for (const [result] of results) t.deepEqual(result as unknown, new Float32Array(c));
});

test.serial('four workers decompose matrices at once and find the same', async (t) => {
  const decompose = `
    const [s, u, v] = [new Float64Array(n), new Float64Array(n * n), new Float64Array(n * n)];
    const [lu, pivots] = [new Float64Array(n * n), new Int32Array(n)];
    const x = Float64Array.from({ length: n * n }, (_, i) => Math.sin(i * i));
    const call = (name, numbers, ...arrays) => {
      addon.block.set([...numbers, ...arrays.flatMap((array) => [array instanceof Int32Array ? ${INT32} : ${DOUBLE}, 0])]);
      addon[name](...arrays.map((array) => array.buffer));
    };
    let [first, isSame] = [null, true];
    for (let i = 0; i < 40; i++) {
      call('svd', [1, n, n, 1], x, s, u, v);
      call('lu', [1, n, n, 0], x, lu, pivots);
      const found = [...s, ...u, ...lu].join();
      first ??= found;
      isSame &&= first === found;
    }
    parentPort.postMessage([isSame, first]);
  `;
  const workers = Array.from({ length: 4 }, () => start(decompose, 70));
  const results = await Promise.all(workers.map((worker) => once(worker, 'message')));
  await Promise.all(workers.map((worker) => worker.terminate()));
  for (const [[isSame, found]] of results as [[boolean, string]][]) {
    t.true(isSame);
    t.is(found, (results as [[boolean, string]][])[0][0][1]);
  }
});

test.serial(
  'workers are terminated in the middle of kernels, 1,000 times, and the others go on',
  async (t) => {
    const resident: number[] = [];
    for (let round = 0; round < 250; round++) {
      const workers = [0, 1, 2, 3].map(() => start('parentPort.postMessage(0); for (;;) multiply();', 200));
      await Promise.all(workers.map((worker) => once(worker, 'message')));
      await new Promise((resolve) => setTimeout(resolve, round % 7));
      await Promise.all(workers.map((worker) => worker.terminate()));
      resident.push(process.memoryUsage.rss());
    }
    const y = over(new ArrayBuffer(4), []);
    native.reduce('sum', over(new Float32Array([1, 2, 3]).buffer, [3]), [0], y);
    t.is(y.storage.array[0], 6);
    const megabytes = (resident[249] - resident[50]) / 2 ** 20;
    t.log(`${megabytes.toFixed(1)} MB more after 1,000 than after 200`);
    t.true(megabytes < 100);
  },
);

test.serial('child processes start while a worker is inside a product', async (t) => {
  const worker = start('parentPort.postMessage(0); for (;;) multiply();', 512);
  await once(worker, 'message');
  for (let i = 0; i < 5; i++) {
    t.is(spawnSync(process.execPath, ['-e', '0'], { timeout: 20_000 }).status, 0);
    const child = spawn(process.execPath, ['-e', '0']);
    t.deepEqual(await once(child, 'exit'), [0, null]);
  }
  await worker.terminate();
});

test.serial('a process ends while its threads and workers are at work', (t) => {
  const script = `
    const { Worker } = require('node:worker_threads');
    const path = ${JSON.stringify(path)};
    const addon = require(path);
    addon.setNumThreads(4);
    const body = ${JSON.stringify(`${PRELUDE} parentPort.postMessage(0); for (;;) multiply();`)};
    let ready = 0;
    for (let i = 0; i < 3; i++)
      new Worker(body, { eval: true, workerData: { path, n: 300 } }).on('message', () => ++ready === 3 && process.exit(7));
  `;
  for (let i = 0; i < 3; i++) {
    const { status, signal, stderr } = spawnSync(process.execPath, ['-e', script], {
      timeout: 30_000,
      encoding: 'utf8',
    });
    t.deepEqual({ status, signal, stderr }, { status: 7, signal: null, stderr: '' });
  }
});

test.serial('a worker that takes the block away harms nobody', async (t) => {
  const worker = start(
    `
    try { structuredClone(addon.block.buffer, { transfer: [addon.block.buffer] }); } catch {}
    try { addon.block.buffer.transfer?.(0); } catch {}
    let error;
    try { addon.matmul(a, b, c); } catch (e) { error = e.message; }
    parentPort.postMessage(error ?? 'no error');
    `,
    8,
  );
  const [message] = (await once(worker, 'message')) as [string];
  t.regex(message, /^\[matmul\] /);
  await worker.terminate();
});

test('every kernel has a call in the table of hostile calls', (t) => {
  const others = [
    'replay',
    'timeGemm',
    'timeTriad',
    'allocate',
    'release',
    'isAligned',
    'setNumThreads',
    'limitThreads',
    'getNumThreads',
  ];
  const kernels = Object.keys(addon).filter(
    (name) => typeof addon[name] === 'function' && !others.includes(name),
  );
  t.deepEqual([...new Set(CALLS.map(({ kernel }) => kernel))].sort(), kernels.sort());
});

test('instruction sets agree', (t) => {
  const script = (isa: string): number[] => {
    const code = `
      const addon = require(${JSON.stringify(path)});
      const x = Float32Array.from({ length: 999 }, (_, i) => (i - 500) / 50).buffer;
      const results = [];
      for (let op = 0; op < 11; op++) {
        const out = new ArrayBuffer(999 * 4);
        addon.block.set([op, 1, 999, ${FLOAT}, 0, 1, ${FLOAT}, 0, 1]);
        addon.unary(x, out);
        results.push(...new Float32Array(out));
      }
      console.log(JSON.stringify([addon.isa, results.map(String)]));`;
    const { stdout } = spawnSync(process.execPath, ['-e', code], {
      env: { ...process.env, MGP_ISA: isa },
      encoding: 'utf8',
    });
    const [used, results] = JSON.parse(stdout) as [string, string[]];
    if (isa === 'baseline') t.is(used, 'baseline');
    return results.map(Number);
  };
  const baseline = script('baseline');
  for (const isa of ['avx2', 'avx512']) {
    for (const [i, value] of script(isa).entries()) {
      const error = Math.abs(value - baseline[i]);
      if (error > 4e-7 * Math.abs(baseline[i]))
        t.fail(`${isa}: op ${Math.floor(i / 999)} gives ${value}, baseline ${baseline[i]}`);
    }
  }
  t.pass();
});

// What a user reads when the addon does not load. node-gyp-build looks where MGP_NODE_PREBUILD points.

/** Loads the native backend in a process of its own, with this file in place of the addon; returns the error. */
function loadErrorWith(addonFile: Buffer | null): string {
  const folder = mkdtempSync(join(tmpdir(), 'mgp-native-'));
  if (addonFile !== null) {
    mkdirSync(join(folder, 'build', 'Release'), { recursive: true });
    writeFileSync(join(folder, 'build', 'Release', 'mgp.node'), addonFile);
  }
  const module = fileURLToPath(new URL('../lib/backend/native.ts', import.meta.url));
  const code = `
    import { loadNative } from ${JSON.stringify(module)};
    try { loadNative(); console.log('loaded'); } catch (error) { console.log(error.message, '|', error.cause?.message); }`;
  const { stdout } = spawnSync(process.execPath, ['--import=tsx', '--input-type=module', '-e', code], {
    env: { ...process.env, MGP_NODE_PREBUILD: folder },
    encoding: 'utf8',
  });
  rmSync(folder, { recursive: true });
  return stdout;
}

test('an addon that is not there, empty or damaged is explained, with what to do', (t) => {
  const missing = loadErrorWith(null);
  t.regex(
    missing,
    /^\[native\] the addon cannot be loaded: it has not been built yet\.\nRun `npm run setup`/,
  );
  t.regex(missing, /\| No native build was found/);
  for (const file of [Buffer.alloc(0), Buffer.from('not an addon at all'), Buffer.alloc(100_000, 0x7f)]) {
    const damaged = loadErrorWith(file);
    t.regex(
      damaged,
      /^\[native\] the addon cannot be loaded: the file is damaged, or made for another kind of machine\./,
    );
    t.regex(damaged, /rebuild: `npm run setup`\.\nFile: .*mgp\.node/);
  }
});
