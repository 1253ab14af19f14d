import test from 'ava';
import { noGrad, tensor, type Tensor } from '../../lib/index.js';
import { BACKENDS, onBackend } from './check.js';

/**
 * A wrong call, and the exact error it gets: the op in brackets, what was expected, what came. TypeError for the wrong
 * kind of thing, RangeError (ShapeError) for the wrong size, Error for the wrong moment.
 */
export type WrongCall = [call: () => unknown, kind: new (message?: string) => Error, message: string];

export function testWrongCalls(rows: readonly WrongCall[]): void {
  for (const backend of BACKENDS)
    test(`wrong calls on ${backend}`, (t) => {
      onBackend(backend, () => {
        for (const [call, kind, message] of rows) {
          const title = String(call).replace('() => ', '');
          const error = t.throws(call, undefined, title);
          t.is(error?.message, message, title);
          t.is(error?.constructor, kind, `${title}: ${error?.name}`);
        }
      });
    });
}

export const truth = tensor([true, false]);
export const ints = (...values: number[]): Tensor => tensor(values, { dtype: 'int32' });
export const leaf = (): Tensor => tensor([1, 2], { requiresGrad: true });

/** An array that contains itself. */
export const cyclic: never[] = [];
cyclic.push(cyclic as never);

/** Goes back over a graph twice. */
export function twice(): void {
  const y = leaf().exp().sum();
  y.backward();
  y.backward();
}

/** Changes a saved tensor in place. */
export function changed(): void {
  const x = leaf();
  const y = x.square().sum();
  noGrad(() => x.add_(1));
  y.backward();
}
