// Pointwise kernels of the elementary and special functions, of division with a rest, and of bits.

#include <limits>

#include "pointwise.h"
#include "special.h"

namespace mgp::MGP_ISA {
namespace {

/// A function of libm.
template <float (*F)(float), double (*D)(double)>
struct Libm {
  static MGP_INLINE float apply(float x) { return F(x); }
  static MGP_INLINE double apply(double x) { return D(x); }
};

/// A function of special.h.
template <double (*F)(double)>
struct Special {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return static_cast<T>(F(x));
  }
};

struct Rsqrt {
  static MGP_INLINE float apply(float x) { return 1 / __builtin_sqrtf(x); }
  static MGP_INLINE double apply(double x) { return 1 / __builtin_sqrt(x); }
};
struct Floor {
  static MGP_INLINE float apply(float x) { return __builtin_floorf(x); }
  static MGP_INLINE double apply(double x) { return __builtin_floor(x); }
};
struct Ceil {
  static MGP_INLINE float apply(float x) { return __builtin_ceilf(x); }
  static MGP_INLINE double apply(double x) { return __builtin_ceil(x); }
};
struct Round {
  static MGP_INLINE float apply(float x) { return __builtin_rintf(x); }
  static MGP_INLINE double apply(double x) { return __builtin_rint(x); }
};
struct Trunc {
  static MGP_INLINE float apply(float x) { return __builtin_truncf(x); }
  static MGP_INLINE double apply(double x) { return __builtin_trunc(x); }
};

/// a / b and its rest, toward zero, in which nothing overflows.
struct Quotient {
  int64_t value, rest;
  MGP_INLINE Quotient(int64_t a, int64_t b) : value(b == 0 ? 0 : a / b), rest(b == 0 ? 0 : a % b) {}
};

struct Fmod {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    if constexpr (kIsFloat<T>)
      return static_cast<T>(::fmod(a, b));
    else
      return static_cast<T>(Quotient(a, b).rest);
  }
};
struct Remainder {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    const T rest = Fmod::apply(a, b);
    return rest != 0 && (rest < 0) != (b < 0) ? static_cast<T>(rest + b) : rest;
  }
};
struct FloorDivide {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    const T rest = Fmod::apply(a, b);
    const bool isBelow = rest != 0 && (rest < 0) != (b < 0);
    if constexpr (!kIsFloat<T>) {
      return static_cast<T>(Quotient(a, b).value - isBelow);
    } else {
      if (b == 0) return a / b;
      const T quotient = (a - rest) / b - T(isBelow);
      if (quotient == 0) return static_cast<T>(__builtin_copysign(0.0, a / b));
      const T floor = Floor::apply(quotient);
      return quotient - floor > T(0.5) ? floor + 1 : floor;
    }
  }
};
struct Atan2 {
  static MGP_INLINE float apply(float a, float b) { return ::atan2f(a, b); }
  static MGP_INLINE double apply(double a, double b) { return ::atan2(a, b); }
};
struct Hypot {
  static MGP_INLINE float apply(float a, float b) { return ::hypotf(a, b); }
  static MGP_INLINE double apply(double a, double b) { return ::hypot(a, b); }
};
struct Copysign {
  static MGP_INLINE float apply(float a, float b) { return __builtin_copysignf(a, b); }
  static MGP_INLINE double apply(double a, double b) { return __builtin_copysign(a, b); }
};
struct Fmax {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    return (a > b) | (b != b) ? a : b;
  }
};
struct Fmin {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    return (a < b) | (b != b) ? a : b;
  }
};
struct BitwiseNot {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return static_cast<T>(~x);
  }
};
struct BitwiseAnd {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    return static_cast<T>(a & b);
  }
};
struct BitwiseOr {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    return static_cast<T>(a | b);
  }
};
struct BitwiseXor {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};
struct BitwiseLeftShift {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    constexpr T kBits = 8 * sizeof(T);
    return b < 0 || b >= kBits ? T(0) : static_cast<T>(wide(a) << b);
  }
};
struct BitwiseRightShift {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    constexpr T kBits = 8 * sizeof(T);
    return b < 0 || b >= kBits ? static_cast<T>(a < 0 ? -1 : 0) : static_cast<T>(a >> b);
  }
};
struct Gcd {
  template <class T>
  static MGP_INLINE T apply(T first, T second) {
    int64_t a = __builtin_llabs(first), b = __builtin_llabs(second);
    while (b != 0) {
      const int64_t rest = a % b;
      a = b;
      b = rest;
    }
    return static_cast<T>(a);
  }
};
struct Zeta {
  template <class T>
  static MGP_INLINE T apply(T s, T q) {
    return static_cast<T>(zetaOf(s, q));
  }
};

}  // namespace

void fillElementary(Kernels& table) {
  const auto unary = [&](UnaryOp op) { return table.unary[index(op)]; };
  putUnary<Libm<::expm1f, ::expm1>, float, double>(unary(UnaryOp::Expm1));
  putUnary<Libm<::log1pf, ::log1p>, float, double>(unary(UnaryOp::Log1p));
  putUnary<Libm<::sinf, ::sin>, float, double>(unary(UnaryOp::Sin));
  putUnary<Libm<::cosf, ::cos>, float, double>(unary(UnaryOp::Cos));
  putUnary<Libm<::tanf, ::tan>, float, double>(unary(UnaryOp::Tan));
  putUnary<Libm<::asinf, ::asin>, float, double>(unary(UnaryOp::Asin));
  putUnary<Libm<::acosf, ::acos>, float, double>(unary(UnaryOp::Acos));
  putUnary<Libm<::atanf, ::atan>, float, double>(unary(UnaryOp::Atan));
  putUnary<Libm<::sinhf, ::sinh>, float, double>(unary(UnaryOp::Sinh));
  putUnary<Libm<::coshf, ::cosh>, float, double>(unary(UnaryOp::Cosh));
  putUnary<Libm<::asinhf, ::asinh>, float, double>(unary(UnaryOp::Asinh));
  putUnary<Libm<::acoshf, ::acosh>, float, double>(unary(UnaryOp::Acosh));
  putUnary<Libm<::atanhf, ::atanh>, float, double>(unary(UnaryOp::Atanh));
  putUnary<Libm<::exp2f, ::exp2>, float, double>(unary(UnaryOp::Exp2));
  putUnary<Libm<::log2f, ::log2>, float, double>(unary(UnaryOp::Log2));
  putUnary<Libm<::log10f, ::log10>, float, double>(unary(UnaryOp::Log10));
  putUnary<Libm<::erfcf, ::erfc>, float, double>(unary(UnaryOp::Erfc));
  putUnary<Special<erfcxOf>, float, double>(unary(UnaryOp::Erfcx));
  putUnary<Special<erfinvOf>, float, double>(unary(UnaryOp::Erfinv));
  putUnary<Special<ndtriOf>, float, double>(unary(UnaryOp::Ndtri));
  putUnary<Special<lgammaOf>, float, double>(unary(UnaryOp::Lgamma));
  putUnary<Special<digammaOf>, float, double>(unary(UnaryOp::Digamma));
  putUnary<Special<i0eOf>, float, double>(unary(UnaryOp::I0e));
  putUnary<Special<i1eOf>, float, double>(unary(UnaryOp::I1e));
  putUnary<Rsqrt, float, double>(unary(UnaryOp::Rsqrt));
  putUnary<Floor, float, double>(unary(UnaryOp::Floor));
  putUnary<Ceil, float, double>(unary(UnaryOp::Ceil));
  putUnary<Round, float, double>(unary(UnaryOp::Round));
  putUnary<Trunc, float, double>(unary(UnaryOp::Trunc));
  putUnary<BitwiseNot, uint8_t, int32_t>(unary(UnaryOp::BitwiseNot));

  const auto binary = [&](BinaryOp op) { return table.binary[index(op)]; };
  putBinary<Fmod, uint8_t, int32_t, float, double>(binary(BinaryOp::Fmod));
  putBinary<Remainder, uint8_t, int32_t, float, double>(binary(BinaryOp::Remainder));
  putBinary<FloorDivide, uint8_t, int32_t, float, double>(binary(BinaryOp::FloorDivide));
  putBinary<Fmax, uint8_t, int32_t, float, double>(binary(BinaryOp::Fmax));
  putBinary<Fmin, uint8_t, int32_t, float, double>(binary(BinaryOp::Fmin));
  putBinary<Atan2, float, double>(binary(BinaryOp::Atan2));
  putBinary<Hypot, float, double>(binary(BinaryOp::Hypot));
  putBinary<Copysign, float, double>(binary(BinaryOp::Copysign));
  putBinary<Zeta, float, double>(binary(BinaryOp::Zeta));
  putBinary<BitwiseLeftShift, uint8_t, int32_t>(binary(BinaryOp::BitwiseLeftShift));
  putBinary<BitwiseRightShift, uint8_t, int32_t>(binary(BinaryOp::BitwiseRightShift));
  putBinary<Gcd, uint8_t, int32_t>(binary(BinaryOp::Gcd));
  putBinary<BitwiseAnd, uint8_t, int32_t>(binary(BinaryOp::BitwiseAnd));
  binary(BinaryOp::BitwiseAnd)[index(DType::Bool)] = binary(BinaryOp::BitwiseAnd)[index(DType::UInt8)];
  putBinary<BitwiseOr, uint8_t, int32_t>(binary(BinaryOp::BitwiseOr));
  binary(BinaryOp::BitwiseOr)[index(DType::Bool)] = binary(BinaryOp::BitwiseOr)[index(DType::UInt8)];
  putBinary<BitwiseXor, uint8_t, int32_t>(binary(BinaryOp::BitwiseXor));
  binary(BinaryOp::BitwiseXor)[index(DType::Bool)] = binary(BinaryOp::BitwiseXor)[index(DType::UInt8)];
}

}  // namespace mgp::MGP_ISA
