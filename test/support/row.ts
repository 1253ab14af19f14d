import * as ops from '../../lib/ops/index.js';
import { isFloat, type DType } from '../../lib/dtype.js';
import { functional, Tensor } from '../../lib/index.js';
import { dtypeFor, Input, make, type Layout, Random } from './inputs.js';
import { zip, type Nd } from './oracle.js';

type FunctionsOf<T> = {
  [K in keyof T & string]: T[K] extends (...args: never[]) => unknown ? K : never;
}[keyof T & string];

/**
 * The name of a function that `lib/ops/index.ts` exports, alone (`add`) or in a namespace (`linalg.inv`); of one that only
 * `functional` has, `functional.fold`.
 */
export type OpName = OfOps | `functional.${FunctionsOf<typeof functional>}`;
type OfOps = {
  [K in keyof typeof ops]: (typeof ops)[K] extends (...args: never[]) => unknown
    ? K
    : `${K}.${FunctionsOf<(typeof ops)[K]>}`;
}[keyof typeof ops];

export type Op = (...args: unknown[]) => unknown;

const named: [string, Op][] = Object.entries(ops).flatMap(([name, value]: [string, unknown]) =>
  typeof value === 'function'
    ? [[name, value as Op]]
    : Object.entries(value as Record<string, Op>).map(([member, op]): [string, Op] => [
        `${name}.${member}`,
        op,
      ]),
);
const known = new Set(named.map(([, op]) => op));

/** All of them by name. */
export const OPS: ReadonlyMap<string, Op> = new Map([
  ...named,
  ...Object.entries(functional as unknown as Record<string, Op>)
    .filter(([, op]) => !known.has(op))
    .map(([name, op]): [string, Op] => [`functional.${name}`, op]),
]);

/** An argument of a call: an `Input` stands for a tensor, alone or in an array; all else is passed as it is. */
export type Arg =
  Input | readonly Input[] | number | boolean | string | readonly number[] | object | null | undefined;

/** The dtype of an op's result when its inputs have a dtype, or null where it throws a TypeError. */
export type DTypeRule = (dtype: DType, withNumber: boolean) => DType | null;

export const same: DTypeRule = (dtype) => dtype;
/** Integers and booleans are converted to float32. */
export const floats: DTypeRule = (dtype) => (isFloat(dtype) ? dtype : 'float32');
/** All numbers, no booleans. */
export const numbers: DTypeRule = (dtype) => (dtype === 'bool' ? null : dtype);
/** No integers, no booleans. */
export const floatsOnly: DTypeRule = (dtype) => (isFloat(dtype) ? dtype : null);
export const always =
  (result: DType): DTypeRule =>
  () =>
    result;

/** Plain numbers may stand next to tensors: a whole one makes int32 of booleans. */
export const meeting =
  (rule: DTypeRule): DTypeRule =>
  (dtype, withNumber) =>
    rule(withNumber && dtype === 'bool' ? 'int32' : dtype, withNumber);

/** What a row says about an op besides its name and its calls. */
export interface About {
  /** What the op should give, from arguments in which every tensor is an `Nd`. For several results, a list. */
  readonly oracle?: (...args: never[]) => Nd | readonly Nd[];
  /** Default {@link same}. */
  readonly dtypes?: DTypeRule;
  /** `none` where the results carry no gradient. Default `twice`: first and second derivatives exist. */
  readonly gradient?: 'twice' | 'none';
  /**
   * How the op is tried: as part of another function. For ops that read only part of their input, so that a difference in the
   * rest makes none, or whose results are free in part, such as the sign of an eigenvector.
   */
  readonly through?: (op: Op) => Op;
  /** Whether the op looks at the values of its inputs, as a recorded step may not. Default false. */
  readonly reads?: boolean;
}

/** One op, and all the ways in which it is tried. */
export interface Row {
  readonly op: OpName;
  readonly calls: readonly (readonly Arg[])[];
  readonly oracle?: (...args: unknown[]) => Nd | readonly Nd[];
  readonly dtypes: DTypeRule;
  readonly differentiable: boolean;
  readonly through: (op: Op) => Op;
  readonly reads: boolean;
}

export function row(op: OpName, about: About, ...calls: (readonly Arg[])[]): Row {
  const { oracle, dtypes = same, gradient = 'twice', through = (fn: Op): Op => fn, reads = false } = about;
  const differentiable = gradient === 'twice';
  return { op, calls, oracle: oracle as Row['oracle'], dtypes, differentiable, through, reads };
}

type Maker = (...shape: number[]) => Input;

/** A pointwise op of one tensor. */
export const unary = (
  op: OpName,
  domain: Maker,
  f: (x: number) => number,
  about: Omit<About, 'oracle'> = {},
): Row =>
  row(
    op,
    { dtypes: floats, ...about, oracle: zip(f) },
    ...[[2, 3], [5], [], [1], [0], [2, 0, 3], [2, 1, 3, 2]].map((s) => [domain(...s)]),
  );

const PAIRS: readonly (readonly [number[], number[]])[] = [
  [[2, 3], [2, 3]],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [[4, 3], [1, 3]],
  [[2, 1, 3], [4, 1]],
  [[], [2, 2]],
  [[3], []],
  [[], []],
  [[0], [1]],
  [[2, 1], [2, 0]],
  [[1, 1], [3]],
]; // prettier-ignore

/** A pointwise op of two tensors that broadcast, either of which may be a plain number. */
export const binary = (
  op: OpName,
  domains: readonly [Maker, Maker],
  f: (a: number, b: number) => number,
  about: Omit<About, 'oracle'> = {},
): Row =>
  row(
    op,
    { ...about, dtypes: meeting(about.dtypes ?? same), oracle: zip(f) },
    ...PAIRS.map(([a, b]) => [domains[0](...a), domains[1](...b)]),
    [domains[0](2, 3), 2],
    [3, domains[1](2, 2)],
  );

/** One call of a row, ready to run. */
export class Call {
  readonly title: string;
  readonly inputs: readonly Input[];
  readonly #args: readonly Arg[];

  constructor(
    readonly row: Row,
    args: readonly Arg[],
  ) {
    this.#args = args;
    this.inputs = args.flatMap(inputsOf);
    this.title = `${row.op}(${args.map(show).join(', ')})`;
  }

  /** The dtype of the first result when the inputs have `dtype`; null where it throws. */
  resultDType(dtype: DType): DType | null {
    const takesDType = this.inputs.some((input) => input.kind === 'number');
    // Without an input of that dtype, what it is makes no difference.
    return this.row.dtypes(
      takesDType ? dtype : 'float32',
      this.#args.some((arg) => typeof arg === 'number'),
    );
  }

  /** Tensors for the inputs. */
  make(dtype: DType, layout: Layout): Tensor[] {
    const random = new Random(`${this.title} ${layout}`);
    return this.inputs.map((input) => make(input, dtype, layout, random));
  }

  /** The same, requiring gradients where they can. */
  leaves(layout: Layout): Tensor[] {
    const leaves = this.make('float64', layout);
    this.inputs.forEach((input, i) => {
      if (dtypeFor(input, 'float64') === 'float64') leaves[i].requiresGrad = true;
    });
    return leaves;
  }

  /** Calls the op. Always a list of results. */
  run(inputs: readonly Tensor[]): Tensor[] {
    return outputsOf(this.row.through(OPS.get(this.row.op) as Op)(...this.#fill(inputs)));
  }

  /** Calls the op as a method of its first argument; null where there is none. */
  runMethod(inputs: readonly Tensor[]): Tensor[] | null {
    const [self, ...rest] = this.#fill(inputs);
    // `where` starts with the condition, its method with what is taken where that holds.
    if (!(self instanceof Tensor) || !(this.row.op in Tensor.prototype) || this.row.op === 'where')
      return null;
    const method: Op = (x, ...others) => (x as Record<string, Op>)[this.row.op](...others);
    return outputsOf(this.row.through(method)(self, ...rest));
  }

  /** What the oracle says about these inputs, or null where there is no oracle. */
  expected(inputs: readonly Tensor[]): readonly Nd[] | null {
    if (!this.row.oracle) return null;
    const found = this.row.oracle(
      ...this.#fill(inputs.map((x): Nd => ({ shape: x.shape, data: [...x.toArray()] }))),
    );
    return 'data' in found ? [found] : found;
  }

  /** The arguments, with the inputs replaced in order. */
  #fill(replacements: readonly unknown[]): unknown[] {
    let next = 0;
    const fill = (arg: Arg): unknown =>
      arg instanceof Input
        ? replacements[next++]
        : isList(arg)
          ? arg.map(fill)
          : isOptions(arg)
            ? Object.fromEntries(Object.entries(arg).map(([name, value]) => [name, fill(value as Arg)]))
            : arg;
    return this.#args.map(fill);
  }
}

/** The inputs in an argument: itself, those of a list, or those among options. */
const inputsOf = (arg: Arg): readonly Input[] =>
  arg instanceof Input
    ? [arg]
    : isList(arg)
      ? arg
      : isOptions(arg)
        ? Object.values(arg).flatMap((value) => inputsOf(value as Arg))
        : [];

const isOptions = (arg: Arg): arg is Record<string, unknown> =>
  typeof arg === 'object' && arg !== null && Object.getPrototypeOf(arg) === Object.prototype;

const isList = (arg: Arg): arg is readonly Input[] =>
  Array.isArray(arg) && arg.length > 0 && arg.every((item) => item instanceof Input);

const show = (arg: Arg): string =>
  arg instanceof Input
    ? `${arg.kind === 'number' ? '' : arg.kind}(${arg.shape.join(', ')})`
    : isList(arg)
      ? `[${arg.map(show).join(', ')}]`
      : isOptions(arg)
        ? `{${Object.entries(arg)
            .map(([name, value]) => `${name}:${show(value as Arg)}`)
            .join(',')}}`
        : (JSON.stringify(arg) ?? 'undefined').replaceAll('"', '');

/** The tensors in a result: one, a list, or the values of an object. */
const outputsOf = (result: unknown): Tensor[] =>
  result instanceof Tensor
    ? [result]
    : Object.values(result as object).filter((value) => value instanceof Tensor);
