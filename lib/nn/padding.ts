import { describe, rangeError, shapeError, typeError } from '../errors.js';
import { checkNumber } from '../ops/arguments.js';
import { pad, type PadMode } from '../ops/shape-pad.js';
import { formatShape } from '../shape.js';
import type { Tensor } from '../tensor.js';
import { Module } from './module.js';

/**
 * One number for both ends, or [left, right].
 * @inline
 */
export type Ends1d = number | readonly [number, number];
/**
 * One number for all sides, or [left, right, top, bottom].
 * @inline
 */
export type Ends2d = number | readonly [number, number, number, number];
/**
 * One number for all sides, or [left, right, top, bottom, front, back].
 * @inline
 */
export type Ends3d = number | readonly [number, number, number, number, number, number];

/** Images with something around them. */
abstract class Padding extends Module {
  /** How many elements go before and after each dimension, from the last one on. */
  readonly padding: readonly number[];
  readonly #op: string;
  readonly #mode: PadMode;

  constructor(op: string, dims: number, padding: unknown, mode: PadMode) {
    super();
    const list: unknown[] = Array.isArray(padding) ? padding : new Array<unknown>(2 * dims).fill(padding);
    if (list.length !== 2 * dims || list.some((n) => typeof n !== 'number'))
      typeError(op, `padding: expected a number or ${2 * dims} of them, got ${describe(padding)}`);
    for (const n of list as number[])
      if (!Number.isInteger(n)) rangeError(op, `padding: expected whole numbers, got ${n}`);
    this.padding = [...(list as number[])];
    this.#op = op;
    this.#mode = mode;
  }

  /** `x` with more around it. */
  forward(x: Tensor): Tensor {
    const dims = this.padding.length / 2;
    if (x.ndim !== dims + 1 && x.ndim !== dims + 2)
      shapeError(this.#op, `expected ${dims + 1} or ${dims + 2} dimensions, got ${formatShape(x.shape)}`);
    return pad(x, this.padding, this.#mode);
  }

  protected override extraRepr(): string {
    return `(${this.padding.join(', ')})`;
  }
}

/** Images with a number around them. */
abstract class ConstantPadding extends Padding {
  constructor(
    op: string,
    dims: number,
    padding: unknown,
    readonly value: number,
  ) {
    super(op, dims, padding, 'constant');
    checkNumber(op, 'value', value);
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, 'constant', this.value);
  }

  protected override extraRepr(): string {
    return `padding=(${this.padding.join(', ')}), value=${this.value}`;
  }
}

/**
 * Images (N, C, L) or (C, L) with a number around them; negative padding takes elements away.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad1d.html
 */
export class ConstantPad1d extends ConstantPadding {
  constructor(padding: Ends1d, value: number) {
    super('ConstantPad1d', 1, padding, value);
  }
}

/**
 * Images (N, C, L) or (C, L) with zeros around them; negative padding takes elements away.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad1d.html
 */
export class ZeroPad1d extends Padding {
  constructor(padding: Ends1d) {
    super('ZeroPad1d', 1, padding, 'constant');
  }
}

/**
 * Images (N, C, L) or (C, L) with their reflection around them, without the border element itself.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad1d.html
 */
export class ReflectionPad1d extends Padding {
  constructor(padding: Ends1d) {
    super('ReflectionPad1d', 1, padding, 'reflect');
  }
}

/**
 * Images (N, C, L) or (C, L) with copies of their border elements around them.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad1d.html
 */
export class ReplicationPad1d extends Padding {
  constructor(padding: Ends1d) {
    super('ReplicationPad1d', 1, padding, 'replicate');
  }
}

/**
 * Images (N, C, L) or (C, L) with what lies at their other end around them.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.CircularPad1d.html
 */
export class CircularPad1d extends Padding {
  constructor(padding: Ends1d) {
    super('CircularPad1d', 1, padding, 'circular');
  }
}

/**
 * Images (N, C, H, W) or (C, H, W) with a number around them; negative padding takes elements away.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad2d.html
 */
export class ConstantPad2d extends ConstantPadding {
  constructor(padding: Ends2d, value: number) {
    super('ConstantPad2d', 2, padding, value);
  }
}

/**
 * Images (N, C, H, W) or (C, H, W) with zeros around them; negative padding takes elements away.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html
 */
export class ZeroPad2d extends Padding {
  constructor(padding: Ends2d) {
    super('ZeroPad2d', 2, padding, 'constant');
  }
}

/**
 * Images (N, C, H, W) or (C, H, W) with their reflection around them, without the border element itself.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad2d.html
 */
export class ReflectionPad2d extends Padding {
  constructor(padding: Ends2d) {
    super('ReflectionPad2d', 2, padding, 'reflect');
  }
}

/**
 * Images (N, C, H, W) or (C, H, W) with copies of their border elements around them.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad2d.html
 */
export class ReplicationPad2d extends Padding {
  constructor(padding: Ends2d) {
    super('ReplicationPad2d', 2, padding, 'replicate');
  }
}

/**
 * Images (N, C, H, W) or (C, H, W) with what lies at their other end around them.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.CircularPad2d.html
 */
export class CircularPad2d extends Padding {
  constructor(padding: Ends2d) {
    super('CircularPad2d', 2, padding, 'circular');
  }
}

/**
 * Images (N, C, D, H, W) or (C, D, H, W) with a number around them; negative padding takes elements away.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ConstantPad3d.html
 */
export class ConstantPad3d extends ConstantPadding {
  constructor(padding: Ends3d, value: number) {
    super('ConstantPad3d', 3, padding, value);
  }
}

/**
 * Images (N, C, D, H, W) or (C, D, H, W) with zeros around them; negative padding takes elements away.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ZeroPad3d.html
 */
export class ZeroPad3d extends Padding {
  constructor(padding: Ends3d) {
    super('ZeroPad3d', 3, padding, 'constant');
  }
}

/**
 * Images (N, C, D, H, W) or (C, D, H, W) with their reflection around them, without the border element itself.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ReflectionPad3d.html
 */
export class ReflectionPad3d extends Padding {
  constructor(padding: Ends3d) {
    super('ReflectionPad3d', 3, padding, 'reflect');
  }
}

/**
 * Images (N, C, D, H, W) or (C, D, H, W) with copies of their border elements around them.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.ReplicationPad3d.html
 */
export class ReplicationPad3d extends Padding {
  constructor(padding: Ends3d) {
    super('ReplicationPad3d', 3, padding, 'replicate');
  }
}

/**
 * Images (N, C, D, H, W) or (C, D, H, W) with what lies at their other end around them.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.CircularPad3d.html
 */
export class CircularPad3d extends Padding {
  constructor(padding: Ends3d) {
    super('CircularPad3d', 3, padding, 'circular');
  }
}
