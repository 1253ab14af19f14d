// Floats of few bits, as the standards have them: IEEE 754 (F16), OCP's for eight bits and fewer, and AMD's variants without a
// negative zero (FNUZ).

/** How a small float is made: a sign, unless `unsigned`, then exponent and mantissa. */
interface Small {
  readonly exponent: number;
  readonly mantissa: number;
  /** What is taken off the exponent. */
  readonly bias: number;
  /**
   * Which codes are no numbers. `ieee`: the largest exponent, which has infinities, too; `last`: all bits but the sign; `zero`:
   * what would be a negative zero; `none`: there is no such code.
   */
  readonly nan: 'ieee' | 'last' | 'zero' | 'none';
  /** Powers of two alone: no sign, no zero. */
  readonly unsigned?: boolean;
}

const SMALL = {
  F4: { exponent: 2, mantissa: 1, bias: 1, nan: 'none' },
  F6_E2M3: { exponent: 2, mantissa: 3, bias: 1, nan: 'none' },
  F6_E3M2: { exponent: 3, mantissa: 2, bias: 3, nan: 'none' },
  F8_E4M3: { exponent: 4, mantissa: 3, bias: 7, nan: 'last' },
  F8_E5M2: { exponent: 5, mantissa: 2, bias: 15, nan: 'ieee' },
  F8_E4M3FNUZ: { exponent: 4, mantissa: 3, bias: 8, nan: 'zero' },
  F8_E5M2FNUZ: { exponent: 5, mantissa: 2, bias: 16, nan: 'zero' },
  F8_E8M0: { exponent: 8, mantissa: 0, bias: 127, nan: 'last', unsigned: true },
  F16: { exponent: 5, mantissa: 10, bias: 15, nan: 'ieee' },
  BF16: { exponent: 8, mantissa: 7, bias: 127, nan: 'ieee' },
} as const satisfies Record<string, Small>;

/** The small floats, by the names that safetensors has for them. */
type SmallKind = keyof typeof SMALL;

/** Whether a kind of number is a small float. */
export const isSmall = (kind: string): kind is SmallKind => Object.hasOwn(SMALL, kind);

/** How many bits a small float takes. */
export const bitsOf = (kind: SmallKind): number => {
  const { exponent, mantissa, unsigned }: Small = SMALL[kind];
  return exponent + mantissa + (unsigned === true ? 0 : 1);
};

const tables = new Map<SmallKind, Uint32Array>();

/** What each code of a small float is in float32, as bits: what is not a number keeps its payload. */
export function tableOf(kind: SmallKind): Uint32Array {
  let table = tables.get(kind);
  if (table === undefined) tables.set(kind, (table = makeTable(SMALL[kind])));
  return table;
}

const NAN = 0x7fc00000;

function makeTable({ exponent, mantissa, bias, nan, unsigned = false }: Small): Uint32Array {
  const half = 2 ** (exponent + mantissa);
  const table = new Uint32Array(unsigned ? half : 2 * half);
  const values = new Float32Array(table.buffer);
  for (let code = 0; code < half; code++) {
    const e = code >> mantissa;
    const m = code % 2 ** mantissa;
    if (nan === 'ieee' && e === 2 ** exponent - 1) table[code] = (0xff << 23) | (m << (23 - mantissa));
    else if (nan === 'last' && code === half - 1) table[code] = NAN;
    else if (e === 0 && !unsigned) values[code] = m * 2 ** (1 - bias - mantissa);
    else values[code] = (1 + m / 2 ** mantissa) * 2 ** (e - bias);
    if (!unsigned) table[code + half] = table[code] | 0x80000000;
  }
  if (nan === 'zero') table[half] = NAN;
  return table;
}

const scratch = new DataView(new ArrayBuffer(8));

/**
 * The code nearest to a number, ties to even; null where that is beyond the largest, or there is none.
 * @param bits those of the number in float32, if that is where it comes from: for the payload of what is not a number
 */
export function codeOf(kind: SmallKind, value: number, bits?: number): number | null {
  const { exponent, mantissa, bias, nan, unsigned = false }: Small = SMALL[kind];
  const half = 2 ** (exponent + mantissa);
  const infinity = (2 ** exponent - 1) * 2 ** mantissa;
  scratch.setFloat64(0, value);
  const high = scratch.getUint32(0);
  const sign = !unsigned && (bits ?? high) >>> 31 ? half : 0;
  if (Number.isNaN(value)) {
    if (nan === 'none') return null;
    if (nan === 'last') return sign + half - 1;
    if (nan === 'zero') return half;
    const payload = bits === undefined ? 0 : (bits & 0x7fffff) >>> (23 - mantissa);
    return sign + infinity + (payload || 2 ** (mantissa - 1));
  }
  if (!Number.isFinite(value)) return nan === 'ieee' ? sign + infinity : null;
  if (unsigned && value <= 0) return null;
  // Powers of two have code 0 for the least, where others have zero and what is below the least.
  const least = 1 - bias;
  const e = Math.max(((high >>> 20) & 0x7ff) - 1023, unsigned ? -Infinity : least);
  const steps = Math.abs(value) / 2 ** (e - mantissa);
  let whole = Math.floor(steps);
  const rest = steps - whole;
  if (rest > 0.5 || (rest === 0.5 && whole % 2 === 1)) whole++;
  const code = (e - least) * 2 ** mantissa + whole;
  const largest = { ieee: infinity - 1, last: half - 2, zero: half - 1, none: half - 1 }[nan];
  if (code < 0 || code > largest) return null;
  return code === 0 && nan === 'zero' ? 0 : sign + code;
}
