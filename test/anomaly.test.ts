import test from 'ava';
import { detectAnomaly, grad, noGrad, tensor, zeros } from '../lib/index.js';

const here = /anomaly\.test\.ts/;

test('an op that makes NaN from inputs without any is named, with the line that called it', (t) => {
  const error = t.throws(() => detectAnomaly(() => tensor([1, -1]).log()));
  t.true(error?.message.startsWith('[log] made NaN from inputs without any, at\n'));
  t.regex(error?.message ?? '', here);
  t.notRegex(error?.message ?? '', /lib\/(ops|methods|tensor|autograd)/, 'our own lines are left out');
});

test('NaN that was there before is passed on', (t) => {
  detectAnomaly(() => {
    t.true(Number.isNaN(tensor([NaN]).mul(2).log().sum().item()));
    t.is(tensor([1]).div(0).item(), Infinity, 'infinity is none');
    t.deepEqual(zeros([0]).log().tolist(), [], 'nor is nothing');
  });
});

test('a backward rule that returns NaN is named, with the line that called the op', (t) => {
  const error = t.throws(() =>
    detectAnomaly(() => {
      const x = tensor([0, 1], { requiresGrad: true });
      const y = x.sqrt();
      y.mul(0).sum().backward();
    }),
  );
  t.true(
    error?.message.startsWith('[backward] the gradient rule of sqrt returned NaN; the op was called at\n'),
  );
  t.regex(error?.message ?? '', here);
  t.notRegex(error?.message ?? '', /lib\/(ops|methods|tensor|autograd)/);
});

test('also when the pass is recorded, and when the op was called before', (t) => {
  const x = tensor([0, 1], { requiresGrad: true });
  const y = x.sqrt().mul(0).sum();
  t.throws(() => detectAnomaly(() => grad(y, x, { createGraph: true })), {
    message: '[backward] the gradient rule of sqrt returned NaN',
  });
});

test('off again afterwards, also after an error', (t) => {
  t.throws(() => detectAnomaly(() => tensor([-1]).sqrt()));
  t.true(Number.isNaN(tensor([-1]).sqrt().item()));
  t.is(
    detectAnomaly(() => detectAnomaly(() => 5)),
    5,
  );
  t.throws(() => detectAnomaly(async () => Promise.resolve()), { message: /got an async one/ });
});

test('works under noGrad, on integers, views and strided results', (t) => {
  detectAnomaly(() => {
    noGrad(() => tensor([[1, 2], [3, 4]]).T.exp().slice(1, 0, 1)); // prettier-ignore
    tensor([1, 2], { dtype: 'int32' }).add(1);
  });
  t.throws(() => detectAnomaly(() => tensor([[1, -2], [3, 4]]).T.log()), { message: /^\[log\]/ }); // prettier-ignore
});
