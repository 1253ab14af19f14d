import { decimal } from './decimal.js';
import type { DType } from './dtype.js';
import { formatShape } from './shape.js';

/** A single element as JavaScript sees it: a boolean for dtype `bool`, a number for all others. */
export type Scalar = number | boolean;

/** `str` is NumPy's `str(a)`: the elements alone; `repr` its `repr(a)`: `tensor(…)`, with the dtype if not implied. */
export type PrintStyle = 'str' | 'repr';

// NumPy's default print options.
const PRECISION = 8;
const THRESHOLD = 1000;
const EDGE_ITEMS = 3;
const LINE_WIDTH = 75;

/** Dtypes that `repr` leaves out, as NumPy leaves out its defaults. float32 is ours. */
const IMPLIED: readonly DType[] = ['float32', 'bool'];

/**
 * Prints a strided array as NumPy 1.24 does with its default print options, character for character, except that
 * `repr` says `tensor` for `array` and names float64 but not float32, which is the default dtype here.
 *
 * A summary (more than 1000 elements) touches only the elements it shows.
 */
export function formatArray(
  values: ArrayLike<number>,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
  dtype: DType,
  style: PrintStyle,
): string {
  const size = shape.reduce((product, length) => product * length, 1);
  const body = (separator: string, prefix: string, width: number): string => {
    const layout = new Layout(shape, size > THRESHOLD, separator, prefix, width);
    return layout.print(formatElements(layout.collect(values, strides, offset), dtype, shape.length === 0));
  };
  if (style === 'str') {
    if (size === 0) return '[]';
    return shape.length === 0 ? formatScalar(values[offset], dtype) : body(' ', '', LINE_WIDTH);
  }

  const prefix = 'tensor(';
  let text = prefix;
  // One column is kept for the closing parenthesis or the comma.
  if (size > 0) text += body(', ', prefix, LINE_WIDTH - 1);
  else text += shape.length === 1 ? '[]' : `[], shape=${formatShape(shape)}`;
  if (size > 0 && IMPLIED.includes(dtype)) return `${text})`;

  text += ',';
  const suffix = `dtype=${dtype})`;
  const lastLine = text.length - (text.lastIndexOf('\n') + 1);
  const fits = lastLine + 1 + suffix.length <= LINE_WIDTH;
  return text + (fits ? ' ' : `\n${' '.repeat(prefix.length)}`) + suffix;
}

/** The brackets, lines and `...` of an array, and which of its elements are shown between them. */
class Layout {
  /** Per dimension, the indices that are shown. */
  private readonly indices: readonly (readonly number[])[];
  private words: readonly string[] = [];
  private next = 0;

  constructor(
    private readonly shape: readonly number[],
    summarize: boolean,
    private readonly separator: string,
    private readonly prefix: string,
    private readonly width: number,
  ) {
    this.indices = shape.map((length) => {
      if (!summarize || length <= 2 * EDGE_ITEMS) return Array.from({ length }, (_, i) => i);
      return Array.from({ length: 2 * EDGE_ITEMS }, (_, i) =>
        i < EDGE_ITEMS ? i : length - 2 * EDGE_ITEMS + i,
      );
    });
  }

  /** The elements that are shown, in reading order. */
  collect(values: ArrayLike<number>, strides: readonly number[], offset: number): number[] {
    const out: number[] = [];
    const walk = (dim: number, at: number): void => {
      if (dim === this.indices.length) out.push(values[at]);
      else for (const i of this.indices[dim]) walk(dim + 1, at + i * strides[dim]);
    };
    walk(0, offset);
    return out;
  }

  /** Lays out the words for the collected elements. */
  print(words: readonly string[]): string {
    this.words = words;
    this.next = 0;
    // Inner rows are indented to stand under the first bracket.
    return this.block(0, ' '.repeat(this.prefix.length + 1), this.width);
  }

  private block(dim: number, indent: string, width: number): string {
    const left = this.shape.length - dim;
    if (left === 0) return this.words[this.next++];
    const shown = this.indices[dim];
    const cut = shown.length < this.shape[dim];
    if (left === 1) return `[${this.row(shown.length, cut, indent, width - 1)}]`;

    const blocks = shown.map(() => this.block(dim + 1, `${indent} `, width - 1));
    if (cut) blocks.splice(EDGE_ITEMS, 0, '...');
    return `[${blocks.join(`${this.separator.trimEnd()}${'\n'.repeat(left - 1)}${indent}`)}]`;
  }

  /** The innermost dimension, broken into lines where a word would pass the margin. */
  private row(count: number, cut: boolean, indent: string, width: number): string {
    const words = this.words.slice(this.next, (this.next += count));
    if (cut) words.splice(EDGE_ITEMS, 0, '...');
    let done = '';
    let line = indent;
    words.forEach((word, i) => {
      // A word that is wider than a line gets a line of its own; more breaks would not help it.
      if (line.length + word.length > width && line.length > indent.length) {
        done += `${line.trimEnd()}\n`;
        line = indent;
      }
      line += i < words.length - 1 ? word + this.separator : word;
    });
    return (done + line).slice(indent.length);
  }
}

/** Elements as words of one width, so that columns line up. */
function formatElements(values: readonly number[], dtype: DType, scalar: boolean): string[] {
  if (dtype === 'bool') return values.map((value) => (value ? (scalar ? 'True' : ' True') : 'False'));
  if (dtype === 'float32' || dtype === 'float64') return formatFloats(values, dtype === 'float32');
  return padStart(values.map(String));
}

function formatFloats(values: readonly number[], single: boolean): string[] {
  const finite = values.filter(Number.isFinite);
  const words = needsExponent(finite, single) ? scientific(finite, single) : positional(finite, single);
  let i = 0;
  return padStart(values.map((value) => (Number.isFinite(value) ? words[i++] : nonFinite(value))));
}

/** Whether numbers are too large, too small or too different in size to stand in one column as plain decimals. */
function needsExponent(finite: readonly number[], single: boolean): boolean {
  let max = 0;
  let min = Infinity;
  for (const value of finite) {
    const size = Math.abs(value);
    if (size > max) max = size;
    if (size !== 0 && size < min) min = size;
  }
  if (max === 0) return false;
  // NumPy divides in the array's own dtype.
  const ratio = single ? Math.fround(max / min) : max / min;
  return max >= 1e8 || min < 0.0001 || ratio > 1000;
}

/** `1.25`, `10.`: the points under each other. */
function positional(finite: readonly number[], single: boolean): string[] {
  const words = finite.map((value) => {
    // At least all digits before the point, and at most 8 after it.
    const { digits, exponent } = decimal(Math.abs(value), single, (first) => [
      Math.min(first, 0),
      -PRECISION,
    ]);
    return sign(value) + plain(digits, exponent);
  });
  const fraction = largest(words.map((word) => word.length - word.indexOf('.')));
  return words.map((word) => word.padEnd(word.indexOf('.') + fraction));
}

/** `1.25e-05`: as many digits after the point as the longest needs, and exponents of one width. */
function scientific(finite: readonly number[], single: boolean): string[] {
  const shortest = finite.map((value) =>
    decimal(Math.abs(value), single, (first) => [first, first - PRECISION]),
  );
  const places = largest(shortest.map(({ digits }) => digits.length - 1));
  const width = Math.max(2, largest(shortest.map(({ exponent }) => String(Math.abs(exponent)).length)));
  return finite.map((value) => {
    // Numbers that would do with less show true digits, not zeros: 0.1 in float32 is 1.00000001e-01.
    const to = (first: number): [number, number] => [first - places, first - places];
    const { digits, exponent } = decimal(Math.abs(value), single, to);
    const fraction = digits.slice(1).padEnd(places, '0');
    return `${sign(value)}${digits[0]}.${fraction}e${power(exponent, width)}`;
  });
}

/** A number on its own, in full precision, as Python prints one: `0.1`, `1e-05`, `True`. */
function formatScalar(value: number, dtype: DType): string {
  if (dtype === 'bool') return value ? 'True' : 'False';
  if (dtype !== 'float32' && dtype !== 'float64') return String(value);
  if (!Number.isFinite(value)) return nonFinite(value);
  const size = Math.abs(value);
  const { digits, exponent } = decimal(size, dtype === 'float32', (first) => [first, -Infinity]);
  if (size === 0 || (size >= 1e-4 && size < 1e16)) {
    const text = plain(digits, exponent);
    return sign(value) + (text.endsWith('.') ? `${text}0` : text);
  }
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  return `${sign(value)}${digits[0]}${fraction}e${power(exponent, 2)}`;
}

const sign = (value: number): string => (value < 0 || Object.is(value, -0) ? '-' : '');

const nonFinite = (value: number): string => (value > 0 ? 'inf' : value < 0 ? '-inf' : 'nan');

const power = (exponent: number, width: number): string =>
  (exponent < 0 ? '-' : '+') + String(Math.abs(exponent)).padStart(width, '0');

/** Digits around a decimal point: `12.5`, `0.05`, `120.`. */
function plain(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  return `${digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')}.${digits.slice(exponent + 1)}`;
}

function padStart(words: readonly string[]): string[] {
  const width = largest(words.map((word) => word.length));
  return words.map((word) => word.padStart(width));
}

// Not Math.max(...list), which overflows the stack on long lists.
const largest = (list: readonly number[]): number => list.reduce((a, b) => Math.max(a, b), 0);
