import { distinct, nonzero, real } from '../support/inputs.js';
import { at, build, matmul, over, total, zip, type Nd } from '../support/oracle.js';
import { floatsOnly, numbers, row, type Row } from '../support/row.js';

const floats = { dtypes: floatsOnly };
const dotted = (a: Nd, b: Nd): Nd => matmul(a, b);
const outer = (a: Nd, b: Nd): Nd => build([a.shape[0], b.shape[0]], ([i, j]) => a.data[i] * b.data[j]);

interface Scales {
  readonly beta?: number;
  readonly alpha?: number;
}
/** `beta·input + alpha·product`. */
const added =
  (product: (a: Nd, b: Nd) => Nd) =>
  (input: Nd, a: Nd, b: Nd, { beta = 1, alpha = 1 }: Scales = {}): Nd =>
    zip((x, y) => (beta === 0 ? 0 : beta * x) + alpha * y)(input, product(a, b));
const summed = (a: Nd, b: Nd): Nd => over(total)(matmul(a, b), 0);

/** The definition: for every element of the result, the sum over all letters that it does not name. */
function einsum(equation: string, ...operands: Nd[]): Nd {
  const [left, right] = equation.replaceAll(' ', '').split('->');
  const dots = 'ABCDEFGH';
  const ellipsis = (x: Nd, term: string): string =>
    term.includes('...') ? dots.slice(8 - (x.shape.length - term.length + 3)) : '';
  const terms = left.split(',').map((term, i) => term.replace('...', ellipsis(operands[i], term)));
  const most = terms
    .map((term) =>
      term
        .split('')
        .filter((c) => dots.includes(c))
        .join(''),
    )
    .sort((a, b) => b.length - a.length)[0];
  const letters = [...new Set(terms.join(''))];
  const once = letters.filter((c) => !dots.includes(c) && terms.join('').split(c).length === 2).sort();
  const output = (right?.replace('...', most) ?? most + once.join('')).split('');
  const size = (c: string): number =>
    Math.max(
      ...terms.flatMap((term, i) =>
        term.split('').flatMap((d, dim) => (d === c ? [operands[i].shape[dim]] : [])),
      ),
    );
  const rest = letters.filter((c) => !output.includes(c));
  return build(output.map(size), (index) => {
    const inner = build(rest.map(size), (more) => {
      const place = (c: string): number =>
        output.includes(c) ? index[output.indexOf(c)] : more[rest.indexOf(c)];
      return operands.reduce((all, x, i) => all * at(x, terms[i].split('').map(place)), 1);
    });
    return total(inner.data);
  });
}

const tensordot = (a: Nd, b: Nd, dims: number | readonly (readonly number[])[] = 2): Nd => {
  const range = (n: number, from: number): number[] => Array.from({ length: n }, (_, i) => from + i);
  const [first, second] =
    typeof dims === 'number'
      ? [range(dims, a.shape.length - dims), range(dims, 0)]
      : dims.map((list, i) => list.map((dim) => (dim < 0 ? dim + [a, b][i].shape.length : dim)));
  const left = 'abcdefg'.split('').slice(0, a.shape.length);
  const right = 'hijklmn'
    .split('')
    .slice(0, b.shape.length)
    .map((c, dim) => (second.includes(dim) ? left[first[second.indexOf(dim)]] : c));
  const kept = [
    ...left.filter((_, dim) => !first.includes(dim)),
    ...right.filter((_, dim) => !second.includes(dim)),
  ];
  return einsum(`${left.join('')},${right.join('')}->${kept.join('')}`, a, b);
};

const kron = (a: Nd, b: Nd): Nd => {
  const ndim = Math.max(a.shape.length, b.shape.length);
  const sizes = (x: Nd): number[] => [...new Array<number>(ndim - x.shape.length).fill(1), ...x.shape];
  const [m, n] = [sizes(a), sizes(b)];
  return build(
    m.map((size, dim) => size * n[dim]),
    (index) =>
      at(
        a,
        index.map((i, dim) => Math.floor(i / n[dim])),
      ) *
      at(
        b,
        index.map((i, dim) => i % n[dim]),
      ),
  );
};

const cross = (a: Nd, b: Nd, dim = 0): Nd => {
  const d = dim < 0 ? dim + Math.max(a.shape.length, b.shape.length) : dim;
  const other = (x: Nd, index: number[], by: number): number => at(x, index.with(d, (index[d] + by) % 3));
  const shape = zip((x) => x)(a, b).shape;
  return build(shape, (i) => other(a, i, 1) * other(b, i, 2) - other(a, i, 2) * other(b, i, 1));
};

const norm =
  (p: number) =>
  (values: readonly number[]): number => {
    const sizes = values.map(Math.abs);
    if (p === 0) return sizes.filter((x) => x !== 0).length;
    if (p === Infinity) return Math.max(0, ...sizes);
    if (p === -Infinity) return Math.min(...sizes);
    return total(sizes.map((x) => x ** p)) ** (1 / p);
  };
const distances = (a: Nd, b: Nd, p = 2): Nd => {
  const [m, n, k] = [a.shape.at(-2)!, b.shape.at(-2)!, a.shape.at(-1)!];
  const batch = zip((x) => x)(
    build(a.shape.slice(0, -2), () => 0),
    build(b.shape.slice(0, -2), () => 0),
  ).shape;
  return build([...batch, m, n], (index) => {
    const [i, j] = index.slice(-2);
    const rest = index.slice(0, -2);
    return norm(p)(Array.from({ length: k }, (_, l) => at(a, [...rest, i, l]) - at(b, [...rest, j, l])));
  });
};
const pairs = (x: Nd, p = 2): Nd => {
  const all = distances(x, x, p);
  const above = all.data.filter((_, i) => i % x.shape[0] > Math.floor(i / x.shape[0]));
  return { shape: [above.length], data: above };
};
const vectorNorm = (x: Nd, ord = 2, dim?: number | readonly number[] | null, keepdim = false): Nd =>
  over((values) => norm(ord)(values))(x, dim, keepdim);

const chained = (...matrices: Nd[]): Nd => matrices.reduce((a, b) => matmul(a, b));
const inner = (a: Nd, b: Nd): Nd =>
  a.shape.length === 0 || b.shape.length === 0
    ? zip((x, y) => x * y)(a, b)
    : tensordot(a, b, [[a.shape.length - 1], [b.shape.length - 1]]);

/** Products and linear algebra. */
export const LINALG: readonly Row[] = [
  row('mm', { ...floats, oracle: matmul }, [real(2, 3), real(3, 4)], [real(2, 0), real(0, 3)], [real(0, 2), real(2, 3)]),
  row('bmm', { ...floats, oracle: matmul }, [real(2, 2, 3), real(2, 3, 4)], [real(0, 2, 3), real(0, 3, 1)]),
  row('mv', { ...floats, oracle: matmul }, [real(2, 3), real(3)], [real(2, 0), real(0)]),
  row('dot', { ...floats, oracle: dotted }, [real(4), real(4)], [real(0), real(0)]),
  row('vdot', { ...floats, oracle: dotted }, [real(4), real(4)]),
  row('inner', { ...floats, oracle: inner }, [real(3), real(3)], [real(2, 3), real(4, 2, 3)], [real(2, 0), real(3, 0)]),
  row('outer', { oracle: outer }, [real(3), real(4)], [real(0), real(2)]),
  row('ger', { oracle: outer }, [real(3), real(2)]),
  row('addmm', { ...floats, oracle: added(matmul) }, [real(2, 4), real(2, 3), real(3, 4)], [real(4), real(2, 3), real(3, 4), { beta: 2, alpha: 0.5 }], [real(), real(2, 0), real(0, 4), { beta: 0 }]),
  row('addmv', { ...floats, oracle: added(matmul) }, [real(2), real(2, 3), real(3)], [real(1), real(2, 3), real(3), { beta: -1, alpha: 2 }]),
  row('addr', { ...floats, oracle: added(outer) }, [real(3, 2), real(3), real(2)], [real(2), real(3), real(2), { beta: 0.5, alpha: 2 }]),
  row('baddbmm', { ...floats, oracle: added(matmul) }, [real(2, 2, 4), real(2, 2, 3), real(2, 3, 4)], [real(2, 1), real(3, 2, 3), real(3, 3, 4), { beta: 0.5, alpha: 2 }]),
  row('addbmm', { ...floats, oracle: added(summed) }, [real(2, 4), real(2, 2, 3), real(2, 3, 4)], [real(4), real(3, 2, 3), real(3, 3, 4), { beta: 0.5, alpha: 2 }]),
  row('kron', { oracle: kron }, [real(2, 3), real(3, 2)], [real(3), real(2, 2)], [real(2, 1, 2), real()], [real(0, 2), real(2, 1)]),
  row('tensordot', { ...floats, oracle: tensordot }, [real(2, 3, 4), real(3, 4, 5)], [real(2, 3), real(2, 3), 0], [real(2, 3, 4), real(4, 2), 1],
    [real(3, 4, 5), real(4, 3, 2), [[1, 0], [0, 1]]], [real(2, 3), real(3, 2), [[-1], [-2]]], [real(2), real(2), [[0], [0]]]),
  row('chainMatmul', { ...floats, oracle: chained }, [real(2, 3), real(3, 4)], [real(5, 2), real(2, 3), real(3, 1), real(1, 4)]),
  row('einsum', { ...floats, oracle: einsum }, ['ij,jk->ik', real(2, 3), real(3, 4)], ['i,i', real(3), real(3)], ['i,j->ij', real(3), real(2)], ['ii->i', real(3, 3)], ['ii', real(3, 3)],
    ['bij,bjk->bik', real(2, 2, 3), real(2, 3, 4)], ['...ij,...jk->...ik', real(2, 1, 2, 3), real(4, 3, 2)], ['ij->ji', real(2, 3)], ['ba', real(2, 3)], ['ij->', real(2, 3)],
    ['bn,anm,bm->ba', real(2, 3), real(4, 3, 2), real(2, 2)], ['i...->...', real(2, 3)], ['...ii->...i', real(2, 3, 3)], ['iij,jk->ki', real(2, 2, 3), real(3, 2)],
    ['ij,ij->ij', real(2, 3), real(1, 3)], ['ij,kj->ik', real(2, 1), real(3, 4)], ['i,->i', real(2), real()], ['ij,jk->ik', real(2, 0), real(0, 3)], ['aab,b->', real(2, 2, 3), real(3)]),
  row('cross', { dtypes: numbers, oracle: (a: Nd, b: Nd, dim?: number | null) => cross(a, b, dim ?? zip((x) => x)(a, b).shape.indexOf(3)) }, [real(3), real(3)], [real(2, 3), real(2, 3)], [real(3, 3), real(3, 3), 1], [real(2, 3), real(3), -1], [real(3, 2), real(3, 1), 0]),
  row('linalg.cross', { dtypes: numbers, oracle: (a: Nd, b: Nd, dim = -1) => cross(a, b, dim) }, [real(3), real(3)], [real(2, 3), real(1, 3)], [real(3, 2), real(3, 2), 0], [real(0, 3), real(0, 3)]),
  row('cdist', { ...floats, oracle: distances }, [real(3, 2), real(4, 2)], [real(2, 3, 2), real(1, 2, 2), 1], [real(2, 3), real(3, 3), 3], [nonzero(2, 2), nonzero(3, 2), 1.5], [distinct(2, 2), real(3, 2), Infinity], [real(2, 3), real(1, 3), 0], [real(2, 0), real(3, 0)], [real(0, 2), real(3, 2)], [real(27, 2), real(2, 2)]),
  row('pdist', { ...floats, oracle: pairs }, [distinct(4, 3)], [distinct(3, 2), 1], [distinct(3, 2), 3], [distinct(1, 2)]),
  row('linalg.vectorNorm', { ...floats, oracle: vectorNorm }, [real(4)], [real(2, 3), 2, 1], [real(2, 3), 1], [nonzero(2, 3), 3, 0, true], [nonzero(2, 3), 0.5, [0, 1]], [nonzero(3, 2), -1.5, -1], [distinct(4, 2), Infinity, 0], [distinct(2, 4), -Infinity, 1],
    [real(2, 3), 0, 1], [real()], [real(), 3], [real(0)], [real(2, 0), 1, 1]),
]; // prettier-ignore
