import { checkBoolean, describe, rangeError, typeError } from '../errors.js';
import { checkTensor, Tensor } from '../tensor.js';
import { checkOptions } from './primitive.js';

/**
 * The arguments after the first ones, as PyTorch takes them: some or all by position (`P`), and those that remain by
 * name in one options object (`O`) at the end.
 */
export type Rest<P extends unknown[], O> = P extends [...infer Init, unknown]
  ? P | [...P, O] | Rest<Init, O>
  : [] | [O];

/** As {@link Rest}, where there is an options object for certain. */
export type RestNamed<P extends unknown[], O> = P extends [...infer Init, unknown]
  ? [...P, O] | RestNamed<Init, O>
  : [O];

/**
 * Reads arguments that came by position, by name, or both.
 * @param names of the arguments, in PyTorch's order
 * @param onlyNamed names that have no position
 * @throws TypeError for an argument too many, a name that is unknown, and one that comes twice
 */
export function readArgs<O extends object>(
  op: string,
  rest: readonly unknown[],
  names: readonly (keyof O & string)[],
  onlyNamed: readonly (keyof O & string)[] = [],
): Partial<O> {
  // This comes before every call of many ops: no list or object is made that need not be.
  const last = rest.length > 0 ? rest[rest.length - 1] : undefined;
  const isNamed = isOptions(last);
  const count = isNamed ? rest.length - 1 : rest.length;
  if (count > names.length)
    typeError(op, `expected at most ${names.length} arguments here (${names.join(', ')}), got ${count}`);
  const read: Record<string, unknown> = {};
  if (isNamed)
    for (const name of Object.keys(last)) {
      if (!(names as readonly string[]).includes(name) && !(onlyNamed as readonly string[]).includes(name))
        checkOptions(op, last, [...names, ...onlyNamed]);
      read[name] = last[name];
    }
  for (let i = 0; i < count; i++) {
    if (rest[i] === undefined) continue;
    if (read[names[i]] !== undefined) typeError(op, `${names[i]}: came by position and by name`);
    read[names[i]] = rest[i];
  }
  return read as Partial<O>;
}

/**
 * The arguments of an op that needs all of them: by position, by name in one options object, or the last of them by name.
 */
export type Args<P extends unknown[], O> = P | Named<P, O>;
type Named<P extends unknown[], O> = P extends [...infer Init, unknown]
  ? Init extends []
    ? [options: O]
    : [...Init, Partial<O>] | Named<Init, O>
  : never;

/** Reads {@link Args}: a value for each name, in order; `undefined` where there is none. */
export function readAll<P extends unknown[]>(
  op: string,
  args: readonly unknown[],
  names: { readonly [K in keyof P]: string },
): P {
  if (args.length <= names.length && !isOptions(args[args.length - 1])) return args as P;
  const read = readArgs<Record<string, unknown>>(op, args, names);
  return names.map((name) => read[name]) as P;
}

/** Sizes or dimensions: in one array, one by one, or by name. */
export type Sizes<N extends string> =
  number[] | [sizes: readonly number[]] | [options: Readonly<Record<N, readonly number[]>>];

/** Reads {@link Sizes}. Whether they are numbers is for the caller to check. */
export function readSizes(op: string, args: readonly unknown[], name: string): readonly number[] {
  if (args.length === 1 && isOptions(args[0]))
    return readArgs<Record<string, readonly number[]>>(op, args, [name])[name] as readonly number[];
  return (args.length === 1 && typeof args[0] !== 'number' ? args[0] : args) as readonly number[];
}

/**
 * The arguments with those that came by name among the last options put in their places, and the other options behind
 * them all. As they are where none came by name.
 */
export function putNamed(op: string, args: readonly unknown[], names: readonly string[]): readonly unknown[] {
  const last = args.at(-1);
  if (!isOptions(last) || !names.some((name) => name in last)) return args;
  const options = { ...last };
  const placed = [...args.slice(0, -1)];
  names.forEach((name, i) => {
    if (!(name in options)) return;
    if (placed[i] !== undefined) typeError(op, `${name}: came by position and by name`);
    placed[i] = options[name];
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- what is in its place is no option any more
    delete options[name];
  });
  placed[names.length] = options;
  return placed;
}

/** Whether an argument is an options object. */
export const isOptions = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null || value instanceof Tensor) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** Throws unless an argument is a number; NaN and infinities are. */
export function checkNumber(op: string, name: string, value: unknown): asserts value is number {
  if (typeof value !== 'number') typeError(op, `${name}: expected a number, got ${describe(value)}`);
}

/** Throws unless an argument is a whole number, at least `least`. */
export function checkInteger(
  op: string,
  name: string,
  value: unknown,
  least = -Infinity,
): asserts value is number {
  if (typeof value !== 'number') typeError(op, `${name}: expected a whole number, got ${describe(value)}`);
  if (!Number.isInteger(value) || value < least)
    rangeError(
      op,
      `${name}: expected a whole number${least === -Infinity ? '' : ` from ${least}`}, got ${value}`,
    );
}

/** Throws unless an argument is one of some words. */
export function checkOneOf<T extends string>(
  op: string,
  name: string,
  value: unknown,
  words: readonly T[],
): asserts value is T {
  if (!words.includes(value as T))
    rangeError(
      op,
      `${name}: expected ${words.map((word) => `'${word}'`).join(' or ')}, got ${describe(value)}`,
    );
}

/** What arguments may be when they are read by their defaults: `null` stands for a tensor that need not be there. */
type Defaults = Readonly<Record<string, number | boolean | string | Tensor | null>>;

/** The types of arguments, from those of their defaults. */
export type Settings<D> = {
  readonly [K in keyof D]: D[K] extends number ? number : D[K] extends boolean ? boolean : D[K];
};

/**
 * Reads arguments as {@link readArgs} does, and puts defaults in where they are missing. What they should be follows from
 * the defaults: a number, true or false, or a tensor or null. Words are for the caller to check.
 * @param defaults of all arguments, in PyTorch's order
 * @param positions how many of them may come by position: all when not given
 */
export function readSettings<D extends Defaults>(
  op: string,
  rest: readonly unknown[],
  defaults: D,
  positions = Infinity,
): Settings<D> {
  const names = Object.keys(defaults);
  const given = readArgs<Record<string, unknown>>(
    op,
    rest,
    names.slice(0, positions),
    names.slice(positions),
  );
  const settings: Record<string, unknown> = {};
  for (const name of names) {
    const standard = defaults[name];
    const value = given[name] === undefined ? standard : given[name];
    if (typeof standard === 'number') checkNumber(op, name, value);
    else if (typeof standard === 'boolean') checkBoolean(op, name, value);
    else if (typeof standard !== 'string' && value !== null) checkTensor(op, value, name);
    settings[name] = value;
  }
  return settings as Settings<D>;
}
