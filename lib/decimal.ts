/**
 * The decimal digits of a number that is not negative: `digits[0]` stands at 10^exponent, and trailing zeros are
 * dropped. They are the fewest that tell the number from its neighbours in its dtype, but at least down to the first
 * power of ten that `range` returns, and, rounded half to even, at most down to the second. `range` is called with the
 * power of the first digit.
 *
 * Steele and White's Dragon4, as NumPy uses it, in exact integers: `rest / scale` is what is left to print, and `low`
 * and `high` are half the distance to the neighbours below and above.
 */
export function decimal(
  value: number,
  single: boolean,
  range: (first: number) => readonly [atLeast: number, atMost: number],
): { digits: string; exponent: number } {
  if (value === 0) return { digits: '0', exponent: 0 };
  const { mantissa, exponent: shift, uneven } = decompose(value, single);
  const even = (mantissa & 1n) === 0n;
  let rest = mantissa * 4n;
  let low = uneven ? 1n : 2n;
  let high = 2n;
  let scale = 4n;
  if (shift < 0) scale <<= BigInt(-shift);
  else [rest, low, high] = [rest << BigInt(shift), low << BigInt(shift), high << BigInt(shift)];

  let exponent = Math.floor(Math.log10(value));
  if (exponent >= 0) scale *= 10n ** BigInt(exponent);
  else [rest, low, high] = [rest, low, high].map((x) => x * 10n ** BigInt(-exponent));
  // The logarithm is rounded, and so may be wrong by one next to a power of ten.
  if (rest >= scale * 10n) {
    scale *= 10n;
    exponent++;
  } else if (rest < scale) {
    [rest, low, high] = [rest * 10n, low * 10n, high * 10n];
    exponent--;
  }

  const [atLeast, atMost] = range(exponent);
  let digits = 0n;
  for (let place = exponent; ; place--) {
    let digit = rest / scale;
    rest %= scale;
    const down = even ? rest <= low : rest < low;
    const up = even ? rest + high >= scale : rest + high > scale;
    if (((down || up) && place <= atLeast) || place === atMost) {
      const twice = rest * 2n;
      const nearest = twice > scale || (twice === scale && (digit & 1n) === 1n);
      if (down === up ? nearest : up) digit += 1n;
      // A carry out of the first digit (9.99… → 10) is one digit more.
      const text = String(digits * 10n + digit);
      return {
        digits: text.replace(/(?<=.)0+$/, ''),
        exponent: place + text.length - 1,
      };
    }
    digits = digits * 10n + digit;
    rest *= 10n;
    low *= 10n;
    high *= 10n;
  }
}

const bits = new DataView(new ArrayBuffer(8));

/** value = mantissa × 2^exponent. `uneven`: the neighbour below is nearer than the one above, as at a power of two. */
function decompose(value: number, single: boolean): { mantissa: bigint; exponent: number; uneven: boolean } {
  if (single) bits.setFloat32(0, value);
  else bits.setFloat64(0, value);
  const [width, bias] = single ? [23n, 150] : [52n, 1075];
  const word = single ? BigInt(bits.getUint32(0)) : bits.getBigUint64(0);
  const fraction = word & ((1n << width) - 1n);
  const biased = Number(word >> width);
  // Subnormal numbers have no hidden bit, and the exponent of the smallest normal ones.
  if (biased === 0) return { mantissa: fraction, exponent: 1 - bias, uneven: false };
  return {
    mantissa: fraction | (1n << width),
    exponent: biased - bias,
    uneven: fraction === 0n && biased > 1,
  };
}
