import test from 'ava';
import {
  detectAnomaly,
  Function,
  type FunctionContext,
  grad,
  gradcheck,
  gradgradcheck,
  noGrad,
  onceDifferentiable,
  randn,
  tensor,
  tidy,
  toDot,
  type FunctionGradients,
  type Tensor,
} from '../lib/index.js';
import { BACKENDS, onBackend } from './support/check.js';

const input = (...values: number[]): Tensor => tensor(values, { dtype: 'float64', requiresGrad: true });

class Exp extends Function {
  static forward(ctx: FunctionContext, x: Tensor): Tensor {
    const y = x.exp();
    ctx.saveForBackward(y);
    return y;
  }
  static backward(ctx: FunctionContext, g: Tensor): Tensor {
    return g.mul(ctx.savedTensors[0]);
  }
}

class Power extends Function {
  static forward(ctx: FunctionContext, x: Tensor, power: number): Tensor {
    ctx.saveForBackward(x);
    ctx.power = power;
    return x.pow(power);
  }
  static backward(ctx: FunctionContext, g: Tensor): FunctionGradients {
    const [x] = ctx.savedTensors;
    const power = ctx.power as number;
    return [g.mul(x.pow(power - 1)).mul(power), null];
  }
}

/** Two inputs, two results. */
class SumAndProduct extends Function {
  static forward(ctx: FunctionContext, a: Tensor, b: Tensor): [Tensor, Tensor] {
    ctx.saveForBackward(a, b);
    return [a.add(b), a.mul(b)];
  }
  static backward(ctx: FunctionContext, forSum: Tensor, forProduct: Tensor): FunctionGradients {
    const [a, b] = ctx.savedTensors;
    return [forSum.add(forProduct.mul(b)), forSum.add(forProduct.mul(a))];
  }
}

/** Doubles, and gives the gradient that it is told to. */
const doubling = (backward: (ctx: FunctionContext, g: Tensor) => FunctionGradients) => {
  class Double extends Function {
    static forward(_ctx: FunctionContext, x: Tensor): Tensor {
      return x.mul(2);
    }
    static backward(ctx: FunctionContext, g: Tensor): FunctionGradients {
      return backward(ctx, g);
    }
  }
  return Double;
};

for (const backend of BACKENDS)
  test(`first and second derivatives, on ${backend}`, (t) => {
    onBackend(backend, () => {
      t.true(gradcheck((x) => Exp.apply(x), input(1, -2)));
      t.true(gradgradcheck((x) => Exp.apply(x), input(1, -2)));
      t.true(gradcheck((x) => Power.apply(x, 3), input(1, -2)));
      t.true(gradgradcheck((x) => Power.apply(x, 3), input(1, -2)));
      t.true(gradcheck((a, b) => SumAndProduct.apply(a, b), [input(1, -2), input(3, 4)]));
      t.true(gradgradcheck((a, b) => SumAndProduct.apply(a, b), [input(1, -2), input(3, 4)]));
      t.true(gradgradcheck((a) => SumAndProduct.apply(a, a.square()), input(1, -2)));
    });
  });

test('what is computed is not recorded, and only what needs a gradient is', (t) => {
  const y = Exp.apply(input(1));
  t.deepEqual([y.op, y.requiresGrad, y.isLeaf], ['Exp', true, false]);
  t.false(Exp.apply(tensor([1])).requiresGrad);
  t.false(noGrad(() => Exp.apply(input(1))).requiresGrad);
  t.true(toDot(SumAndProduct.apply(input(1), input(2))[1]).includes('SumAndProduct'));
});

test('results that no gradient reached give zeros, or null when told so', (t) => {
  const seen: unknown[] = [];
  class Two extends Function {
    static forward(ctx: FunctionContext, x: Tensor, materialize: boolean): [Tensor, Tensor] {
      ctx.setMaterializeGrads(materialize);
      return [x.mul(2), x.sum()];
    }
    static backward(_ctx: FunctionContext, a: Tensor | null, b: Tensor | null): FunctionGradients {
      seen.push(a?.tolist() ?? null, b?.tolist() ?? null);
      return [a, null];
    }
  }
  Two.apply(input(1, 2), true)[0].sum().backward();
  Two.apply(input(1, 2), false)[0].sum().backward();
  t.deepEqual(seen, [[1, 1], 0, [1, 1], null]);
});

test('no gradient flows through what is marked, nor through integers', (t) => {
  class Sorted extends Function {
    static forward(ctx: FunctionContext, x: Tensor): Tensor[] {
      const marked = x.mul(3);
      ctx.markNonDifferentiable(marked);
      return [x.mul(2), marked, x.argmax()];
    }
    static backward(_ctx: FunctionContext, g: Tensor, ...others: Tensor[]): FunctionGradients {
      t.deepEqual(
        others.map((x) => x.tolist()),
        [[0, 0], 0],
      );
      return g.mul(2);
    }
  }
  const x = input(1, 2);
  const [y, marked, index] = Sorted.apply(x);
  t.deepEqual([y.requiresGrad, marked.requiresGrad, index.requiresGrad], [true, false, false]);
  y.sum().backward();
  t.deepEqual(x.grad!.tolist(), [2, 2]);
});

test('needsInputGrad says for which arguments there is something to do', (t) => {
  let needs: readonly boolean[] = [];
  class Mul extends Function {
    static forward(ctx: FunctionContext, a: Tensor, factor: number, b: Tensor): Tensor {
      needs = ctx.needsInputGrad;
      ctx.saveForBackward(a, b);
      return a.mul(b).mul(factor);
    }
    static backward(ctx: FunctionContext, g: Tensor): FunctionGradients {
      const [, b] = ctx.savedTensors;
      return [ctx.needsInputGrad[0] ? g.mul(b).mul(2) : null, null, null];
    }
  }
  const a = input(1, 2);
  Mul.apply(a, 2, tensor([3, 4], { dtype: 'float64' }))
    .sum()
    .backward();
  t.deepEqual(needs, [true, false, false]);
  t.deepEqual(a.grad!.tolist(), [6, 8]);
});

test('an input may be returned as it is', (t) => {
  const Same = class extends Function {
    static forward(_ctx: FunctionContext, x: Tensor): Tensor {
      return x;
    }
    static backward(_ctx: FunctionContext, g: Tensor): Tensor {
      return g.neg();
    }
  };
  const x = input(1);
  const y = Same.apply(x);
  y.sum().backward();
  t.not(y, x);
  t.true(x.isLeaf);
  t.deepEqual(x.grad!.tolist(), [-1]);
});

test('null is no gradient at all', (t) => {
  const x = input(1);
  const Nothing = doubling(() => null);
  Nothing.apply(x).sum().backward();
  t.is(x.grad, null);
  t.deepEqual(grad(Nothing.apply(x), x, { allowUnused: true }), [null]);
  t.throws(() => grad(Nothing.apply(x), x), { message: /inputs\[0\] was not used/ });
});

test('a backward that returns what does not fit is named', (t) => {
  const back = (backward: (ctx: FunctionContext, g: Tensor) => FunctionGradients) => () => {
    const Double = doubling(backward);
    Double.apply(input(1, 2)).sum().backward();
  };
  const rows: [(ctx: FunctionContext, g: Tensor) => FunctionGradients, string][] = [
    [(_, g) => [g, g], '[Double] backward: expected 1 gradients, one for each argument of forward, got 2'],
    [() => [], '[Double] backward: expected 1 gradients, one for each argument of forward, got 0'],
    [(_, g) => g.sum(), '[Double] backward: gradient 0: expected shape (2,), got ()'],
    [(_, g) => g.to('float32'), '[Double] backward: gradient 0: expected float64, got float32'],
    [() => 3 as never, '[Double] backward: gradient 0: expected a tensor, got 3'],
  ];
  for (const [backward, message] of rows) t.throws(back(backward), { message });
  const Given = class Given extends Function {
    static forward(_ctx: FunctionContext, x: Tensor, _n: number): Tensor {
      return x.mul(2);
    }
    static backward(_ctx: FunctionContext, g: Tensor): FunctionGradients {
      return [g, g];
    }
  };
  t.throws(() => Given.apply(input(1), 2).sum().backward(), {
    message: '[Given] backward: expected null for argument 1, which is no tensor, got a Tensor',
  });
  t.throws(() => (Given as unknown as { apply: (x: unknown) => unknown }).apply.call(Function, 1), {
    message: '[Function] expected a class with static forward and backward',
  });
  class Wrong extends Function {
    static forward(): Tensor {
      return 5 as never;
    }
    static backward(): FunctionGradients {
      return null;
    }
  }
  t.throws(() => Wrong.apply(), { message: '[Wrong] result 0 of forward: expected a tensor, got 5' });
});

test('what is saved and then changed in place is noticed', (t) => {
  const x = input(1, 2);
  const y = Power.apply(x, 3);
  noGrad(() => x.add_(1));
  t.throws(() => y.sum().backward(), {
    message: '[backward] a tensor of shape (2,) that Power saved for its gradient was changed in place: it is at version 1, expected 0', // prettier-ignore
  });
  const z = Exp.apply(input(1)).sum();
  z.backward();
  t.throws(() => z.backward(), { message: /already freed/ });
});

test('onceDifferentiable: a second derivative is an error, and never zero', (t) => {
  class Square extends Function {
    static forward(ctx: FunctionContext, x: Tensor): Tensor {
      ctx.saveForBackward(x);
      return x.square();
    }
    static backward = onceDifferentiable((ctx, g: Tensor) => g.mul(ctx.savedTensors[0]).mul(2));
  }
  const x = input(3);
  t.true(gradcheck((x) => Square.apply(x), x));
  const [g] = grad(Square.apply(x), x, { createGraph: true });
  t.deepEqual(g.tolist(), [6]);
  t.throws(() => grad(g, x), { message: /differentiable only once/ });
});

test('what a backward looks at or makes stays, also in a scope', (t) => {
  const seen: Tensor[] = [];
  const Spy = doubling((_, g) => {
    seen.push(g, g.mul(5));
    return g.mul(2);
  });
  const x = tensor([1, 2, 3], { requiresGrad: true });
  const y = Spy.apply(x.mul(1)).mul(3).sum();
  y.backward();
  for (let i = 0; i < 20; i++) tidy(() => void randn([3]).mul(2));
  t.deepEqual(
    seen.map((g) => g.tolist()),
    [
      [3, 3, 3],
      [15, 15, 15],
    ],
  );
  t.deepEqual(x.grad!.tolist(), [6, 6, 6]);
});

test('detectAnomaly names the class and the line that applied it', (t) => {
  const Bad = doubling((_, g) => g.mul(NaN));
  const error = t.throws(() => detectAnomaly(() => Bad.apply(input(1)).sum().backward()));
  t.regex(
    error?.message ?? '',
    /^\[backward\] the gradient rule of Double returned NaN; the op was called at\n/,
  );
  t.regex(error?.message ?? '', /function\.test\.ts/);
  t.notRegex(error?.message ?? '', /lib\/function/);
});
