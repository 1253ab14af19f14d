import test from 'ava';
import {
  full,
  grad,
  keep,
  matmul,
  nn,
  noGrad,
  ones,
  optim,
  scope,
  tensor,
  tidy,
  zeros,
  type Tensor,
} from '../lib/index.js';
import { clearFreeList, freeListBytes } from '../lib/storage.js';
import { poison } from './support/check.js';

const FREED = { instanceOf: ReferenceError, message: /^\[tidy\] this tensor was freed when its scope ended/ };

/** Runs `fn` in a scope, and returns what it gives though the scope would free it. */
function smuggle(fn: () => Tensor): Tensor {
  let out: Tensor | null = null;
  tidy(() => {
    out = fn();
  });
  poison();
  return out as unknown as Tensor;
}

test('tidy frees what is made inside, and keeps what is returned', (t) => {
  let inner: Tensor | null = null;
  const result = tidy(() => {
    inner = ones([4]).mul(2);
    return inner.add(1);
  });
  poison();
  t.deepEqual(result.tolist(), [3, 3, 3, 3]);
  t.throws(() => inner?.tolist(), FREED);
});

test('returned in arrays, objects and maps, however deep', (t) => {
  const make = (): Tensor => full([2], 5);
  const result = tidy(() => ({
    a: [make(), { b: make() }],
    c: new Map([['d', make()]]),
    e: new Set([make()]),
    f: null,
    g: 1,
    h: 'x',
  }));
  poison();
  const [first, { b }] = result.a as [Tensor, { b: Tensor }];
  for (const x of [first, b, result.c.get('d'), ...result.e]) t.deepEqual(x?.tolist(), [5, 5]);
  const loop: { self?: unknown; x: Tensor } = tidy(() => {
    const object: { self?: unknown; x: Tensor } = { x: make() };
    object.self = object;
    return object;
  });
  poison();
  t.deepEqual(loop.x.tolist(), [5, 5], 'also when it contains itself');
});

test('a view that is returned keeps the memory it lies in', (t) => {
  const view = tidy(() => tensor([[1, 2, 3], [4, 5, 6]]).transpose(0, 1).slice(0, 1)); // prettier-ignore
  poison();
  t.deepEqual(view.tolist(), [[2, 5], [3, 6]]); // prettier-ignore
});

test('a freed tensor is an error wherever it is used, never stale numbers', (t) => {
  const uses: Record<string, (x: Tensor) => unknown> = {
    item: (x) => x.item(),
    tolist: (x) => x.tolist(),
    toArray: (x) => x.toArray(),
    data: (x) => x.data,
    String: (x) => String(x),
    'an op': (x) => x.add(1),
    'the other operand': (x) => ones([1]).add(x),
    'a view': (x) => x.reshape(1, 1).T.tolist(),
    matmul: (x) => matmul(x, x),
    sum: (x) => x.sum(),
    clone: (x) => x.clone(),
    to: (x) => x.to('float64'),
    softmax: (x) => x.softmax(0),
    copy_: (x) => ones([1]).copy_(x),
    'add_ to it': (x) => x.add_(1),
    fill_: (x) => x.fill_(0),
    'a gradient': (x) => ones([1], { requiresGrad: true }).mul(2).backward(x),
  };
  for (const [name, use] of Object.entries(uses)) {
    const x = smuggle(() => ones([1]).mul(3));
    t.throws(() => use(x), FREED, name);
  }
});

test('a graph whose tensors were freed refuses to go back', (t) => {
  const w = tensor([2, 3], { requiresGrad: true });
  const loss = tidy(() => w.square().exp().sum());
  t.true(Number.isFinite(loss.item()));
  poison();
  t.throws(() => loss.backward(), FREED);
  t.is(w.grad, null);
  // A gradient that needs nothing of what was freed is right.
  const linear = tidy(() => w.neg().sum());
  poison();
  linear.backward();
  t.deepEqual(w.grad?.tolist() as unknown, [-1, -1]);
});

test('grads outlive the scope they were computed in, and so do views of them', (t) => {
  const w = tensor([2, 3], { requiresGrad: true });
  tidy(() => {
    w.mul(w).sum().backward();
  });
  poison();
  t.deepEqual(w.grad?.tolist() as unknown, [4, 6]);
  tidy(() => {
    w.mul(w).sum().backward();
  });
  poison();
  t.deepEqual(w.grad?.tolist() as unknown, [8, 12]);
  const middle = tidy(() => {
    const y = w.mul(2).retainGrad();
    y.sum().backward();
    return y;
  });
  poison();
  t.deepEqual(middle.grad?.tolist() as unknown, [1, 1]);
});

test('gradients of grad are freed like other tensors, and kept when they are returned', (t) => {
  const w = tensor([2, 3], { requiresGrad: true });
  const [kept] = tidy(() => grad(w.mul(w).sum(), w));
  const freed = smuggle(() => grad(w.mul(w).sum(), w)[0]);
  t.deepEqual(kept.tolist(), [4, 6]);
  t.throws(() => freed.tolist(), FREED);
});

test('parameters and optimizer state made in a scope outlive it', (t) => {
  const parts = { linear: null as nn.Linear | null, adam: null as optim.Adam | null };
  tidy(() => {
    const linear = new nn.Linear(3, 2);
    const adam = new optim.Adam(linear.parameters());
    linear
      .forward(ones([4, 3]))
      .sum()
      .backward();
    adam.step();
    Object.assign(parts, { linear, adam });
  });
  poison();
  const { linear, adam } = parts;
  if (linear === null || adam === null) return t.fail();
  for (let i = 0; i < 3; i++)
    tidy(() => {
      adam.zeroGrad();
      linear
        .forward(ones([4, 3]))
        .square()
        .sum()
        .backward();
      adam.step();
      poison();
    });
  for (const p of linear.parameters()) t.true((p.toArray() as Float32Array).every(Number.isFinite));
});

test('keep saves a tensor from every scope', (t) => {
  const kept: Tensor[] = [];
  tidy(() => tidy(() => {
    kept.push(keep(ones([3]).add(1)));
  })); // prettier-ignore
  poison();
  t.deepEqual(kept[0].tolist(), [2, 2, 2]);
});

test('memory that JavaScript looks at is never given to another tensor', (t) => {
  let data: ArrayLike<number> = [];
  tidy(() => {
    data = ones([4]).add(1).data;
  });
  poison();
  t.deepEqual([...Array.from(data)], [2, 2, 2, 2]);
});

test('scopes nest: what the inner one returns belongs to the outer one', (t) => {
  let inner: Tensor | null = null;
  tidy(() => {
    inner = tidy(() => ones([2]).mul(7));
    poison();
    t.deepEqual(inner.tolist(), [7, 7]);
  });
  t.throws(() => inner?.tolist(), FREED);
});

test('an error inside frees everything too, and comes out', (t) => {
  let inner: Tensor | null = null;
  t.throws(
    () =>
      tidy(() => {
        inner = ones([2]).mul(7);
        throw new RangeError('mine');
      }),
    { instanceOf: RangeError, message: 'mine' },
  );
  t.throws(() => inner?.tolist(), FREED);
});

test('tensors from outside are not touched', (t) => {
  const outside = ones([3]).mul(2);
  const changed = ones([3]);
  tidy(() => {
    outside.add(1);
    noGrad(() => changed.add_(outside));
    return outside;
  });
  poison();
  t.deepEqual(outside.tolist(), [2, 2, 2]);
  t.deepEqual(changed.tolist(), [3, 3, 3]);
});

test('a loop with tidy uses the same memory again', (t) => {
  const w = ones([1000]);
  const step = (): void => {
    tidy(() => {
      w.mul(2).add(1).tanh().sum();
    });
  };
  for (let i = 0; i < 10; i++) step();
  const bytes = freeListBytes();
  for (let i = 0; i < 1000; i++) step();
  t.is(freeListBytes(), bytes);
});

test('what waits for reuse stays below half a gigabyte', (t) => {
  // Memory that nobody writes to is only promised by the system.
  const large = (megabytes: number): void => tidy(() => void zeros([megabytes, 2 ** 20], { dtype: 'uint8' }));
  clearFreeList();
  const rss = process.memoryUsage.rss();
  large(300);
  t.is(freeListBytes(), 300 * 2 ** 20);
  large(200);
  t.is(freeListBytes(), 500 * 2 ** 20);
  large(100);
  t.is(freeListBytes(), 100 * 2 ** 20, 'all of it goes when there would be more');
  large(600);
  t.is(freeListBytes(), 100 * 2 ** 20, 'and what is too large itself is never kept');
  clearFreeList();
  t.true(process.memoryUsage.rss() - rss < 100 * 2 ** 20);
});

test('scope() ends with its block', (t) => {
  const made: Tensor[] = [];
  {
    using _ = scope();
    made.push(ones([2]).mul(3), keep(ones([2]).mul(4)));
    t.deepEqual(made[0].tolist(), [3, 3]);
  }
  t.throws(() => made[0].tolist(), FREED);
  t.deepEqual(made[1].tolist(), [4, 4]);
  const end = scope();
  const x = ones([2]).mul(3);
  end[Symbol.dispose]();
  end[Symbol.dispose]();
  t.throws(() => x.tolist(), FREED, 'ended by hand; a second time does nothing');
});

test('scopes that end in the wrong order say so, and remember nothing', (t) => {
  const [first, second] = [scope(), scope()];
  const order = {
    message:
      '[scope] scopes end in the reverse order of their beginnings; was this one held across an await?',
  };
  t.throws(() => first[Symbol.dispose](), order);
  t.throws(() => second[Symbol.dispose](), order);
  const x = ones([2]).mul(2);
  t.deepEqual(x.tolist(), [2, 2]);
});

test('tidy refuses async functions', (t) => {
  t.throws(() => tidy(async () => Promise.resolve(1)), {
    instanceOf: TypeError,
    message: '[tidy] expected a synchronous function, got an async one',
  });
});
