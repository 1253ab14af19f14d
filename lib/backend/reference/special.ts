// Functions that JavaScript's Math does not have: power series where they converge soon, asymptotic expansions and
// continued fractions elsewhere. The formulas are those of https://dlmf.nist.gov.

const ROOT_PI = Math.sqrt(Math.PI);

/** The error function: 2/√π · e^(-x²) · (x + 2x³/3 + 4x⁵/15 + …), whose terms have one sign: no digits are lost. (7.6.2) */
export function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let [sum, term] = [x, x];
  for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / ROOT_PI) * Math.exp(-x * x) * sum;
}

/** 1 - erf x. */
export function erfc(x: number): number {
  return x < 2 ? 1 - erf(x) : Math.exp(-x * x) * erfcx(x);
}

/** exp(x²)·erfc(x). (7.9.2) */
export function erfcx(x: number): number {
  if (x < 2) return Math.exp(x * x) * erfc(x);
  let fraction = 0;
  for (let k = 60; k > 0; k--) fraction = (0.5 * k) / (x + fraction);
  return 1 / (ROOT_PI * (x + fraction));
}

/** Where erfc is q: from Winitzki's approximation by Halley's steps. */
function erfcInverse(q: number): number {
  if (!(q >= 0 && q <= 2)) return NaN;
  if (q > 1) return -erfcInverse(2 - q);
  if (q === 0) return Infinity;
  const a = 0.147;
  const w = Math.log(q * (2 - q));
  const t = 2 / (Math.PI * a) + w / 2;
  let y = Math.sqrt(Math.sqrt(t * t - w / a) - t);
  for (let i = 0; i < 3; i++) {
    const error = erfc(y) - q;
    y += error / ((2 / ROOT_PI) * Math.exp(-y * y) - y * error);
  }
  return y;
}

/** Where erf is x. */
export function erfinv(x: number): number {
  if (!(Math.abs(x) <= 0.5)) return x < 0 ? -erfcInverse(1 + x) : erfcInverse(1 - x);
  let y = (ROOT_PI / 2) * x;
  for (let i = 0; i < 4; i++) {
    const error = erf(y) - x;
    y -= error / ((2 / ROOT_PI) * Math.exp(-y * y) + y * error);
  }
  return y;
}

/** Where the cumulative distribution function of the standard normal distribution is p. */
export const ndtri = (p: number): number => -Math.SQRT2 * erfcInverse(2 * p);

/** ln |Γ(x)|. (5.5.3, 5.11.1) */
export function lgamma(x: number): number {
  if (x <= 0 && Number.isInteger(x)) return Infinity;
  if (Math.abs(x) < 1e-20) return -Math.log(Math.abs(x));
  if (x < 0.5) {
    if (x === -Infinity) return Infinity;
    return Math.log(Math.PI) - Math.log(Math.abs(Math.sin(Math.PI * (x % 2)))) - lgamma(1 - x);
  }
  if (x === Infinity || x === 1 || x === 2) return x === Infinity ? x : 0;
  let steps = 1;
  for (; x < 12; x++) steps *= x;
  const z = 1 / (x * x);
  let tail = 1 / 156;
  for (const c of [-691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12]) tail = c + z * tail;
  return (x - 0.5) * Math.log(x) - x + Math.log(2 * Math.PI) / 2 + tail / x - Math.log(steps);
}

/** ψ(x). (5.5.2, 5.5.4, 5.11.2) */
export function digamma(x: number): number {
  if (x === 0) return Object.is(x, 0) ? -Infinity : Infinity;
  if (x < 0) return Number.isInteger(x) ? NaN : digamma(1 - x) - Math.PI / Math.tan(Math.PI * (x % 1));
  let steps = 0;
  for (; x < 10; x++) steps += 1 / x;
  const z = 1 / (x * x);
  let tail = 1 / 12;
  for (const c of [691 / 32760, 1 / 132, 1 / 240, 1 / 252, 1 / 120, 1 / 12]) tail = c - z * tail;
  return Math.log(x) - 0.5 / x - z * tail - steps;
}

/** Hurwitz's ζ(s, q) = Σ (q + k)^-s. (25.11.5) */
export function zeta(s: number, q: number): number {
  if (s === 1) return Infinity;
  if (!(s > 1) || Number.isNaN(q)) return NaN;
  if (q <= 0) return zetaBelow(s, q);
  if (s === Infinity || q === Infinity) return q < 1 ? Infinity : q === 1 ? 1 : 0;
  let sum = 0;
  for (; q < 12; q++) sum += q ** -s;
  let power = q ** -s;
  if (power === 0) return sum + q ** (1 - s) / (s - 1);
  sum += power * (q / (s - 1) + 0.5);
  power *= s / q;
  for (const c of BERNOULLI) {
    sum += c * power;
    power *= ((s + 1) * (s + 2)) / (q * q);
    s += 2;
  }
  return sum;
}

/** For negative q: the terms below 0 are those of two sums above, up to their sign. */
function zetaBelow(s: number, q: number): number {
  if (q === Math.floor(q)) return Infinity;
  if (s !== Math.floor(s)) return NaN;
  const count = Math.ceil(-q);
  const first = q + count;
  const below = zeta(s, 1 - first) - (s === Infinity ? 0 : zeta(s, 1 - first + count));
  return zeta(s, first) + (s % 2 === 1 ? -below : below);
}

/** B₂ₖ / (2k)!. */
const BERNOULLI = [
  1 / 12,
  -1 / 720,
  1 / 30240,
  -1 / 1209600,
  1 / 47900160,
  -691 / 1307674368000,
  1 / 74724249600,
];

/** exp(-|x|) times the modified Bessel function of the first kind, of order 0 or 1. (10.25.2, 10.40.1) */
function bessel(order: 0 | 1, x: number): number {
  const a = Math.abs(x);
  if (a === Infinity) return 0;
  let sum: number;
  if (a < 18) {
    let term = order === 0 ? 1 : a / 2;
    sum = term;
    for (let k = 1; term > 1e-17 * sum; k++) {
      term *= (a * a) / 4 / (k * (k + order));
      sum += term;
    }
    sum *= Math.exp(-a);
  } else {
    let term = 1;
    sum = term;
    for (let k = 1; k < 30 && Math.abs(term) > 1e-17; k++) {
      term *= ((2 * k - 1) ** 2 - 4 * order) / (8 * k * a);
      sum += term;
    }
    sum /= Math.sqrt(2 * Math.PI * a);
  }
  return order === 1 && x < 0 ? -sum : sum;
}
export const i0e = (x: number): number => (Number.isNaN(x) ? x : bessel(0, x));
export const i1e = (x: number): number => (Number.isNaN(x) ? x : bessel(1, x));

/** The nearest whole number, the even one where two are. */
export function roundHalfEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** The greatest common divisor; 0 of zeros. */
export function gcd(a: number, b: number): number {
  [a, b] = [Math.abs(a), Math.abs(b)];
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/** What remains of a / b with the sign of b. */
export function remainder(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** The largest whole number that is not above a / b, where that is rounded to fit to the {@link remainder}. */
export function floorDivide(a: number, b: number): number {
  if (b === 0) return a / b;
  const rest = a % b;
  const quotient = (a - rest) / b - (rest !== 0 && rest < 0 !== b < 0 ? 1 : 0);
  if (quotient === 0) return copysign(0, a / b);
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

/** |a| with the sign of b. */
export function copysign(a: number, b: number): number {
  const negative = b < 0 || Object.is(b, -0);
  return negative ? -Math.abs(a) : Math.abs(a);
}
