import test from 'ava';
import {
  backward,
  enableGrad,
  grad,
  gradcheck,
  gradgradcheck,
  inferenceMode,
  isGradEnabled,
  isInferenceModeEnabled,
  noGrad,
  ones,
  setGradEnabled,
  tensor,
  type Tensor,
} from '../lib/index.js';

const leaf = (): Tensor => tensor([1, 2], { requiresGrad: true });

test('setGradEnabled, for a function or from here on', (t) => {
  t.false(setGradEnabled(false, () => leaf().mul(2).requiresGrad));
  t.true(noGrad(() => setGradEnabled(true, () => leaf().mul(2).requiresGrad)));
  t.true(isGradEnabled());
  setGradEnabled(false);
  t.false(leaf().mul(2).requiresGrad);
  setGradEnabled(true);
  t.true(leaf().mul(2).requiresGrad);
  t.throws(() => setGradEnabled(1 as never), {
    message: '[setGradEnabled] mode: expected true or false, got 1',
  });
});

test('inferenceMode records nothing, and marks what it makes', (t) => {
  const x = leaf();
  const [y, view] = inferenceMode(() => {
    t.true(isInferenceModeEnabled());
    t.false(isGradEnabled());
    t.false(enableGrad(() => x.mul(2).requiresGrad), 'enableGrad does not end it'); // prettier-ignore
    t.true(inferenceMode(() => x.mul(2).requiresGrad, false));
    return [x.mul(3), x.slice(0, 0, 1)];
  });
  t.false(isInferenceModeEnabled());
  t.deepEqual([y.isInference(), y.requiresGrad, x.isInference()], [true, false, false]);
  t.false(view.isInference(), 'a view of what was there before');
  t.true(y.slice(0, 0, 1).isInference(), 'a view of what was made in it');
  t.false(y.mul(2).isInference(), 'but not what is computed from it outside');
});

test('using what was made in it where a gradient needs it is an error', (t) => {
  const y = inferenceMode(() => ones([2]));
  t.throws(() => leaf().mul(y), {
    message:
      '[mul] a tensor made in inferenceMode cannot be saved for a gradient: clone() it outside, and use that',
  });
  t.notThrows(() => leaf().add(y).sum().backward(), 'a sum needs no values');
  t.notThrows(() => leaf().mul(y.clone()).sum().backward());
  t.throws(() => y.requiresGrad_(), {
    message: '[requiresGrad] a tensor made in inferenceMode cannot require gradients: clone() it first',
  });
  t.throws(() => y.add_(1), {
    message: '[add_] a tensor made in inferenceMode cannot be changed in place outside it: clone() it first',
  });
  t.notThrows(() => inferenceMode(() => y.add_(1)));
  t.throws(() => inferenceMode(() => Promise.resolve(1)), { message: /got an async one/ });
  t.throws(() => inferenceMode<unknown>(5 as never), {
    message: '[inferenceMode] expected a function, got 5',
  });
});

test('gradcheck takes its tolerances by position and by name, and may answer instead of throwing', (t) => {
  const x = tensor([1, 2], { dtype: 'float64', requiresGrad: true });
  const wrong = (x: Tensor): Tensor => x.detach().mul(x);
  t.true(gradcheck((x) => x.square(), x, 1e-5, 1e-4, 1e-2));
  t.false(gradcheck(wrong, x, { raiseException: false }));
  t.false(gradcheck(wrong, x, 1e-6, 1e-5, 1e-3, false));
  t.true(gradcheck(wrong, x, { atol: 10 }));
  t.throws(() => gradcheck(wrong, x), { message: /^\[gradcheck\] d outputs\[0\]\[0\]/ });
  t.false(gradgradcheck((x) => x.mul(x).mul(x.detach()), x, { raiseException: false }));
  t.true(gradgradcheck((x) => x.mul(x).mul(x), x, ones([2], { dtype: 'float64' })));
  t.true(gradgradcheck((x) => x.mul(x).mul(x), x, { genNonContigGradOutputs: true }));
  t.throws(() => gradcheck(wrong, x, { raise: false } as never), { message: /unknown option 'raise'/ });
  t.throws(() => gradgradcheck(wrong, x, [x, x]), {
    message: '[gradgradcheck] gradOutputs: expected 1, got 2',
  });
});

test('backward and grad take their arguments in the order of PyTorch, and by name', (t) => {
  const [a, b] = [leaf(), leaf()];
  const y = a.mul(b).sum();
  y.backward(null, true);
  y.backward({ retainGraph: true, gradient: ones([]).mul(10) });
  t.deepEqual(a.grad!.tolist(), [11, 22]);
  [a.grad, b.grad] = [null, null];
  y.backward(null, { retainGraph: true, inputs: a });
  t.deepEqual([a.grad!.tolist(), b.grad], [[1, 2], null]);
  backward([y, a.mul(2)], [null, ones([2])], true, false, [b, a]);
  t.deepEqual([a.grad!.tolist(), b.grad!.tolist()], [[4, 6], [1, 2]]); // prettier-ignore
  t.deepEqual(grad(y, [a], ones([]).mul(3), true)[0].tolist(), [3, 6]);
  const [g] = grad(y, [a], null, true, true);
  t.true(g.requiresGrad);
  t.deepEqual(grad(y, leaf(), null, true, false, true, true), [null]);
  t.deepEqual(grad(y, leaf(), { materializeGrads: true })[0].tolist(), [0, 0]);
});
