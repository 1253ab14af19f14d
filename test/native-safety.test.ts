import { inspect } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { attempt, CALLS, Guarded, rawAddon, type Call } from './support/native-calls.js';

// No JavaScript value, however wrong, may make the addon read or write outside its buffers. These calls go straight to
// the addon, past the TypeScript that would never make them. An error is a right answer, and so is a result; wrong are
// another kind of error, a byte changed next to a buffer, and of course a crash.

const addon = rawAddon();

const guardedFor = (call: Call): Guarded[] => call.bytes.map((bytes) => new Guarded(bytes));

function check(t: ExecutionContext, what: string, error: unknown, memory: readonly Guarded[]): void {
  if (error !== undefined && !(error instanceof TypeError || error instanceof RangeError))
    t.fail(`${what}: ${inspect(error)}`);
  else if (error !== undefined && !/^\[\w+\] /.test(error.message))
    t.fail(`${what}: the message names no op: ${error.message}`);
  if (memory.some((guarded) => !guarded.intact)) t.fail(`${what}: wrote outside its buffers`);
}

const title = (call: Call, i: number): string => `${call.kernel} #${i}`;

for (const [i, call] of CALLS.entries()) {
  const width = call.numbers.length;

  test(`${title(call, i)} runs when it is right, and reaches the end of its buffers`, (t) => {
    const memory = guardedFor(call);
    t.is(
      attempt(
        addon,
        call,
        memory.map((m) => m.view),
      ),
      undefined,
    );
    t.true(memory.every((m) => m.intact));
    // One byte less, and it must refuse: so it knows exactly how far it reaches.
    for (const [k, bytes] of call.bytes.entries()) {
      const short = memory.map((m, j) => (j === k ? m.view.subarray(0, bytes - 1) : m.view));
      const error = attempt(addon, call, short);
      t.true(error instanceof RangeError, `buffer ${k}: ${String(error)}`);
      t.regex((error as RangeError).message, /^\[\w+\] \w+: .*(lie outside|do not fit) its buffer/);
    }
  });

  test(`${title(call, i)} refuses what is not memory`, (t) => {
    const memory = guardedFor(call);
    const detached = new ArrayBuffer(1024);
    structuredClone(detached, { transfer: [detached] });
    const wrong = [
      undefined,
      null,
      0,
      'buffer',
      Symbol('buffer'),
      {},
      [],
      () => 0,
      10n ** 30n,
      new Float32Array(512),
      new DataView(new ArrayBuffer(2048)),
      new SharedArrayBuffer(2048),
      new Proxy(new ArrayBuffer(2048), {}),
      Object.create(ArrayBuffer.prototype),
      new ArrayBuffer(0),
      detached,
      new Uint8Array(new SharedArrayBuffer(2049), 1), // Not aligned, except for bytes.
    ];
    for (let k = 0; k < call.bytes.length; k++) {
      for (const value of wrong) {
        const buffers: unknown[] = memory.map((m) => m.view);
        buffers[k] = value;
        const error = attempt(addon, call, buffers);
        const what = `buffer ${k} as ${Object.prototype.toString.call(value)}`;
        if (error === undefined && !(value instanceof Uint8Array)) t.fail(`${what}: no error`);
        check(t, what, error, memory);
      }
      const error = attempt(
        addon,
        call,
        memory.slice(0, k).map((m) => m.view),
      );
      t.true(error instanceof TypeError, `${k} buffers: ${String(error)}`);
    }
    t.pass();
  });

  test(`${title(call, i)} survives any one number being wrong`, (t) => {
    const memory = guardedFor(call);
    const buffers = memory.map((m) => m.view);
    const wrong = [
      NaN,
      Infinity,
      -Infinity,
      -1,
      0,
      0.5,
      1,
      2,
      31,
      32,
      33,
      100,
      -1000,
      2 ** 31,
      2 ** 32 + 1,
      2 ** 53,
      -(2 ** 53),
      1e300,
      -1e300,
      5e-324,
    ];
    for (let k = 0; k < width; k++)
      for (const value of wrong) {
        const numbers = call.numbers.with(k, value);
        check(t, `number ${k} = ${value}`, attempt(addon, { ...call, numbers }, buffers), memory);
      }
    t.pass();
  });

  test(`${title(call, i)} survives random numbers`, (t) => {
    const memory = guardedFor(call);
    const buffers = memory.map((m) => m.view);
    let seed = 12345 + i;
    const random = (n: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * n);
    };
    // Small numbers, because those get past the first checks; and a few that must not.
    const draw = (): number =>
      random(10) > 0
        ? random(12) - 3
        : [NaN, 2 ** 40, -(2 ** 40), 2 ** 53, 0.5, Infinity, 1e18, -0][random(8)];
    for (let trial = 0; trial < 3000; trial++) {
      const numbers = [...call.numbers];
      for (let changes = 1 + random(4); changes > 0; changes--) numbers[random(width)] = draw();
      check(t, numbers.join(), attempt(addon, { ...call, numbers }, buffers), memory);
    }
    t.pass();
  });
}

test('bad indices are reported, and nothing outside is touched', (t) => {
  for (const name of ['gather', 'scatter', 'crossEntropy', 'crossEntropyGrad']) {
    const call = CALLS.find(({ kernel }) => kernel === name)!;
    const memory = guardedFor(call);
    const buffers = memory.map((m) => m.view);
    const index = buffers[1];
    for (const bad of [-1, 7, 1000, 2 ** 31 - 1, -(2 ** 31)]) {
      new DataView(index.buffer, index.byteOffset).setInt32(8, bad, true);
      addon.block.set(call.numbers);
      const position = (addon[name] as (...args: unknown[]) => number)(...buffers);
      // In scatter one index serves a row of four.
      t.is(position, name === 'scatter' ? 8 : 2, `${name}, index ${bad}`);
      t.true(memory.every((m) => m.intact));
    }
  }
});

test('a program of recorded calls survives any one number being wrong', (t) => {
  const run = addon.replay as (program: unknown, buffers: unknown) => number;
  const tried = (program: unknown, buffers: unknown): unknown => {
    try {
      return void run(program, buffers);
    } catch (error) {
      return error;
    }
  };
  const entries = addon.entries as string[];
  for (const call of CALLS) {
    const memory = guardedFor(call);
    const buffers = memory.map((m) => m.view);
    const slots = buffers.flatMap((_, i) => [i, 0, -1]);
    const head = [entries.indexOf(call.kernel), buffers.length, call.numbers.length];
    const program = [buffers.length, 1, 0, ...slots, ...head, ...buffers.keys(), ...call.numbers];
    t.is(tried(Float64Array.from(program), buffers), undefined, call.kernel);
    for (let k = 0; k < program.length; k++) {
      for (const value of [NaN, Infinity, -2, -1, 0, 0.5, 1, 2, 7, 33, 513, 2 ** 31, 2 ** 53, -1e300]) {
        const error = tried(Float64Array.from(program.with(k, value)), buffers);
        check(t, `${call.kernel}: number ${k} = ${value}`, error, memory);
      }
      const error = tried(Float64Array.from(program.slice(0, k)), buffers);
      t.true(error instanceof RangeError, `${call.kernel}: the first ${k} numbers: ${String(error)}`);
    }
    for (const wrong of [undefined, {}, 3, [1], [...buffers.slice(1), new Float32Array(4)]])
      t.true(tried(Float64Array.from(program), wrong) instanceof TypeError);
    for (const wrong of [undefined, {}, program, Float32Array.from(program)])
      t.true(tried(wrong, buffers) instanceof TypeError);
  }
});

test('a program whose buffers are behind getters', (t) => {
  const run = addon.replay as (program: Float64Array, buffers: unknown) => number;
  const fill = (addon.entries as string[]).indexOf('fill');
  // One slot, and a call that fills its 16 floats with 5.
  const program = Float64Array.of(1, 1, 0, 0, 0, -1, fill, 1, 6, 0, 1, 16, 3, 0, 1, 5);
  const behind = (first: unknown, get: () => unknown): unknown[] =>
    Object.defineProperty([first], 1, { get, enumerable: true });
  const buffer = new ArrayBuffer(64);
  t.is(
    run(
      program,
      behind(buffer, () => buffer),
    ),
    -1,
  );
  t.is(new Float32Array(buffer)[15], 5);
  const thrown = behind(buffer, () => {
    throw new Error('mine');
  });
  t.throws(() => run(program, thrown), { message: 'mine' });
  const detaching = behind(buffer, () => {
    structuredClone(buffer, { transfer: [buffer] });
    return new ArrayBuffer(8);
  });
  t.throws(() => run(program, detaching), { message: /detached/ });
  const own = program.slice();
  const taking = behind(new ArrayBuffer(64), () => {
    structuredClone(own, { transfer: [own.buffer] });
    return new ArrayBuffer(8);
  });
  t.throws(() => run(own, taking), { instanceOf: RangeError, message: /^\[replay\]/ });
  t.throws(() => run(program, new Array(2 ** 32 - 1)), { message: /^\[replay\] too many buffers/ });
});

test('a block that JavaScript has detached does no harm', (t) => {
  // The addon's own memory stays; only JavaScript's view of it is gone. In a worker, since the block is not replaced.
  t.notThrows(() => addon.block.fill(NaN));
  for (const call of CALLS) {
    const error = attempt(
      addon,
      { ...call, numbers: [] },
      guardedFor(call).map((m) => m.view),
    );
    t.true(error instanceof RangeError, call.kernel);
  }
});

test('wrong sizes and thread counts are errors', (t) => {
  for (const bytes of [-1, NaN, 0.5, Infinity, 2 ** 53, 2 ** 52, '64', null, undefined, {}])
    t.throws(() => addon.allocate(bytes), { instanceOf: RangeError, message: /^\[allocate\] / });
  for (const count of [0, -1, NaN, 1.5, Infinity, 1e9, '2', null, undefined, {}])
    t.throws(() => addon.setNumThreads(count), { instanceOf: RangeError, message: /^\[setNumThreads\] / });
});
