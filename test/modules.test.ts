import test from 'ava';
import { compile, grad, nn, noGrad, ones, optim, randn, tensor, type Tensor } from '../lib/index.js';
import { testWrongCalls } from './support/wrong-calls.js';

// What every module can do, and the containers.

class Net extends nn.Module {
  readonly fc1 = new nn.Linear(2, 3);
  readonly blocks = new nn.ModuleList([new nn.Linear(3, 3), new nn.ReLU()]);
  readonly scale: nn.Parameter;

  constructor() {
    super();
    this.scale = this.registerParameter('out_scale', new nn.Parameter(ones([3])));
    this.registerBuffer('steps', tensor([1], { dtype: 'int32' }));
    this.registerBuffer('cache', ones([2]), { persistent: false });
  }

  forward(x: Tensor): Tensor {
    let y = this.fc1.forward(x);
    for (const block of this.blocks) y = (block as nn.Module).forward(y);
    return y.mul(this.scale);
  }
}

const names = (entries: Iterable<[string, unknown]>): string[] => Array.from(entries, ([name]) => name);

test('names, in the order and under the names of PyTorch', (t) => {
  const net = new Net();
  t.deepEqual(Object.keys(net.stateDict()), [
    'out_scale',
    'steps',
    'fc1.weight',
    'fc1.bias',
    'blocks.0.weight',
    'blocks.0.bias',
  ]);
  t.deepEqual(names(net.namedChildren()), ['fc1', 'blocks']);
  t.is([...net.children()].length, 2);
  t.deepEqual(names(net.namedModules()), ['', 'fc1', 'blocks', 'blocks.0', 'blocks.1']);
  t.deepEqual(names(net.namedModules(new Set(), 'net')), ['net', 'net.fc1', 'net.blocks', 'net.blocks.0', 'net.blocks.1']); // prettier-ignore
  t.deepEqual(names(net.namedParameters('', false)), ['out_scale']);
  t.is(names(net.namedParameters('net'))[1], 'net.fc1.weight');
  t.deepEqual(names(net.namedBuffers()), ['steps', 'cache']);
  t.is([...net.parameters(false)].length, 1);
  t.is(net.getParameter('blocks.0.bias'), (net.blocks[0] as nn.Linear).bias!);
  t.is(net.getSubmodule('blocks.1'), net.blocks.at(-1));
  t.is(net.getSubmodule(''), net);
  t.deepEqual(net.getBuffer('cache').tolist(), [1, 1]);
  const properties = net as unknown as Record<string, unknown>;
  t.is(properties.out_scale, net.scale);
  t.is(properties.outScale, net.scale);
  t.is(properties.steps, net.getBuffer('steps'));
  t.is(Object.keys(net.stateDict({ prefix: 'a.' }))[0], 'a.out_scale');
  t.is(net.stateDict({ keepVars: true }).out_scale, net.scale);
});

test('shared modules and parameters are there once, but in the state under every name', (t) => {
  const shared = new nn.Linear(2, 2);
  const net = new nn.Sequential(shared, shared);
  t.is([...net.parameters()].length, 2);
  t.is([...net.children()].length, 1);
  t.is([...net.modules()].length, 2);
  t.deepEqual(Object.keys(net.stateDict()), ['0.weight', '0.bias', '1.weight', '1.bias']);
});

test('the tree is printed as PyTorch prints it', (t) => {
  class Extra extends nn.Module {
    readonly act = new nn.ReLU();
    readonly list = new nn.ModuleList([new nn.Tanh()]);
    override extraRepr(): string {
      return 'width=3';
    }
    forward(x: Tensor): Tensor {
      return x;
    }
  }
  t.is(
    String(new Extra()),
    'Extra(\n  width=3\n  (act): ReLU()\n  (list): ModuleList(\n    (0): Tanh()\n  )\n)',
  );
  t.is(String(new nn.ModuleList()), 'ModuleList()');
  t.is(
    String(new nn.ParameterList([ones([2, 3])])),
    'ParameterList((0): Parameter containing: [float32 of size 2x3])',
  );
});

test('apply goes from the leaves to the root', (t) => {
  const seen: string[] = [];
  const net = new Net();
  t.is(
    net.apply((module) => seen.push(module.constructor.name)),
    net,
  );
  t.deepEqual(seen, ['Linear', 'Linear', 'ReLU', 'ModuleList', 'Net']);
});

test('to brings parameters, buffers and gradients to another dtype, and keeps the tensors', (t) => {
  const net = new Net();
  const { weight } = net.fc1;
  net
    .forward(randn([4, 2]))
    .sum()
    .backward();
  const before = weight.tolist();
  t.is(net.double(), net);
  t.deepEqual([weight.dtype, weight.grad!.dtype, weight.requiresGrad, weight.isLeaf], ['float64', 'float64', true, true]); // prettier-ignore
  t.deepEqual(weight.tolist(), before);
  t.deepEqual([net.getBuffer('cache').dtype, net.getBuffer('steps').dtype], ['float64', 'int32']);
  const adam = new optim.Adam(net.parameters());
  net
    .forward(randn([4, 2], { dtype: 'float64' }))
    .sum()
    .backward();
  adam.step();
  t.not(weight.tolist(), before);
  net.float();
  t.is(net.forward(randn([4, 2])).dtype, 'float32');
  const y = net.forward(randn([4, 2])).sum();
  net.to('float64');
  t.throws(() => y.backward(), { message: /changed in place/ }, 'a graph that saved the old ones');
});

test('a compiled step is recorded anew after to', (t) => {
  const net = new nn.Linear(2, 1);
  const step = compile((x: Tensor) => net.forward(x));
  step(ones([1, 2]));
  net.double();
  t.is(step(ones([1, 2], { dtype: 'float64' })).dtype, 'float64');
  t.is(step.recordings, 2);
});

test('zeroGrad drops gradients, or sets them to 0', (t) => {
  const net = new nn.Linear(2, 1);
  const back = (): void =>
    net
      .forward(ones([1, 2]))
      .sum()
      .backward();
  back();
  const { grad } = net.weight;
  net.zeroGrad(false);
  t.is(net.weight.grad, grad);
  t.deepEqual(grad!.tolist(), [[0, 0]]);
  back();
  net.zeroGrad({ setToNone: false });
  t.deepEqual(net.weight.grad!.tolist(), [[0, 0]]);
  net.zeroGrad();
  t.is(net.weight.grad, null);
});

test('registerParameter puts in, replaces and takes out', (t) => {
  class Empty extends nn.Module {
    forward(x: Tensor): Tensor {
      return x;
    }
  }
  const module = new Empty() as Empty & Record<string, unknown>;
  const [a, b] = [new nn.Parameter(ones([1])), new nn.Parameter(ones([2]))];
  module.registerParameter('w', a);
  t.is(module.w, a);
  module.w = b;
  t.deepEqual([...module.namedParameters()], [['w', b]]);
  module.registerParameter('w', null);
  t.deepEqual([...module.parameters()], []);
  module.addModule('in_proj', new nn.Linear(1, 1));
  t.deepEqual(Object.keys(module.stateDict()), ['in_proj.weight', 'in_proj.bias']);
  t.true(module.inProj instanceof nn.Linear);
});

test('loadStateDict takes strict by position, too', (t) => {
  const net = new nn.Linear(2, 1);
  t.deepEqual(net.loadStateDict({ weight: ones([1, 2]), more: ones([1]) }, false), {
    missing: ['bias'],
    unexpected: ['more'],
  });
  t.deepEqual(net.weight.tolist(), [[1, 1]]);
});

test('ModuleList', (t) => {
  const layers = [0, 1, 2].map((i) => new nn.Linear(1, i + 1));
  const list = new nn.ModuleList(layers.slice(0, 1));
  t.is(list.append(layers[2]), list);
  list.insert(1, layers[1]);
  t.deepEqual([...list], layers);
  t.deepEqual([list.length, list[1], list[3], list.at(-1)], [3, layers[1], undefined, layers[2]]);
  list[1] = layers[0];
  t.is(list.at(1), layers[0]);
  t.is(list.pop(), layers[2]);
  t.is(list.pop(0), layers[0]);
  t.is(list.length, 1);
  list.extend(layers);
  t.deepEqual(Object.keys(list.stateDict()).length, 8);
});

test('ModuleDict, ParameterDict and ParameterList', (t) => {
  const dict = new nn.ModuleDict<nn.Module>({ act: new nn.ReLU(), fc: new nn.Linear(1, 1) });
  dict.set('other', new nn.Linear(1, 2, { bias: false }));
  t.deepEqual([...dict.keys()], ['act', 'fc', 'other']);
  t.true(dict.get('act') instanceof nn.ReLU);
  t.deepEqual(Object.keys(dict.stateDict()), ['fc.weight', 'fc.bias', 'other.weight']);
  t.deepEqual([dict.has('fc'), dict.has('x'), dict.length], [true, false, 3]);
  dict.pop('fc');
  dict.update([['last', new nn.Tanh()]]);
  t.deepEqual(
    [...dict].map(([name]) => name),
    ['act', 'other', 'last'],
  );
  t.is([...dict.values()].length, 3);
  dict.clear();
  t.is(dict.length, 0);

  const params = new nn.ParameterDict({ a: ones([1]), b: new nn.Parameter(ones([2])) });
  t.true(params.get('a') instanceof nn.Parameter);
  t.deepEqual(names(params.namedParameters()), ['a', 'b']);
  const list = new nn.ParameterList([ones([1])]).append(new nn.Parameter(ones([3])));
  t.deepEqual(names(list.namedParameters()), ['0', '1']);
  t.deepEqual(list[1].shape, [3]);
});

test('Sequential: named, by position, growing', (t) => {
  const net = new nn.Sequential({ fc: new nn.Linear(1, 2), act: new nn.ReLU() });
  t.deepEqual(Object.keys(net.stateDict()), ['fc.weight', 'fc.bias']);
  t.is(net[0], net.get('fc'));
  net.append(new nn.Linear(2, 1)).insert(1, new nn.Tanh());
  t.deepEqual(names(net.namedChildren()), ['fc', '1', 'act', '3']);
  t.is(net.length, 4);
  t.deepEqual([...net].map((x) => x.constructor.name), ['Linear', 'Tanh', 'ReLU', 'Linear']); // prettier-ignore
  t.deepEqual(net.forward(ones([3, 1])).shape, [3, 1]);
  const plain = new nn.Sequential(new nn.Linear(1, 2), new nn.ReLU(), new nn.Linear(2, 1));
  t.deepEqual(Object.keys(plain.slice(2).stateDict()), ['2.weight', '2.bias']);
  plain.pop(1);
  t.deepEqual(names(plain.namedChildren()), ['0', '1']);
  plain.insert(1, new nn.Tanh());
  t.deepEqual(names(plain.namedChildren()), ['0', '1', '2']);
  t.is(String(new nn.Sequential()), 'Sequential()');
  t.is(new nn.Sequential(new Map([['a', new nn.ReLU()]])).length, 1);
});

test('forward hooks and pre-hooks', (t) => {
  const net = new nn.Linear(1, 1, { bias: false });
  noGrad(() => net.weight.fill_(2));
  const seen: unknown[] = [];
  const pre = net.registerForwardPreHook((module, [x]) => {
    seen.push(module === net, x.tolist());
    return x.mul(10);
  });
  const post = net.registerForwardHook((_, [x], y) => {
    seen.push(x.tolist(), y.tolist());
    return y.add(1);
  });
  net.registerForwardPreHook((_, inputs) => inputs.map((x) => x.add(1)), { prepend: true });
  t.deepEqual(net.forward(tensor([[1]])).tolist(), [[41]]);
  t.deepEqual(seen, [true, [[2]], [[20]], [[40]]]);
  pre.remove();
  post.remove();
  t.deepEqual(new nn.Sequential(net).forward(tensor([[1]])).tolist(), [[4]]);
});

test('full backward hooks see and replace gradients', (t) => {
  const net = new nn.Linear(2, 1, { bias: false });
  noGrad(() => net.weight.copy_(tensor([[3, 4]])));
  const seen: unknown[] = [];
  const lists = (grads: nn.Gradients): unknown => grads.map((g) => g?.tolist() ?? null);
  const handle = net.registerFullBackwardHook((_, gradInput, gradOutput) => {
    seen.push(lists(gradInput), lists(gradOutput));
    return [gradInput[0]?.mul(10) ?? null];
  });
  net.registerFullBackwardPreHook((_, gradOutput) => [gradOutput[0]!.mul(2)]);
  const x = tensor([[1, 2]], { requiresGrad: true });
  net.forward(x).sum().backward();
  t.deepEqual(seen, [[[[6, 8]]], [[[2]]]]);
  t.deepEqual(x.grad!.tolist(), [[60, 80]]);
  t.deepEqual(net.weight.grad!.tolist(), [[2, 4]], 'parameters get what came before');
  t.deepEqual(
    grad(net.forward(x).sum(), x).map((g) => g.tolist()),
    [[[60, 80]]],
  );
  net.forward(x.detach()).sum().backward();
  t.deepEqual(seen.slice(-2), [[null], [[[2]]]], 'also when no input requires grad');
  handle.remove();
  t.deepEqual(grad(net.forward(x).sum(), x)[0].tolist(), [[6, 8]]);
  t.false(noGrad(() => net.forward(x)).requiresGrad);
});

test('a second derivative goes through backward hooks', (t) => {
  const net = new nn.Tanh();
  net.registerFullBackwardHook(() => undefined);
  const x = tensor([0.5], { requiresGrad: true });
  const [g] = grad(net.forward(x).sum(), x, { createGraph: true });
  const [h] = grad(g.sum(), x);
  const y = Math.tanh(0.5);
  t.true(Math.abs(h.item() + 2 * y * (1 - y * y)) < 1e-6);
});

const net = (): nn.Linear => new nn.Linear(1, 1);

// prettier-ignore
testWrongCalls([
  [() => net().registerParameter('a.b', null), TypeError, '[registerParameter] name: expected a string without dots, got "a.b"'],
  [() => net().registerParameter('w', ones([1]) as never), TypeError, '[registerParameter] w: expected a parameter or null, got a Tensor'],
  [() => net().registerParameter('weight', new nn.Parameter(ones([1]))), RangeError, '[registerParameter] weight: the name is taken'],
  [() => net().registerModule('a', 5 as never), TypeError, '[registerModule] a: expected a module, got 5'],
  [() => net().getParameter('none'), RangeError, '[getParameter] there is no parameter "none"'],
  [() => net().getBuffer('weight'), RangeError, '[getBuffer] there is no buffer "weight"'],
  [() => net().getSubmodule('a.b'), RangeError, '[getSubmodule] a.b: Linear has no a'],
  [() => net().apply(5 as never), TypeError, '[apply] expected a function, got 5'],
  [() => net().to('int32' as never), TypeError, '[to] dtype: expected float32 or float64, got "int32"'],
  [() => net().zeroGrad(1 as never), TypeError, '[zeroGrad] setToNone: expected true or false, got 1'],
  [() => net().stateDict({ prefix: 1 as never }), TypeError, '[stateDict] prefix: expected a string, got 1'],
  [() => net().registerForwardHook(1 as never), TypeError, '[registerForwardHook] expected a function, got 1'],
  [() => new nn.ModuleList().forward(), Error, '[ModuleList] has no forward: call those of what is in it'],
  [() => new nn.ModuleList([1 as never]), TypeError, '[ModuleList] value: expected a module, got 1'],
  [() => new nn.ModuleList(5 as never), TypeError, '[ModuleList] expected a list, got 5'],
  [() => new nn.ModuleList().at(0), RangeError, '[ModuleList] index: expected a whole number within 0, got 0'],
  [() => new nn.ModuleDict().get('a'), RangeError, '[ModuleDict] there is no "a"'],
  [() => new nn.ModuleDict({ 'a.b': net() }), TypeError, '[ModuleDict] name: expected a string without dots, got "a.b"'],
  [() => new nn.ParameterList([1 as never]), TypeError, '[ParameterList] value: expected a parameter or a tensor, got 1'],
  [() => new nn.Sequential(1 as never), TypeError, '[Sequential] layers[0]: expected a module, got 1'],
  [() => new nn.Sequential({ a: 1 as never }), TypeError, '[Sequential] a: expected a module, got 1'],
]);
