import { readFileSync } from 'node:fs';
import test from 'ava';
import { allclose, equal, polygamma, tensor, type Tensor } from '../lib/index.js';
import { BACKENDS, onBackend } from './support/check.js';
import { OPS } from './support/row.js';

// Special functions against PyTorch's numbers (scripts/golden/special.py), far from where series converge at once, too.

interface Golden {
  readonly functions: Record<string, { readonly x: readonly number[]; readonly y: readonly string[] }>;
}
const url = new URL('golden/special.json', import.meta.url);
const { functions } = JSON.parse(readFileSync(url, 'utf8')) as Golden;

const OTHERS: Record<string, (x: Tensor) => Tensor> = {
  trigamma: (x) => polygamma(1, x),
  tetragamma: (x) => polygamma(2, x),
};

/** Python's words for what JSON has not. */
const numberOf = (text: string): number =>
  text === 'nan' ? NaN : text.endsWith('inf') ? Number(text.replace('inf', 'Infinity')) : Number(text);

for (const [name, { x, y }] of Object.entries(functions))
  for (const backend of BACKENDS)
    test(`${name} on ${backend}`, (t) => {
      onBackend(backend, () => {
        const op = OTHERS[name] ?? (OPS.get(name) as (x: Tensor) => Tensor);
        const found = op(tensor([...x], { dtype: 'float64' })).toArray();
        y.map(numberOf).forEach((expected, i) => {
          const got = found[i];
          // PyTorch's trigamma is off by 1e-10 itself.
          const isNear =
            Math.abs(got - expected) <=
            (name === 'trigamma' ? 1e-9 : 1e-12) * Math.max(1e-3, Math.abs(expected));
          t.true(Object.is(got, expected) || isNear, `${name}(${x[i]}) is ${got}, expected ${expected}`);
        });
      });
    });

test('allclose and equal give booleans', (t) => {
  const [a, b] = [tensor([1, 2, NaN]), tensor([1, 2 + 1e-6, NaN])];
  t.false(allclose(a, b));
  t.true(allclose(a, b, { equalNan: true }));
  t.false(allclose(a, b, 0, 0, true));
  t.true(equal(tensor([1, 2]), tensor([1, 2])));
  t.false(equal(tensor([1, 2]), tensor([[1, 2]])));
  t.false(equal(a, a));
});
