#pragma once

// Functions that libm does not have, number by number, in double precision: power series where they converge
// soon, asymptotic expansions and continued fractions elsewhere. The formulas are those of
// https://dlmf.nist.gov.

#include <math.h>

#include "common.h"

namespace mgp::MGP_ISA {
namespace {

constexpr double kPi = 3.14159265358979323846, kRootPi = 1.77245385090551602730;
constexpr double kInfinity = __builtin_inf(), kNaN = __builtin_nan("");

/// ψ(x). (5.5.2, 5.5.4, 5.11.2)
inline double digammaOf(double x) {
  if (x == 0) return __builtin_copysign(kInfinity, -x);
  if (x < 0) return x == ::floor(x) ? kNaN : digammaOf(1 - x) - kPi / ::tan(kPi * ::fmod(x, 1));
  double steps = 0;
  for (; x < 10; x++) steps += 1 / x;
  const double z = 1 / (x * x);
  double tail = 1.0 / 12;
  for (const double c : {691.0 / 32760, 1.0 / 132, 1.0 / 240, 1.0 / 252, 1.0 / 120, 1.0 / 12})
    tail = c - z * tail;
  return ::log(x) - 0.5 / x - z * tail - steps;
}

inline double lgammaOf(double x) {
#if defined(_WIN32)
  return ::lgamma(x);
#else
  int sign;  // lgamma would keep it in a variable that all threads share.
  return ::lgamma_r(x, &sign);
#endif
}

inline double zetaBelow(double s, double q);

/// Hurwitz's ζ(s, q) = Σ (q + k)^-s. (25.11.5)
inline double zetaOf(double s, double q) {
  if (s == 1) return kInfinity;
  if (!(s > 1) || q != q) return kNaN;
  if (q <= 0) return zetaBelow(s, q);
  if (s == kInfinity || q == kInfinity) return q < 1 ? kInfinity : q == 1 ? 1 : 0;
  double sum = 0;
  for (; q < 12; q++) sum += ::pow(q, -s);
  double power = ::pow(q, -s);
  if (power == 0) return sum + ::pow(q, 1 - s) / (s - 1);
  sum += power * (q / (s - 1) + 0.5);
  power *= s / q;
  for (const double c : {1.0 / 12, -1.0 / 720, 1.0 / 30240, -1.0 / 1209600, 1.0 / 47900160,
                         -691.0 / 1307674368000, 1.0 / 74724249600}) {
    sum += c * power;
    power *= (s + 1) * (s + 2) / (q * q);
    s += 2;
  }
  return sum;
}

/// For negative q: the terms below 0 are those of two sums above, up to their sign.
inline double zetaBelow(double s, double q) {
  if (q == ::floor(q)) return kInfinity;
  if (s != ::floor(s)) return kNaN;
  const double count = ::ceil(-q), first = q + count;
  const double below = zetaOf(s, 1 - first) - (s == kInfinity ? 0 : zetaOf(s, 1 - first + count));
  return zetaOf(s, first) + (::fmod(s, 2) == 1 ? -below : below);
}

/// exp(x²)·erfc(x). (7.9.2)
inline double erfcxOf(double x) {
  if (x < 2) return ::exp(x * x) * ::erfc(x);
  double fraction = 0;
  for (int k = 60; k > 0; k--) fraction = 0.5 * k / (x + fraction);
  return 1 / (kRootPi * (x + fraction));
}

/// Where erfc is q: from Winitzki's approximation by Halley's steps.
inline double erfcInverse(double q) {
  if (!(q >= 0 && q <= 2)) return kNaN;
  if (q > 1) return -erfcInverse(2 - q);
  if (q == 0) return kInfinity;
  constexpr double kA = 0.147;
  const double w = ::log(q * (2 - q)), t = 2 / (kPi * kA) + w / 2;
  double y = ::sqrt(::sqrt(t * t - w / kA) - t);
  for (int i = 0; i < 3; i++) {
    const double error = ::erfc(y) - q;
    y += error / (2 / kRootPi * ::exp(-y * y) - y * error);
  }
  return y;
}

inline double erfinvOf(double x) {
  if (!(::fabs(x) <= 0.5)) return x < 0 ? -erfcInverse(1 + x) : erfcInverse(1 - x);
  double y = kRootPi / 2 * x;
  for (int i = 0; i < 4; i++) {
    const double error = ::erf(y) - x;
    y -= error / (2 / kRootPi * ::exp(-y * y) + y * error);
  }
  return y;
}

/// Where the cumulative distribution function of the standard normal distribution is p.
inline double ndtriOf(double p) { return -1.41421356237309504880 * erfcInverse(2 * p); }

/// exp(-|x|) times the modified Bessel function of the first kind, of order 0 or 1. (10.25.2, 10.40.1)
inline double besselOf(int order, double x) {
  const double a = ::fabs(x);
  double sum, term;
  if (a < 18) {
    sum = term = order == 0 ? 1 : a / 2;
    for (int k = 1; term > 1e-17 * sum; k++) sum += term *= a * a / 4 / (k * (k + order));
    sum *= ::exp(-a);
  } else {
    const double mu = 4 * order;
    sum = term = 1;
    for (int k = 1; k < 30 && ::fabs(term) > 1e-17; k++)
      sum += term *= ((2 * k - 1) * (2 * k - 1) - mu) / (8 * k * a);
    sum /= ::sqrt(2 * kPi * a);
    if (a == kInfinity) sum = 0;
  }
  return order == 1 && x < 0 ? -sum : sum;
}
inline double i0eOf(double x) { return x != x ? x : besselOf(0, x); }
inline double i1eOf(double x) { return x != x ? x : besselOf(1, x); }

}  // namespace
}  // namespace mgp::MGP_ISA
