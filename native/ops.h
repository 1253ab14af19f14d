#pragma once

// The names of the ops, in the order of the enumerations. JavaScript compares them with its own lists when it
// loads the addon, so that a drift between the two is an error at once and not another function's result.

#include "kernels/kernels.h"

namespace mgp {

inline constexpr const char* kDTypeNames[] = {"bool", "uint8", "int32", "float32", "float64"};
inline constexpr int kItemSizes[] = {1, 1, 4, 4, 8};

inline constexpr const char* kUnaryNames[] = {
    "neg",      "abs",   "sign",    "square",     "exp",   "log",   "sqrt",      "reciprocal",
    "relu",     "tanh",  "sigmoid", "logicalNot", "erf",   "gelu",  "geluTanh",  "silu",
    "softplus", "exp2",  "expm1",   "log1p",      "log2",  "log10", "rsqrt",     "sin",
    "cos",      "tan",   "asin",    "acos",       "atan",  "sinh",  "cosh",      "asinh",
    "acosh",    "atanh", "floor",   "ceil",       "round", "trunc", "erfc",      "erfcx",
    "erfinv",   "ndtri", "lgamma",  "digamma",    "i0e",   "i1e",   "bitwiseNot"};
inline constexpr const char* kBinaryNames[] = {"add",
                                               "sub",
                                               "mul",
                                               "div",
                                               "pow",
                                               "maximum",
                                               "minimum",
                                               "reluGrad",
                                               "sigmoidGrad",
                                               "tanhGrad",
                                               "geluGrad",
                                               "geluTanhGrad",
                                               "siluGrad",
                                               "fmod",
                                               "remainder",
                                               "floorDivide",
                                               "atan2",
                                               "hypot",
                                               "copysign",
                                               "fmax",
                                               "fmin",
                                               "bitwiseAnd",
                                               "bitwiseOr",
                                               "bitwiseXor",
                                               "bitwiseLeftShift",
                                               "bitwiseRightShift",
                                               "gcd",
                                               "zeta"};
inline constexpr const char* kCompareNames[] = {"eq", "ne", "lt", "le", "gt", "ge"};
inline constexpr const char* kReduceNames[] = {"sum", "mean", "max", "min", "argmax", "argmin"};
inline constexpr const char* kScatterNames[] = {"add", "mul", "max", "min", "set"};
inline constexpr const char* kScanNames[] = {"sum", "prod", "max", "min"};
inline constexpr const char* kRandomNames[] = {"uniform", "normal", "integer"};
inline constexpr const char* kDescentNames[] = {"adamax", "nadam", "radam", "rmsprop", "adagrad",  "adadelta",
                                                "lion",   "rprop", "asgd",  "average", "lookahead"};

template <class T, int N>
constexpr int lengthOf(const T (&)[N]) {
  return N;
}
static_assert(lengthOf(kDTypeNames) == kDTypes && lengthOf(kUnaryNames) == kUnaryOps &&
              lengthOf(kBinaryNames) == kBinaryOps && lengthOf(kCompareNames) == kCompareOps &&
              lengthOf(kReduceNames) == kReduceOps && lengthOf(kScanNames) == kScanOps &&
              lengthOf(kRandomNames) == kRandomKinds && lengthOf(kDescentNames) == kDescentRules &&
              lengthOf(kScatterNames) == kScatterOps);

inline int itemSize(DType dtype) { return kItemSizes[static_cast<int>(dtype)]; }
inline const char* nameOf(DType dtype) { return kDTypeNames[static_cast<int>(dtype)]; }

}  // namespace mgp
