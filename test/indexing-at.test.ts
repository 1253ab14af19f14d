import test from 'ava';
import {
  at,
  gradcheck,
  gradgradcheck,
  noGrad,
  randn,
  ShapeError,
  tensor,
  zeros,
  type Index,
} from '../lib/index.js';
import { read } from './cases/indexing-at.js';
import { BACKENDS, onBackend, snapshot } from './support/check.js';
import { testWrongCalls } from './support/wrong-calls.js';

// What the row of `at` in test/cases cannot say: masks, which look at values; views; and writing in place.

const MASKS: readonly (readonly [shape: number[], index: Index[]])[] = [
  [[3], [[true, false, true]]],
  [[2, 2], [[[true, false], [true, true]]]],
  [[3, 4], [[true, false, true], [0, 3]]],
  [[3, 4], [[false, false, false]]],
  [[3, 4], [':', [true, false, true, true]]],
  [[2, 3, 2], [[[true, false, true], [false, true, true]], '1:']],
  [[2, 3, 2], [1, [true, false, true]]],
  [[2, 3, 2], ['...', [true, false]]],
  [[2, 3, 4], [[true, true], ':', [1, 3]]],
]; // prettier-ignore

const isMask = (entry: Index): boolean => typeof ([entry] as unknown[]).flat(Infinity)[0] === 'boolean';

for (const backend of BACKENDS) {
  test(`masks pick what holds, as arrays and as tensors, with their derivatives, on ${backend}`, (t) => {
    onBackend(backend, () => {
      for (const [shape, index] of MASKS) {
        const x = randn(shape, { dtype: 'float64', requiresGrad: true });
        const title = `${shape.join()} ${JSON.stringify(index)}`;
        const asTensors = index.map((entry) => (isMask(entry) ? tensor(entry as boolean[]) : entry));
        t.deepEqual(snapshot(at(x, ...index)), read(snapshot(x), ...(index as string[])), title);
        t.deepEqual(at(x, ...asTensors).tolist(), at(x, ...index).tolist(), title);
        t.true(
          gradcheck((y) => at(y, ...asTensors), [x]),
          title,
        );
        t.true(
          gradgradcheck((y) => at(y, ...asTensors), [x]),
          title,
        );
      }
    });
  });

  test(`a mask of no dimensions keeps all or nothing, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const x = tensor([1, 2]);
      t.deepEqual(x.at(tensor(true)).tolist(), [[1, 2]]);
      t.deepEqual(x.at(tensor(false)).shape, [0, 2]);
    });
  });

  test(`indexPut_ writes in place, through views too, on ${backend}`, (t) => {
    onBackend(backend, () => {
      const x = zeros([3, 4]);
      t.is(x.indexPut_([0], 1), x);
      x.indexPut_([[1, 2], '::3'], tensor([[2, 3]]));
      x.indexPut_(
        [
          tensor([
            [false, true, false, false],
            [false, false, false, false],
            [false, false, true, true],
          ]),
        ],
        -1,
      );
      x.at(':', 1).indexPut_([1], 9);
      t.deepEqual(x.tolist(), [[1, -1, 1, 1], [2, 9, 0, 3], [2, 0, -1, -1]]); // prettier-ignore
      x.indexPut_(
        [
          [0, 0, 0],
          [0, 0, 1],
        ],
        tensor([1, 10, 100]),
        true,
      );
      t.deepEqual(x.at(0).tolist(), [12, 99, 1, 1]);
      x.setAt_(['...', '1:3'], x.at('...', '2:4'));
      t.deepEqual(x.at(1).tolist(), [2, 0, 3, 3]);
    });
  });
}

test('numbers, ranges and new dimensions give views; positions and masks copies', (t) => {
  const x = tensor([[1, 2, 3], [4, 5, 6]]); // prettier-ignore
  for (const view of [x.at(0), x.at(':', '1:'), x.at(null, '...', -1), x.at('...')])
    t.is(view.storage, x.storage);
  for (const copy of [x.at([0]), x.at([true, false])]) t.not(copy.storage, x.storage);
});

test('a gradient sees what was written under it', (t) => {
  const x = tensor([1, 2, 3], { requiresGrad: true });
  const y = x.mul(1);
  const z = y.square();
  t.throws(() => y.indexPut_([0], 5), { message: /requires? grad/ });
  noGrad(() => y.indexPut_([0], 5));
  t.throws(() => z.sum().backward(), { message: /changed in place/ });
  t.throws(() => x.indexPut_([0], 5), { message: /requires? grad/ });
  noGrad(() => x.indexPut_([0], 5));
  t.deepEqual(x.tolist(), [5, 2, 3]);
});

const x = zeros([3, 4]);
testWrongCalls([
  [() => x.at(3), RangeError, '[at] index 3 is out of range for dim 0 of size 3'],
  [() => x.at(':', -5), RangeError, '[at] index -5 is out of range for dim 1 of size 4'],
  [() => x.at(':', [0, 4]), RangeError, '[at] index 4 is out of range for dim 1 of size 4'],
  [() => x.at(0, 0, 0), ShapeError, '[at] an index for 3 dimensions of shape (3, 4)'],
  [() => x.at('...', '...'), RangeError, "[at] expected '...' at most once"],
  [() => x.at(0.5), TypeError, '[at] expected whole numbers, got 0.5'],
  [() => x.at([0.5]), TypeError, '[at] expected whole numbers in an array, got 0.5'],
  [() => x.at('1' as never), RangeError, "[at] expected a range such as '1:5', '::2' or '...', got \"1\""],
  [() => x.at('::-1'), RangeError, '[at] step: expected a whole number from 1, got -1'],
  [() => x.at(undefined as never), TypeError, "[at] expected a number, a range, null, '...', or a tensor or array of indices, got undefined"],
  [() => x.at({ from: 1 } as never), TypeError, "[at] a range has start, end and step, not 'from'"],
  [() => x.at([true, false]), ShapeError, '[at] a mask of shape (2,) for dimensions of (3,)'],
  [() => x.at([0, 1], [0, 1, 2]), ShapeError, '[at] shapes (2,) and (3,) do not broadcast together'],
  [() => x.at(tensor([0.5])), TypeError, '[at] index: expected an int32 tensor, got float32'],
  [() => x.indexPut([0], zeros([3])), ShapeError, '[indexPut] values of shape (3,) do not broadcast to (4,)'],
  [() => x.indexPut_([9], 0), RangeError, '[indexPut_] index 9 is out of range for dim 0 of size 3'],
  [() => x.indexPut(0 as never, 0), TypeError, '[indexPut] indices: expected a list of indices, got 0'],
  [() => x.indexPut([0], 'one' as never), TypeError, '[indexPut] values: expected a tensor or a number, got "one"'],
  [() => x.take(tensor([12], { dtype: 'int32' })), RangeError, '[take] index 12 is out of range for size 12'],
  [() => x.put(tensor([0], { dtype: 'int32' }), zeros([2])), ShapeError, '[put] source: expected 1 elements, one for each index, got 2'],
]); // prettier-ignore
