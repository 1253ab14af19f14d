// Pointwise kernels of arithmetic, comparison and activations: one line of arithmetic for each.

#include "pointwise.h"

#include "math.h"

namespace mgp::MGP_ISA {
namespace {

struct Neg {
  template <class T>
  static MGP_INLINE T apply(T x) {
    if constexpr (kIsFloat<T>)
      return -x;
    else
      return static_cast<T>(0u - wide(x));
  }
};
struct Abs {
  template <class T>
  static MGP_INLINE T apply(T x) {
    if constexpr (kIsFloat<T>)
      return absOf(x);
    else
      return x < 0 ? Neg::apply(x) : x;
  }
};
struct Sign {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return static_cast<T>((x > 0) - (x < 0));
  }
};
struct Square {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return static_cast<T>(wide(x) * wide(x));
  }
};
struct Exp {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return expOf(x);
  }
};
struct Log {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return logOf(x);
  }
};
struct Sqrt {
  static MGP_INLINE float apply(float x) { return __builtin_sqrtf(x); }
  static MGP_INLINE double apply(double x) { return __builtin_sqrt(x); }
};
struct Reciprocal {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return 1 / x;
  }
};
struct Relu {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return x <= 0 ? T(0) : x;
  }
};
struct Tanh {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return tanhOf(x);
  }
};
struct Sigmoid {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return sigmoidOf(x);
  }
};
struct Erf {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return erfOf(x);
  }
};

/// The cumulative distribution function of the standard normal distribution.
template <class T>
MGP_INLINE T normalCdf(T x) {
  return T(0.5) * (1 + erfOf(x * T(0.70710678118654752440)));
}
/// tanh of √(2/π)·(x + kCubic·x³), which is close to 2·normalCdf(x) - 1.
constexpr double kRootTwoOverPi = 0.79788456080286535588, kCubic = 0.044715;
template <class T>
MGP_INLINE T cubicTanh(T x) {
  return tanhOf(T(kRootTwoOverPi) * (x + T(kCubic) * x * x * x));
}
struct Gelu {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return x * normalCdf(x);
  }
};
struct GeluTanh {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return T(0.5) * x * (1 + cubicTanh(x));
  }
};
struct Silu {
  template <class T>
  static MGP_INLINE T apply(T x) {
    return x * sigmoidOf(x);
  }
};
struct Softplus {
  template <class T>
  static MGP_INLINE T apply(T x) {
    const T e = expOf(-absOf(x)), sum = 1 + e;
    // What rounding took from the sum is put back after the logarithm.
    return (x > 0 ? x : T(0)) + (logOf(sum) + (e - (sum - 1)) / sum);
  }
};
struct LogicalNot {
  static MGP_INLINE Bool apply(Bool x) { return Bool{!truth(x)}; }
};

struct Add {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    return static_cast<T>(wide(a) + wide(b));
  }
  static MGP_INLINE Bool apply(Bool a, Bool b) { return Bool(truth(a) | truth(b)); }
};
struct Sub {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    return static_cast<T>(wide(a) - wide(b));
  }
};
struct Mul {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    return static_cast<T>(wide(a) * wide(b));
  }
  static MGP_INLINE Bool apply(Bool a, Bool b) { return Bool(truth(a) & truth(b)); }
};
struct Div {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    return a / b;
  }
};
struct Pow {
  static MGP_INLINE float apply(float a, float b) { return ::powf(a, b); }
  static MGP_INLINE double apply(double a, double b) { return ::pow(a, b); }
};
struct Maximum {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    return (a > b) | (a != a) ? a : b;
  }
  static MGP_INLINE Bool apply(Bool a, Bool b) { return Add::apply(a, b); }
};
struct Minimum {
  template <class T>
  static MGP_INLINE T apply(T a, T b) {
    return (a < b) | (a != a) ? a : b;
  }
  static MGP_INLINE Bool apply(Bool a, Bool b) { return Mul::apply(a, b); }
};
struct ReluGrad {
  template <class T>
  static MGP_INLINE T apply(T grad, T y) {
    return y <= 0 ? T(0) : grad;
  }
};
struct SigmoidGrad {
  template <class T>
  static MGP_INLINE T apply(T grad, T y) {
    return grad * y * (1 - y);
  }
};
struct TanhGrad {
  template <class T>
  static MGP_INLINE T apply(T grad, T y) {
    return grad * (1 - y * y);
  }
};

struct GeluGrad {
  template <class T>
  static MGP_INLINE T apply(T grad, T x) {
    constexpr T kDensity = T(0.39894228040143267794);  // 1 / √(2π)
    return grad * (normalCdf(x) + x * kDensity * expOf(T(-0.5) * x * x));
  }
};
struct GeluTanhGrad {
  template <class T>
  static MGP_INLINE T apply(T grad, T x) {
    const T t = cubicTanh(x), slope = T(kRootTwoOverPi) * (1 + 3 * T(kCubic) * x * x);
    return grad * T(0.5) * (1 + t + x * (1 - t * t) * slope);
  }
};
struct SiluGrad {
  template <class T>
  static MGP_INLINE T apply(T grad, T x) {
    const T s = sigmoidOf(x);
    return grad * s * (1 + x * (1 - s));
  }
};

struct Eq {
  template <class T>
  static MGP_INLINE Bool apply(T a, T b) {
    return Bool{a == b};
  }
  static MGP_INLINE Bool apply(Bool a, Bool b) { return Bool{truth(a) == truth(b)}; }
};
struct Ne {
  template <class T>
  static MGP_INLINE Bool apply(T a, T b) {
    return Bool{a != b};
  }
  static MGP_INLINE Bool apply(Bool a, Bool b) { return Bool{truth(a) != truth(b)}; }
};
struct Lt {
  template <class T>
  static MGP_INLINE Bool apply(T a, T b) {
    return Bool{a < b};
  }
  static MGP_INLINE Bool apply(Bool a, Bool b) { return Bool{truth(a) < truth(b)}; }
};
struct Le {
  template <class T>
  static MGP_INLINE Bool apply(T a, T b) {
    return Bool{a <= b};
  }
  static MGP_INLINE Bool apply(Bool a, Bool b) { return Bool{truth(a) <= truth(b)}; }
};
struct Gt {
  template <class T>
  static MGP_INLINE Bool apply(T a, T b) {
    return Lt::apply(b, a);
  }
};
struct Ge {
  template <class T>
  static MGP_INLINE Bool apply(T a, T b) {
    return Le::apply(b, a);
  }
};

struct Where {
  template <class T>
  static MGP_INLINE T apply(Bool condition, T a, T b) {
    return truth(condition) ? a : b;
  }
};

/// Conversions, as C converts where C says how. Floats that do not fit an integer wrap around as in
/// JavaScript, and NaN and infinities become 0.
template <class To>
struct Convert {
  template <class From>
  static MGP_INLINE To apply(From x) {
    if constexpr (kIsFloat<From> && !kIsFloat<To>) {
      constexpr From kLimit = From(int64_t{1} << 62);
      return x > -kLimit && x < kLimit ? static_cast<To>(static_cast<int64_t>(x)) : To{0};
    } else {
      return static_cast<To>(x);
    }
  }
  static MGP_INLINE To apply(Bool x) { return static_cast<To>(truth(x)); }
};
template <>
struct Convert<Bool> {
  template <class From>
  static MGP_INLINE Bool apply(From x) {
    return Bool{x != From{0}};
  }
};

template <class Op>
void putCompare(PointwiseKernel* row) {
  row[index(DType::Bool)] = Pointwise<Op, Bool, Bool, Bool>::kernel;
  row[index(DType::UInt8)] = Pointwise<Op, Bool, uint8_t, uint8_t>::kernel;
  row[index(DType::Int32)] = Pointwise<Op, Bool, int32_t, int32_t>::kernel;
  row[index(DType::Float32)] = Pointwise<Op, Bool, float, float>::kernel;
  row[index(DType::Float64)] = Pointwise<Op, Bool, double, double>::kernel;
}
template <class From, class... Tos>
void putCopy(PointwiseKernel* row) {
  ((row[index(kDType<Tos>)] = Pointwise<Convert<Tos>, Tos, From>::kernel), ...);
}

}  // namespace

void fillPointwise(Kernels& table) {
  const auto unary = [&](UnaryOp op) { return table.unary[index(op)]; };
  putUnary<Neg, uint8_t, int32_t, float, double>(unary(UnaryOp::Neg));
  putUnary<Abs, uint8_t, int32_t, float, double>(unary(UnaryOp::Abs));
  putUnary<Sign, uint8_t, int32_t, float, double>(unary(UnaryOp::Sign));
  putUnary<Square, uint8_t, int32_t, float, double>(unary(UnaryOp::Square));
  putUnary<Exp, float, double>(unary(UnaryOp::Exp));
  putUnary<Log, float, double>(unary(UnaryOp::Log));
  putUnary<Sqrt, float, double>(unary(UnaryOp::Sqrt));
  putUnary<Reciprocal, float, double>(unary(UnaryOp::Reciprocal));
  putUnary<Relu, uint8_t, int32_t, float, double>(unary(UnaryOp::Relu));
  putUnary<Tanh, float, double>(unary(UnaryOp::Tanh));
  putUnary<Sigmoid, float, double>(unary(UnaryOp::Sigmoid));
  putUnary<LogicalNot, Bool>(unary(UnaryOp::LogicalNot));
  putUnary<Erf, float, double>(unary(UnaryOp::Erf));
  putUnary<Gelu, float, double>(unary(UnaryOp::Gelu));
  putUnary<GeluTanh, float, double>(unary(UnaryOp::GeluTanh));
  putUnary<Silu, float, double>(unary(UnaryOp::Silu));
  putUnary<Softplus, float, double>(unary(UnaryOp::Softplus));

  const auto binary = [&](BinaryOp op) { return table.binary[index(op)]; };
  putBinary<Add, Bool, uint8_t, int32_t, float, double>(binary(BinaryOp::Add));
  putBinary<Sub, uint8_t, int32_t, float, double>(binary(BinaryOp::Sub));
  putBinary<Mul, Bool, uint8_t, int32_t, float, double>(binary(BinaryOp::Mul));
  putBinary<Div, float, double>(binary(BinaryOp::Div));
  putBinary<Pow, float, double>(binary(BinaryOp::Pow));
  putBinary<Maximum, Bool, uint8_t, int32_t, float, double>(binary(BinaryOp::Maximum));
  putBinary<Minimum, Bool, uint8_t, int32_t, float, double>(binary(BinaryOp::Minimum));
  putBinary<ReluGrad, uint8_t, int32_t, float, double>(binary(BinaryOp::ReluGrad));
  putBinary<SigmoidGrad, float, double>(binary(BinaryOp::SigmoidGrad));
  putBinary<TanhGrad, float, double>(binary(BinaryOp::TanhGrad));
  putBinary<GeluGrad, float, double>(binary(BinaryOp::GeluGrad));
  putBinary<GeluTanhGrad, float, double>(binary(BinaryOp::GeluTanhGrad));
  putBinary<SiluGrad, float, double>(binary(BinaryOp::SiluGrad));

  putCompare<Eq>(table.compare[index(CompareOp::Eq)]);
  putCompare<Ne>(table.compare[index(CompareOp::Ne)]);
  putCompare<Lt>(table.compare[index(CompareOp::Lt)]);
  putCompare<Le>(table.compare[index(CompareOp::Le)]);
  putCompare<Gt>(table.compare[index(CompareOp::Gt)]);
  putCompare<Ge>(table.compare[index(CompareOp::Ge)]);

  table.where[index(DType::Bool)] = Pointwise<Where, uint8_t, Bool, uint8_t, uint8_t>::kernel;
  table.where[index(DType::UInt8)] = Pointwise<Where, uint8_t, Bool, uint8_t, uint8_t>::kernel;
  table.where[index(DType::Int32)] = Pointwise<Where, int32_t, Bool, int32_t, int32_t>::kernel;
  table.where[index(DType::Float32)] = Pointwise<Where, float, Bool, float, float>::kernel;
  table.where[index(DType::Float64)] = Pointwise<Where, double, Bool, double, double>::kernel;

  putCopy<Bool, Bool, uint8_t, int32_t, float, double>(table.copy[index(DType::Bool)]);
  putCopy<uint8_t, Bool, uint8_t, int32_t, float, double>(table.copy[index(DType::UInt8)]);
  putCopy<int32_t, Bool, uint8_t, int32_t, float, double>(table.copy[index(DType::Int32)]);
  putCopy<float, Bool, uint8_t, int32_t, float, double>(table.copy[index(DType::Float32)]);
  putCopy<double, Bool, uint8_t, int32_t, float, double>(table.copy[index(DType::Float64)]);
}

}  // namespace mgp::MGP_ISA
