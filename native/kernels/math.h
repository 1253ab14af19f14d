#pragma once

// exp, log, tanh and sigmoid without branches or table look-ups, so that the loops around them become vector
// code. The errors are within 2.6 units in the last place; NaN, infinities, overflow, gradual underflow and
// signed zeros come out as in libm.

#include <math.h>

#include "common.h"

namespace mgp::MGP_ISA {
namespace {

template <class T>
struct Float;

template <>
struct Float<float> {
  using Bits = uint32_t;
  static constexpr int kMantissa = 23;
  static constexpr Bits kBias = 127;
  static constexpr float kRound = 12582912.0f;  // 1.5·2^23: adding it rounds to a whole number.
  static constexpr float kLog2e = 1.44269504088896341f;
  static constexpr float kLn2High = 0.693359375f;  // Few bits, so that multiples are exact.
  static constexpr float kLn2Low = -2.12194440e-4f;
  static constexpr float kExpMax = 89.0f, kExpMin = -104.0f;  // Beyond: inf and 0.
  static constexpr float kTanhMax = 9.1f;                     // Beyond: 1.
  static constexpr float kMinNormal = 1.17549435e-38f;
  static constexpr float kLift = 8388608.0f, kLiftBits = 23;  // Makes denormal numbers normal.
  static constexpr Bits kSqrtHalf = 0x3f3504f3;

  /// (eʳ - 1 - r) / r² for |r| <= ln 2 / 2. (Cephes)
  static MGP_INLINE float expTail(float r) {
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    return p * r + 5.0000001201e-1f;
  }
  /// log(1 + f) - f for 1 + f in [√½, √2). (Cephes)
  static MGP_INLINE float logTail(float f) {
    float p = 7.0376836292e-2f;
    p = p * f - 1.1514610310e-1f;
    p = p * f + 1.1676998740e-1f;
    p = p * f - 1.2420140846e-1f;
    p = p * f + 1.4249322787e-1f;
    p = p * f - 1.6668057665e-1f;
    p = p * f + 2.0000714765e-1f;
    p = p * f - 2.4999993993e-1f;
    p = p * f + 3.3333331174e-1f;
    return (p * f - 0.5f) * (f * f);
  }
};

template <>
struct Float<double> {
  using Bits = uint64_t;
  static constexpr int kMantissa = 52;
  static constexpr Bits kBias = 1023;
  static constexpr double kRound = 6755399441055744.0;  // 1.5·2^52
  static constexpr double kLog2e = 1.44269504088896340736;
  static constexpr double kLn2High = 6.93147180369123816490e-01;
  static constexpr double kLn2Low = 1.90821492927058770002e-10;
  static constexpr double kExpMax = 710.0, kExpMin = -746.0;
  static constexpr double kTanhMax = 19.1;
  static constexpr double kMinNormal = 2.2250738585072014e-308;
  static constexpr double kLift = 18014398509481984.0, kLiftBits = 54;
  static constexpr Bits kSqrtHalf = 0x3fe6a09e667f3bcd;

  /// Taylor's series: at |r| <= ln 2 / 2 the first term left out is below 2^-57.
  static MGP_INLINE double expTail(double r) {
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    return p * r + 0.5;
  }
  /// From log((1 + s) / (1 - s)) with s = f / (2 + f). (fdlibm)
  static MGP_INLINE double logTail(double f) {
    const double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
    double p = 1.479819860511658591e-01;
    p = p * z + 1.531383769920937332e-01;
    p = p * z + 1.818357216161805012e-01;
    p = p * z + 2.222219843214978396e-01;
    p = p * z + 2.857142874366239149e-01;
    p = p * z + 3.999999999940941908e-01;
    p = p * z + 6.666666666666735130e-01;
    return s * (half + p * z) - half;
  }
};

template <class T>
MGP_INLINE typename Float<T>::Bits bitsOf(T x) {
  return __builtin_bit_cast(typename Float<T>::Bits, x);
}
template <class T>
MGP_INLINE T fromBits(typename Float<T>::Bits bits) {
  return __builtin_bit_cast(T, bits);
}

/// 2ⁿ from n + kRound: n stands in the low bits of the sum, and moves into the exponent.
template <class T>
MGP_INLINE T powerOfTwo(T rounded) {
  return fromBits<T>((bitsOf(rounded) + Float<T>::kBias) << Float<T>::kMantissa);
}

template <class T>
MGP_INLINE T expOf(T x) {
  using F = Float<T>;
  x = x > F::kExpMax ? F::kExpMax : x;
  x = x < F::kExpMin ? F::kExpMin : x;
  const T n = (x * F::kLog2e + F::kRound) - F::kRound;
  const T r = (x - n * F::kLn2High) - n * F::kLn2Low;
  const T y = F::expTail(r) * (r * r) + r + 1;
  // 2ⁿ in two halves, since neither 2^128 nor 2^-150 has a float of its own.
  const T half = n * T(0.5) + F::kRound;
  return y * powerOfTwo(half) * powerOfTwo((n - (half - F::kRound)) + F::kRound);
}

template <class T>
MGP_INLINE T logOf(T x) {
  using F = Float<T>;
  using Bits = typename F::Bits;
  constexpr Bits kMask = (Bits{1} << F::kMantissa) - 1;
  const bool tiny = x < F::kMinNormal;
  const T scaled = tiny ? x * F::kLift : x;
  // x = m·2^e with m in [√½, √2). The exponent is read as an unsigned field: 0 stands for -kBias.
  const Bits shifted = bitsOf(scaled) + (Bits{F::kBias} << F::kMantissa) - F::kSqrtHalf;
  const T m = fromBits<T>((shifted & kMask) + F::kSqrtHalf);
  const T biased = fromBits<T>((shifted >> F::kMantissa) + bitsOf(F::kRound)) - F::kRound;
  const T e = biased - T(F::kBias) - (tiny ? F::kLiftBits : T(0));
  const T f = m - 1;
  T y = e * F::kLn2High + (f + (F::logTail(f) + e * F::kLn2Low));
  y = x == __builtin_inf() ? x : y;
  y = x == 0 ? -T(__builtin_inf()) : y;
  return x >= 0 ? y : T(__builtin_nan(""));  // Negative numbers and NaN.
}

template <class T>
MGP_INLINE T absOf(T x) {
  using Bits = typename Float<T>::Bits;
  return fromBits<T>(bitsOf(x) & (~Bits{0} >> 1));
}

template <class T>
MGP_INLINE T copySign(T magnitude, T sign) {
  using Bits = typename Float<T>::Bits;
  return fromBits<T>((bitsOf(magnitude) & (~Bits{0} >> 1)) | (bitsOf(sign) & ~(~Bits{0} >> 1)));
}

/// tanh |x| = (e²ˣ - 1) / (e²ˣ + 1), where e²ˣ - 1 keeps its digits near 0.
template <class T>
MGP_INLINE T tanhOf(T x) {
  using F = Float<T>;
  T a = absOf(x);
  a = a > F::kTanhMax ? F::kTanhMax : a;
  a = a + a;
  const T rounded = a * F::kLog2e + F::kRound, n = rounded - F::kRound;
  const T r = (a - n * F::kLn2High) - n * F::kLn2Low;
  const T scale = powerOfTwo(rounded);
  const T t = scale * (F::expTail(r) * (r * r) + r) + (scale - 1);
  return copySign(t / (t + 2), x);
}

/// x·P(x²) / Q(x²) (as in Eigen): errors are within 4.2e-7 of the result.
MGP_INLINE float erfOf(float x) {
  constexpr float kMax = 3.925f;  // Beyond: ±1.
  const float z = x * x;
  float p = -2.72614225801306e-10f;
  p = p * z + 2.77068142495902e-08f;
  p = p * z - 2.10102402082508e-06f;
  p = p * z - 5.69250639462346e-05f;
  p = p * z - 7.34990630326855e-04f;
  p = p * z - 2.95459980854025e-03f;
  p = p * z - 1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * z - 2.13374055278905e-04f;
  q = q * z - 1.68282697438203e-03f;
  q = q * z - 7.37332916720468e-03f;
  q = q * z - 1.42647390514189e-02f;
  return absOf(x) > kMax ? copySign(1.0f, x) : x * (p / q);
}
MGP_INLINE double erfOf(double x) { return ::erf(x); }

template <class T>
MGP_INLINE T sigmoidOf(T x) {
  const T e = expOf(-absOf(x));
  return (x < 0 ? e : T(1)) / (1 + e);
}

}  // namespace
}  // namespace mgp::MGP_ISA
