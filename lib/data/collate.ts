import { describe, typeError } from '../errors.js';
import { tensor } from '../ops/create.js';
import { stack } from '../ops/shape.js';
import { Tensor } from '../tensor.js';

/** What {@link defaultCollate} makes of samples. */
export type Collated<Sample> = Sample extends Tensor | number | boolean
  ? Tensor
  : Sample extends string
    ? string[]
    : Sample extends readonly unknown[]
      ? { -readonly [I in keyof Sample]: Collated<Sample[I]> }
      : Sample extends object
        ? { -readonly [Name in keyof Sample]: Collated<Sample[Name]> }
        : Sample[];

/**
 * Makes a batch of samples: tensors are stacked, numbers become a float32 tensor and booleans a bool one, lists and objects
 * are batched item by item, and texts stay a list. Classes are for int32 tensors, `tensor(3, { dtype: 'int32' })`: a number
 * does not say which it is.
 * @throws TypeError for samples of different kinds, or of one that does not make a batch
 * @see https://pytorch.org/docs/stable/data.html#torch.utils.data.default_collate
 */
export function defaultCollate<Sample>(samples: readonly Sample[]): Collated<Sample> {
  return collate(samples, 'samples') as Collated<Sample>;
}

function collate(samples: readonly unknown[], where: string): unknown {
  const [first] = samples;
  const all = (is: (sample: unknown) => boolean): boolean => {
    const other = samples.find((sample) => !is(sample));
    if (other !== undefined || samples.includes(undefined))
      typeError(
        'defaultCollate',
        `${where}: expected all as the first, ${describe(first)}, got ${describe(other)}`,
      );
    return true;
  };
  if (first instanceof Tensor && all((x) => x instanceof Tensor)) return stack(samples as Tensor[]);
  if (typeof first === 'number' && all((x) => typeof x === 'number')) return tensor(samples as number[]);
  if (typeof first === 'boolean' && all((x) => typeof x === 'boolean')) return tensor(samples as boolean[]);
  if (typeof first === 'string' && all((x) => typeof x === 'string')) return [...samples];
  if (ArrayBuffer.isView(first) && all((x) => ArrayBuffer.isView(x)))
    return stack((samples as Float32Array[]).map((array) => tensor(array)));
  if (Array.isArray(first)) {
    all((x) => Array.isArray(x) && x.length === first.length);
    return first.map((_, i) =>
      collate(
        samples.map((sample) => (sample as unknown[])[i]),
        `${where}[${i}]`,
      ),
    );
  }
  if (typeof first === 'object' && first !== null && Object.getPrototypeOf(first) === Object.prototype) {
    const names = Object.keys(first);
    all((x) => typeof x === 'object' && x !== null && names.every((name) => name in x));
    return Object.fromEntries(
      names.map((name) => [
        name,
        collate(
          samples.map((sample) => (sample as Record<string, unknown>)[name]),
          `${where}.${name}`,
        ),
      ]),
    );
  }
  return typeError(
    'defaultCollate',
    `${where}: expected tensors, numbers, booleans, strings, or lists and objects of them, got ${describe(first)}: ` +
      'give the loader a collate of its own',
  );
}
