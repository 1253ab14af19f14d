import { isFloat, promote } from '../dtype.js';
import { describe, shapeError, typeError } from '../errors.js';
import { formatShape } from '../shape.js';
import { checkTensor, type Tensor } from '../tensor.js';
import { reshape, sum } from './broadcast.js';
import { matmulAs } from './matmul.js';
import { mul } from './pointwise.js';
import { cast } from './primitive.js';
import { permute } from './shape.js';
import { diagonal } from './shape-diagonal.js';

/** A tensor whose dimensions have names, each once. Those of an ellipsis are called `.0`, `.1`, … from the right. */
interface Named {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

/**
 * Sums of products, in Einstein's notation: `einsum('bij,bjk->bik', a, b)` is a batch of matrix products. Letters name
 * dimensions; one letter twice in a term takes the diagonal; `...` stands for further dimensions, which broadcast. What
 * the output does not name is summed. Without `->`, it names the letters that come once, in alphabetical order, after
 * the ellipsis. Pairs of operands are contracted from left to right, each by one matrix product.
 * Gradients: as {@link matmul}.
 * @throws TypeError for an equation that is not one; ShapeError when it does not fit the operands.
 * @see https://pytorch.org/docs/stable/generated/torch.einsum.html
 */
export function einsum(equation: string, ...operands: Tensor[] | [readonly Tensor[]]): Tensor {
  if (typeof equation !== 'string')
    typeError('einsum', `equation: expected a string, got ${describe(equation)}`);
  const list = (Array.isArray(operands[0]) ? operands[0] : operands) as readonly Tensor[];
  list.forEach((x, i) => {
    checkTensor('einsum', x, `operands[${i}]`);
  });
  const { terms, output } = parse(equation, list);
  const dtype = list.map((x) => x.dtype).reduce(promote);
  if (!isFloat(dtype)) typeError('einsum', `expected float32 or float64, got ${dtype}`);
  checkSizes(terms, list);
  const named = terms.map((labels, i) => withDiagonals({ x: cast(list[i], dtype), labels }));

  let result = named[0];
  for (let i = 1; i < named.length; i++) {
    const later = new Set([...output, ...named.slice(i + 1).flatMap(({ labels }) => labels)]);
    result = contract(result, named[i], later);
  }
  const { x, labels } = sumOver(result, (label) => !output.includes(label));
  return permute(
    x,
    output.map((label) => labels.indexOf(label)),
  );
}

/** Names for the dimensions of every operand, and of the result. */
function parse(equation: string, operands: readonly Tensor[]): { terms: string[][]; output: string[] } {
  const [left, right, ...more] = equation.replaceAll(' ', '').split('->');
  if (more.length > 0) typeError('einsum', `equation: more than one arrow in '${equation}'`);
  const inputs = left.split(',');
  if (inputs.length !== operands.length)
    typeError('einsum', `equation: '${equation}' has ${inputs.length} terms for ${operands.length} operands`);
  const terms = inputs.map((term, i) => {
    const { ndim, shape } = operands[i];
    const { before, after, ellipsis } = split(equation, term);
    const rest = ndim - before.length - after.length;
    if (rest < 0 || (rest > 0 && !ellipsis))
      shapeError(
        'einsum',
        `term '${term}' of '${equation}' does not fit operand ${i} of shape ${formatShape(shape)}`,
      );
    return [...before, ...dots(rest), ...after];
  });
  const most = Math.max(0, ...terms.map((term) => term.filter((label) => label.startsWith('.')).length));
  if (right === undefined) {
    const letters = terms.flat().filter((label) => !label.startsWith('.'));
    const once = letters.filter((label) => letters.indexOf(label) === letters.lastIndexOf(label));
    return { terms, output: [...dots(most), ...once.sort()] };
  }
  const { before, after, ellipsis } = split(equation, right);
  const output = [...before, ...(ellipsis ? dots(most) : []), ...after];
  for (const label of output) {
    if (output.indexOf(label) !== output.lastIndexOf(label))
      typeError('einsum', `equation: '${label}' comes twice in the output of '${equation}'`);
    if (!terms.some((term) => term.includes(label)))
      typeError('einsum', `equation: '${label}' of the output is in no term of '${equation}'`);
  }
  return { terms, output };
}

/** The names of `count` dimensions under an ellipsis. */
const dots = (count: number): string[] => Array.from({ length: count }, (_, i) => `.${count - 1 - i}`);

/** The letters of a term before and after its ellipsis. */
function split(equation: string, term: string): { before: string[]; after: string[]; ellipsis: boolean } {
  const [before, after, ...more] = term.split('...');
  if (more.length > 0 || !/^[a-zA-Z]*$/.test(before + (after ?? '')))
    typeError(
      'einsum',
      `equation: expected letters and at most one '...' in each term, got '${term}' in '${equation}'`,
    );
  return { before: before.split(''), after: (after ?? '').split(''), ellipsis: after !== undefined };
}

/** Dimensions of one name have one size, or 1. */
function checkSizes(terms: readonly string[][], operands: readonly Tensor[]): void {
  const sizes = new Map<string, number>();
  terms.forEach((labels, i) => {
    labels.forEach((label, dim) => {
      const size = operands[i].shape[dim];
      const known = sizes.get(label) ?? 1;
      const first = labels.indexOf(label);
      if ((known !== 1 && size !== 1 && size !== known) || size !== operands[i].shape[first])
        shapeError(
          'einsum',
          `'${label}' has size ${size} in operand ${i} of shape ${formatShape(operands[i].shape)}, and ` +
            `${first < dim ? operands[i].shape[first] : known} before`,
        );
      if (known === 1) sizes.set(label, size);
    });
  });
}

/** Takes the diagonal where a name comes twice. */
function withDiagonals({ x, labels }: Named): Named {
  for (let i = 0; i < labels.length; i++) {
    const again = labels.indexOf(labels[i], i + 1);
    if (again < 0) continue;
    const rest = labels.filter((_, dim) => dim !== i && dim !== again);
    return withDiagonals({ x: diagonal(x, 0, i, again), labels: [...rest, labels[i]] });
  }
  return { x, labels };
}

/** Sums over the dimensions that are `dropped`. */
function sumOver({ x, labels }: Named, dropped: (label: string, dim: number) => boolean): Named {
  const dims = labels.flatMap((label, dim) => (dropped(label, dim) ? [dim] : []));
  if (dims.length === 0) return { x, labels };
  return { x: sum(x, dims), labels: labels.filter((_, dim) => !dims.includes(dim)) };
}

/** The sum of products of two operands over all names that are needed no more. */
function contract(first: Named, second: Named, later: ReadonlySet<string>): Named {
  // What only one has and nobody needs is summed before; and a size of 1 is left out that the other's stands for.
  const reduced = (self: Named, other: Named): Named =>
    sumOver(self, (label, dim) => {
      const at = other.labels.indexOf(label);
      return at < 0 ? !later.has(label) : self.x.shape[dim] === 1 && other.x.shape[at] !== 1;
    });
  let [a, b] = [reduced(first, second), reduced(second, first)];
  // Then the other may have what nobody needs alone.
  [a, b] = [reduced(a, b), reduced(b, a)];
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => later.has(label));
  const summed = shared.filter((label) => !later.has(label));
  const onlyA = a.labels.filter((label) => !shared.includes(label));
  const onlyB = b.labels.filter((label) => !shared.includes(label));
  const sizesOf = ({ x, labels }: Named, names: readonly string[]): number[] =>
    names.map((label) => x.shape[labels.indexOf(label)]);
  const order = ({ x, labels }: Named, ...names: readonly string[]): Tensor =>
    permute(
      x,
      names.map((label) => labels.indexOf(label)),
    );
  const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);
  const sizes = {
    batch: sizesOf(a, batch),
    a: sizesOf(a, onlyA),
    b: sizesOf(b, onlyB),
    k: product(sizesOf(a, summed)),
  };
  const labels = [...batch, ...onlyA, ...onlyB];
  const shape = [...sizes.batch, ...sizes.a, ...sizes.b];
  if (summed.length === 0) {
    const left = reshape(order(a, ...batch, ...onlyA), [...sizes.batch, ...sizes.a, ...sizes.b.map(() => 1)]);
    const right = reshape(order(b, ...batch, ...onlyB), [
      ...sizes.batch,
      ...sizes.a.map(() => 1),
      ...sizes.b,
    ]);
    return { x: mul(left, right), labels };
  }
  const left = reshape(order(a, ...batch, ...onlyA, ...summed), [...sizes.batch, product(sizes.a), sizes.k]);
  const right = reshape(order(b, ...batch, ...summed, ...onlyB), [...sizes.batch, sizes.k, product(sizes.b)]);
  return { x: reshape(matmulAs('einsum', left, right), shape), labels };
}
