import { backward, grad, gradcheck, nn, ones, optim, type Tensor } from '../lib/index.js';
import { leaf, testWrongCalls } from './support/wrong-calls.js';

const parameter = (): nn.Parameter => new nn.Parameter(ones([2]));

/** An optimizer with an option or a gradient that was set to something else afterwards takes a step. */
function stepAfter(change: (adam: optim.Adam, p: nn.Parameter) => void): void {
  const p = parameter();
  const adam = new optim.Adam([p]);
  p.sum().backward();
  change(adam, p);
  adam.step();
}

const double = (): Tensor => ones([1], { dtype: 'float64', requiresGrad: true });

/** Goes back to a leaf whose `grad` was set to something else. */
function backAfter(change: (x: Tensor) => void): void {
  const x = leaf();
  change(x);
  x.sum().backward();
}

// Bad input to modules and optimizers, and options of backward that are no flags.
// prettier-ignore
testWrongCalls([
  [() => new nn.Linear(2, 2, { bias: 0 as never }), TypeError, '[Linear] bias: expected true or false, got 0'],
  [() => new nn.Conv2d(1, 1, 3, { bias: 'no' as never }), TypeError, '[Conv2d] bias: expected true or false, got "no"'],
  [() => new nn.Conv2d(1, 1, undefined as never), TypeError, '[Conv2d] kernel size: expected a number or a pair of numbers, got undefined'],
  [() => new nn.Conv2d(1, 1, [1, 2, 3] as never), TypeError, '[Conv2d] kernel size: expected a number or a pair of numbers, got an array of 3'],
  [() => new nn.Conv2d(1, 1, 3, { stride: 0 }), RangeError, '[Conv2d] stride: expected whole numbers from 1, got 0'],
  [() => new nn.Conv2d(1, 1, 3, { padding: 'full' as never }), TypeError, `[Conv2d] padding: expected numbers, 'same' or 'valid', got "full"`],
  [() => new nn.Linear(2, 2).loadStateDict({}, { strickt: false } as never), TypeError, "[loadStateDict] options: unknown option 'strickt'; there is strict"],
  [() => new nn.Linear(2, 2).loadStateDict({}, { strict: 'no' as never }), TypeError, '[loadStateDict] strict: expected true or false, got "no"'],
  [() => new optim.Adam([parameter()], { maximize: 'no' as never }), TypeError, '[Adam] maximize: expected true or false, got "no"'],
  [() => new optim.Adam([parameter()], { betas: null as never }), TypeError, '[Adam] betas: expected two numbers, got null'],
  [() => new optim.Adam([{ lr: 1 } as never]), TypeError, '[Adam] params: expected parameters in a list or an iterator, got undefined'],
  [() => new optim.Adam([{ params: parameter() as never }]), TypeError, '[Adam] params: expected parameters in a list or an iterator, got a Parameter'],
  [() => new optim.Adam(new Array(1) as never), TypeError, '[Adam] options: expected an object with params, lr, betas, eps, weightDecay, amsgrad, maximize, got null'],
  [() => new optim.AdamW([parameter()], -1), RangeError, '[AdamW] lr: expected a number from 0, got -1'],
  [() => new optim.AdamW([parameter()], { amsgrad: 0 as never }), TypeError, '[AdamW] amsgrad: expected true or false, got 0'],
  [() => new optim.Adamax([parameter()], { betas: [0.9, 1] }), RangeError, '[Adamax] betas[1]: expected a number from 0 and below 1, got 1'],
  [() => new optim.NAdam([parameter()], { momentumDecay: -1 }), RangeError, '[NAdam] momentumDecay: expected a number from 0, got -1'],
  [() => new optim.RAdam([parameter()], { eps: NaN }), RangeError, '[RAdam] eps: expected a number from 0, got NaN'],
  [() => new optim.RMSprop([parameter()], { centered: null as never }), TypeError, '[RMSprop] centered: expected true or false, got null'],
  [() => new optim.RMSprop([parameter()], 0.1, { lr: 0.1 }), TypeError, '[RMSprop] lr: came by position and by name'],
  [() => new optim.Adagrad([parameter()], { initialAccumulatorValue: -1 }), RangeError, '[Adagrad] initialAccumulatorValue: expected a number from 0, got -1'],
  [() => new optim.Lion([parameter()], { betas: [0.9] as never }), TypeError, '[Lion] betas: expected two numbers, got an array of 1'],
  [() => new optim.Rprop([parameter()], { etas: [1.5, 1.2] }), RangeError, '[Rprop] etas: expected one between 0 and 1 and one above 1, got 1.5 and 1.2'],
  [() => new optim.ASGD([parameter()], { lambda: 1 } as never), TypeError, "[ASGD] options: unknown option 'lambda'; there is lr, lambd, alpha, t0, weightDecay, maximize"],
  [() => new optim.LBFGS([parameter()], { lineSearchFn: 'wolfe' as never }), RangeError, "[LBFGS] lineSearchFn: expected 'strong_wolfe', got \"wolfe\""],
  [() => new optim.LBFGS([{ params: [parameter()] }, { params: [parameter()] }]), RangeError, '[LBFGS] params: expected one group of parameters, got 2'],
  [() => new optim.swaUtils.AveragedModel(3 as never), TypeError, '[AveragedModel] model: expected a module, got 3'],
  [() => optim.swaUtils.getEmaAvgFn(2), RangeError, '[getEmaAvgFn] decay: expected a number from 0 to 1, got 2'],
  [() => new optim.SGD([parameter()], { momentum: 0.9, nesterov: 1 as never }), TypeError, '[SGD] nesterov: expected true or false, got 1'],
  [() => stepAfter((adam) => (adam.paramGroups[0].lr = undefined as never)), RangeError, '[Adam] lr: expected a number from 0, got undefined'],
  [() => stepAfter((_, p) => (p.grad = [1] as never)), TypeError, '[Adam] grad: expected a tensor, got an array of 1'],
  [() => gradcheck((x) => x, null as never), TypeError, '[gradcheck] inputs and outputs: expected a tensor, got null'],
  [() => gradcheck(() => 3 as never, double()), TypeError, '[gradcheck] inputs and outputs: expected a tensor, got 3'],
  [() => gradcheck((x) => Promise.resolve(x) as never, double()), TypeError, '[gradcheck] inputs and outputs: expected a tensor, got a Promise'],
  [() => gradcheck(() => [1] as never, double()), TypeError, '[gradcheck] tensors[0]: expected a tensor, got 1'],
  [() => backAfter((x) => (x.grad = 5 as never)), TypeError, '[backward] grad: expected a tensor, got 5'],
  [() => backAfter((x) => (x.grad = undefined as never)), TypeError, '[backward] grad: expected a tensor, got undefined'],
  [() => backward(leaf().sum(), null, { retainGraph: 'yes' as never }), TypeError, '[backward] retainGraph: expected true or false, got "yes"'],
  [() => grad(leaf().sum(), leaf(), { createGraph: 1 as never }), TypeError, '[grad] createGraph: expected true or false, got 1'],
  [() => grad(leaf().sum(), leaf(), { allowUnused: null as never }), TypeError, '[grad] allowUnused: expected true or false, got null'],
]);
