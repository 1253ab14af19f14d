import test from 'ava';
import { EXPRESSIONS } from '../lib/cli/expressions.js';
import * as library from '../lib/index.js';
import { arange, nn, tensor, tidy, toDot, zeros, type DotOptions, type Tensor } from '../lib/index.js';

const leaf = (value: number): Tensor => tensor(value, { requiresGrad: true });

/** The statements of a drawing, without its looks. */
const statements = (dot: string): string[] =>
  dot
    .split('\n')
    .map((line) => line.trim().replace(/, fillcolor="[^"]*"\]/, ']'))
    .filter((line) => /^t\d/.test(line));

test('a graph is drawn as micrograd draws it: boxes, circles, and edges between', (t) => {
  const [a, b] = [leaf(2), leaf(-3)];
  const c = a.mul(b);
  c.retainGrad();
  c.backward(null, { retainGraph: true });
  t.deepEqual(statements(toDot(c, { names: { a, b, c } })), [
    String.raw`t0 [label="c\ ()|data\ -6.0|grad\ 1.0"];`,
    String.raw`t1 [label="a\ ()|data\ 2.0|grad\ -3.0"];`,
    String.raw`t2 [label="b\ ()|data\ -3.0|grad\ 2.0"];`,
    't0_op [label="mul"];',
    't1 -> t0_op;',
    't2 -> t0_op;',
    't0_op -> t0;',
  ]);
});

test('a tensor that is used twice is drawn once, with two edges', (t) => {
  const a = leaf(3);
  t.deepEqual(statements(toDot(a.mul(a))).slice(2), [
    't0_op [label="mul"];',
    't1 -> t0_op;',
    't1 -> t0_op;',
    't0_op -> t0;',
  ]);
});

test('matrices keep their rows, large tensors show their shape, other dtypes their name', (t) => {
  const matrix = toDot(tensor([[1, 2], [3.14159265, 4]])); // prettier-ignore
  t.true(
    matrix.includes(
      String.raw`"(2,\ 2)|data\ [[1.\ \ \ \ \ 2.\ \ \ \ ]\l\ \ \ \ \ \ [3.1416\ 4.\ \ \ \ ]]\l"`,
    ),
  );
  t.deepEqual(statements(toDot(zeros([13]))), [String.raw`t0 [label="(13,)"];`]);
  t.deepEqual(statements(toDot(zeros([13]), { maxValues: 0 })), [String.raw`t0 [label="(13,)"];`]);
  t.deepEqual(statements(toDot(arange(2))), [String.raw`t0 [label="(2,)\ int32|data\ [0\ 1]"];`]);
});

test('names come by tensor too, and are escaped', (t) => {
  const a = leaf(1);
  const name = 'a "b" {c|d} <e> \\f & g\nh';
  const [box] = statements(toDot(a, { names: new Map([[a, name]]) }));
  t.is(box, String.raw`t0 [label="a\ \"b\"\ \{c\|d\}\ \<e\>\ \\f\ &amp;\ g\nh\ ()|data\ 1.0"];`);
});

test('parameters are named as the module names them', (t) => {
  const model = new nn.Linear(1, 1);
  const dot = toDot(model.forward(zeros([1, 1])), { names: Object.fromEntries(model.namedParameters()) });
  t.true(dot.includes(String.raw`"weight\ (1,\ 1)|`));
  t.true(dot.includes(String.raw`"bias\ (1,)|`));
});

test('from top to bottom, fields are still in a column', (t) => {
  const dot = toDot(leaf(1), { direction: 'TB' });
  t.true(dot.includes('rankdir=TB;'));
  t.deepEqual(statements(dot), [String.raw`t0 [label="{()|data\ 1.0}"];`]);
});

test('a long chain does not overflow the stack, and a huge one is refused', (t) => {
  let x = leaf(0);
  for (let i = 0; i < 9000; i++) x = x.add(x);
  t.notThrows(() => toDot(x));
  for (let i = 0; i < 2000; i++) x = x.add(x);
  t.throws(() => toDot(x), {
    instanceOf: RangeError,
    message: /^\[toDot\] expected a graph of at most 10000 tensors/,
  });
});

test('memory that a scope took back is shown as freed', (t) => {
  let freed: Tensor | undefined;
  const kept = tidy(() => {
    freed = leaf(1).exp();
    return freed.sum();
  });
  t.true(toDot(kept).includes(String.raw`data\ freed`));
});

const wrong: [string, () => unknown, string][] = [
  ['no tensor', () => toDot(3 as unknown as Tensor), '[toDot] output: expected a tensor, got 3'],
  [
    'a freed graph',
    () => {
      const y = leaf(1).exp();
      y.backward();
      return toDot(y);
    },
    '[toDot] the graph behind the result of exp was freed by backward; pass { retainGraph: true } to it',
  ],
  [
    'direction',
    () => toDot(leaf(1), { direction: 'BT' } as unknown as DotOptions),
    `[toDot] direction: expected 'LR' or 'TB', got "BT"`,
  ],
  [
    'maxValues',
    () => toDot(leaf(1), { maxValues: -1 }),
    '[toDot] maxValues: expected a whole number from 0, got -1',
  ],
  [
    'names',
    () => toDot(leaf(1), { names: { a: 1 } } as unknown as DotOptions),
    '[toDot] names.a: expected a tensor, got 1',
  ],
  [
    'an unknown option',
    () => toDot(leaf(1), { rankdir: 'LR' } as DotOptions),
    "[toDot] options: unknown option 'rankdir'; there is names, maxValues, direction",
  ],
];

for (const [title, call, message] of wrong)
  test(`wrong: ${title}`, (t) => {
    t.is(t.throws(call)?.message, message);
  });

test('the expressions of `mgp graph` have the values and gradients of their sources', (t) => {
  const near = (x: Tensor | null, expected: number): void => {
    t.true(Math.abs((x?.item() ?? NaN) - expected) < 1e-3 * Math.abs(expected) + 1e-6);
  };
  const { neuron, post, matmul, micrograd } = EXPRESSIONS;
  const n = neuron(library).names;
  near(n.o, Math.SQRT1_2);
  for (const [name, expected] of Object.entries({ x1: -1.5, w1: 1, x2: 0.5, w2: 0, n: 0.5 }))
    near(n[name].grad, expected);
  t.is(String(post(library).names.b.grad), '[0.8 1.8 0.6]');
  const { A, B, L } = matmul(library).names;
  t.is(L.item(), 42);
  t.is(String(A.grad), '[[0.  3.5]\n [0.  3.5]\n [0.  3.5]]');
  t.is(String(B.grad), '[[ 9.  9.  9.]\n [12. 12. 12.]]');
  const m = micrograd(library).names;
  near(m.g, 24.70408163265306);
  near(m.a.grad, 138.83381924198252);
  near(m.b.grad, 645.5772594752186);
});
