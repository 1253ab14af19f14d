import { cat, fromArray, functional, nn, noGrad, randn, stack, type Tensor } from '../../lib/index.js';
import { Random } from '../support/inputs.js';
import { checkRow, testOnnx } from './check.js';

// Views, and views of views, in models that random numbers make up.

/** A tensor on its way, and which of its dimensions is the batch. */
interface State {
  readonly x: Tensor;
  readonly batch: number;
}

type Move = (state: State, dim: number, random: Random) => State | null;

const kernel = (channels: number): Tensor =>
  fromArray(
    Float32Array.from({ length: 12 * channels }, (_, i) => ((37 * i) % 11) / 11 - 0.5),
    [3, channels, 2, 2],
  );

/** Changes along a dimension that is not the batch; null where they do not go. */
const MOVES: readonly Move[] = [
  ({ x, batch }, dim) => ({ x: x.transpose(dim, batch), batch: dim }),
  ({ x, batch }, dim, random) => {
    const start = random.below(x.shape[dim]);
    return { x: x.narrow(dim, start, 1 + random.below(x.shape[dim] - start)), batch };
  },
  ({ x, batch }, dim) => ({ x: cat([x, x.mul(2)], dim), batch }),
  ({ x, batch }, dim) => ({ x: x.flip([dim]), batch }),
  ({ x, batch }, dim) => ({ x: x.slice(dim, 0, x.shape[dim], 2), batch }),
  ({ x, batch }) => ({ x: x.relu().add(0.1), batch }),
  ({ x, batch }, dim) =>
    x.ndim < 5 ? { x: stack([x, x.neg()], dim), batch: dim <= batch ? batch + 1 : batch } : null,
  ({ x, batch }, dim) => ({ x: x.sum(dim, true).add(x), batch }),
  ({ x, batch }, dim) => {
    const y = x.clone();
    noGrad(() => {
      y.narrow(dim, 0, 1).add_(1);
      y.select(dim, -1).fill_(3);
    });
    return { x: y, batch };
  },
  ({ x, batch }, dim) =>
    dim + 1 < x.ndim && dim + 1 !== batch
      ? { x: x.flatten(dim, dim + 1), batch: batch > dim ? batch - 1 : batch }
      : null,
  ({ x, batch }, dim) =>
    x.ndim < 5 && x.shape[dim] % 2 === 0
      ? { x: x.unflatten(dim, [2, -1]), batch: batch > dim ? batch + 1 : batch }
      : null,
  ({ x, batch }, dim) => (x.ndim < 5 && x.shape[dim] > 1 ? { x: x.unfold(dim, 2, 1), batch } : null),
  ({ x, batch }) => (batch < x.ndim - 1 ? { x: functional.pad(x, [1, 2]), batch } : null),
  ({ x, batch }) =>
    batch < x.ndim - 1
      ? {
          x: x
            .flatten(batch, batch + 1)
            .mul(2)
            .unflatten(batch, x.shape.slice(batch, batch + 2)),
          batch,
        }
      : null,
  ({ x, batch }) =>
    x.ndim === 4 && batch === 0
      ? { x: functional.conv2d(x, kernel(x.shape[1]), { padding: 1 }), batch }
      : null,
];

/** A model that follows from a name. */
class Wandering extends nn.Module<[Tensor], Tensor[]> {
  constructor(readonly title: string) {
    super();
  }

  forward(input: Tensor): Tensor[] {
    const random = new Random(this.title);
    let state: State = { x: input, batch: 0 };
    for (let i = 3 + random.below(6); i > 0; i--) {
      const { x, batch } = state;
      const dims = [...x.shape.keys()].filter((dim) => dim !== batch);
      const move = random.pick(MOVES);
      state = move(state, random.pick(dims), random) ?? state;
      // What grows without end would say nothing more.
      if (state.x.size / state.x.shape[state.batch] > 2000) state = { x, batch };
    }
    const { x } = state;
    return [x.add(0), x, x.contiguous().reshape([-1])];
  }
}

testOnnx('views of views', async (t) => {
  for (let i = 0; i < 120; i++) {
    const shape = [3, 4, 2].slice(0, 1 + (i % 3));
    const title = `views ${i}`;
    await checkRow(t, title, { model: new Wandering(title), inputs: (n) => [randn([n, ...shape])] });
  }
});
