import type * as Library from '../index.js';
import type { Tensor } from '../index.js';

/** A small expression to draw: its result, after `backward`, and what its tensors are called. */
export interface Expression {
  readonly output: Tensor;
  readonly names: Readonly<Record<string, Tensor>>;
}

// The library comes as an argument: who only wants the names must not load an addon.
type Build = (library: typeof Library) => Expression;

/** The neuron of micrograd's lecture: tanh(x1·w1 + x2·w2 + b). */
const neuron: Build = ({ tensor }) => {
  const leaf = (value: number): Tensor => tensor(value, { requiresGrad: true });
  const [x1, x2, w1, w2, b] = [2, 0, -3, 1, 6.8813735870195432].map(leaf);
  const x1w1 = x1.mul(w1);
  const x2w2 = x2.mul(w2);
  const sum = x1w1.add(x2w2);
  const n = sum.add(b);
  const o = n.tanh();
  return {
    output: withGradients(o),
    names: { x1, x2, w1, w2, b, 'x1·w1': x1w1, 'x2·w2': x2w2, 'x1·w1 + x2·w2': sum, n, o },
  };
};

/** The post's numerical example: a bias that broadcasting repeats gets the sum of the gradients. */
const post: Build = ({ tensor }) => {
  const options = { requiresGrad: true };
  const A = tensor([[1, 2, 3], [4, 5, 6]], options); // prettier-ignore
  const b = tensor([0.1, 0.2, 0.3], options);
  const Y = A.add(b);
  return { output: withGradients(Y, tensor([[0.5, 1.0, 0.2], [0.3, 0.8, 0.4]])), names: { A, b, Y } }; // prettier-ignore
};

/** The post's matrix product: dL/dA = dL/dC @ Bᵀ, dL/dB = Aᵀ @ dL/dC. */
const matmul: Build = ({ tensor }) => {
  const options = { requiresGrad: true };
  const A = tensor([[1, 2], [3, 4], [5, 6]], options); // prettier-ignore
  const B = tensor([[1, 0, -1], [0.5, 2, 1]], options); // prettier-ignore
  const C = A.matmul(B);
  const L = C.sum();
  return { output: withGradients(L), names: { A, B, C, L } };
};

/** The example of micrograd's README. */
const micrograd: Build = ({ tensor }) => {
  const a = tensor(-4, { requiresGrad: true });
  const b = tensor(2, { requiresGrad: true });
  let c = a.add(b);
  let d = a.mul(b).add(b.pow(3));
  c = c.add(c.add(1));
  c = c.add(c.add(1).add(a.neg()));
  d = d.add(d.mul(2).add(b.add(a).relu()));
  d = d.add(d.mul(3).add(b.sub(a).relu()));
  const e = c.sub(d);
  const f = e.pow(2);
  const g = f.div(2).add(tensor(10).div(f));
  return { output: withGradients(g), names: { a, b, c, d, e, f, g } };
};

/** The expressions that can be drawn, by name. */
export const EXPRESSIONS = { neuron, post, matmul, micrograd };

export type ExpressionName = keyof typeof EXPRESSIONS;

/** Calls `backward` such that the graph stays, with a gradient at every tensor of it. */
function withGradients(output: Tensor, grad?: Tensor): Tensor {
  const nodes = new Set([output]);
  // A set goes on to what is added while it is walked.
  for (const node of nodes) {
    if (node.requiresGrad) node.retainGrad();
    for (const parent of node.parents) nodes.add(parent);
  }
  output.backward(grad, { retainGraph: true });
  return output;
}
