import test from 'ava';
import { ROWS } from './cases.js';
import { BACKENDS, onBackend } from './support/check.js';
import { Input } from './support/inputs.js';
import { Call, OPS } from './support/row.js';

// Whatever comes in the place of a tensor, an op says what it expected, under its own name, and is not in the middle of it.

/** What is no tensor; some of it where one may be left out, or a number may stand. */
const WRONG: readonly unknown[] = ['text', {}, 3n, Symbol('s'), null, undefined];

for (const row of ROWS) {
  const [args] = row.calls;
  if (!args.some((arg) => arg instanceof Input)) continue;
  test(`${row.op}: what is no tensor`, (t) => {
    const op = OPS.get(row.op)!;
    // Another name of it may be the one that it goes by.
    const names = [...OPS].filter(([, other]) => other === op).map(([name]) => name.split('.').at(-1)!);
    const messages = BACKENDS.map((backend) =>
      onBackend(backend, () => {
        const made = new Call(row, args).make('float64', 'contiguous');
        let next = 0;
        const inputs = args.map((arg) => (arg instanceof Input ? made[next++] : arg));
        return args.flatMap((arg, i) => {
          if (!(arg instanceof Input)) return [];
          const wrong = i === 0 ? WRONG : WRONG.slice(0, 1);
          return wrong.map((value) => {
            const error = t.throws(
              () => op(...inputs.with(i, value as never)),
              undefined,
              `argument ${i}: ${String(value)}`,
            );
            t.true(
              error instanceof TypeError || error instanceof RangeError,
              `argument ${i}: ${error?.name}`,
            );
            const name = /^\[(?:\w+\.)*(\w+)\] /.exec(error?.message ?? '')?.[1];
            t.true(
              name !== undefined && names.includes(name),
              `argument ${i}, ${String(value)}: ${error?.message}`,
            );
            return error?.message;
          });
        });
      }),
    );
    for (const other of messages) t.deepEqual(other, messages[0]);
  });
}
