import { index, real } from '../support/inputs.js';
import { at, build, picked, scattered, type Nd } from '../support/oracle.js';
import { row, type Row } from '../support/row.js';

/** Picking and putting. */
export const INDEXING: readonly Row[] = [
  row('gather', { oracle: (x: Nd, dim: number, where: Nd) => build(where.shape, (i) => x.shape.length ? at(x, i.with(dim, at(where, i))) : x.data[0]) },
    [real(3, 4), 1, index(4, 3, 2)], [real(3, 4), 0, index(3, 5, 2)], [real(4), -1, index(4, 6)], [real(), 0, index(1)], [real(2, 3), 1, index(3, 2, 0)]),
  row('scatterAdd', { oracle: (x: Nd, dim: number, where: Nd, src: Nd) => scattered(x, src, (i) => x.shape.length ? i.with(dim, at(where, i)) : [], where.shape) },
    [real(3, 4), 1, index(4, 3, 2), real(3, 2)], [real(3, 4), 0, index(3, 5, 2), real(6, 3)], [real(4), -1, index(4, 6), real(6)],
    [real(), 0, index(1), real()], [real(2, 3), 1, index(3, 2, 0), real(2, 1)]),
  row('indexSelect', { oracle: (x: Nd, dim: number, where: Nd) => x.shape.length ? picked(x, dim, where.data) : x },
    [real(3, 4), 0, index(3, 5)], [real(3, 4), -1, index(4, 2)], [real(4), 0, index(4)], [real(), 0, index(1, 1)], [real(2, 3), 1, index(3, 0)]),
  row('indexAdd', { oracle: (x: Nd, dim: number, where: Nd, src: Nd, about: { alpha?: number } = {}) => scattered(x, { shape: src.shape, data: src.data.map((v) => v * (about.alpha ?? 1)) }, (i) => (x.shape.length ? i.with(dim, where.data[i.at(dim)!]) : [])) },
    [real(3, 4), 0, index(3, 5), real(5, 4)], [real(3, 4), -1, index(4, 2), real(3, 2), { alpha: 2 }], [real(4), 0, index(4), real(1)],
    [real(), 0, index(1, 1), real()], [real(2, 3), 1, index(3, 0), real(2, 0)]),
]; // prettier-ignore
