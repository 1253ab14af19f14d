#pragma once

// Reductions of rows, for the kernels that need the sum or the maximum of one.

#include "math.h"

namespace mgp::MGP_ISA {
namespace {

// How a reduction combines: `start` is the neutral element, and `combine` works on numbers and on vectors
// alike. `join` combines two partial results.

struct Sum {
  static constexpr bool kPairwise = true;
  template <class T>
  static MGP_INLINE T start() {
    return T(0);
  }
  template <class V>
  static MGP_INLINE V combine(V total, V x) {
    return total + x;
  }
  template <class V>
  static MGP_INLINE V join(V a, V b) {
    return a + b;
  }
};

/// Once the best is NaN nothing compares as better; and it becomes NaN because that is not equal to itself.
struct Max {
  static constexpr bool kPairwise = false;
  template <class T>
  static MGP_INLINE T start() {
    if constexpr (kIsFloat<T>)
      return -T(__builtin_inf());
    else
      return T(-1) < 0 ? T(T(1) << (8 * sizeof(T) - 1)) : T(0);
  }
  template <class V>
  static MGP_INLINE auto isBetter(V best, V x) {
    return (x > best) | (x != x);
  }
  template <class V>
  static MGP_INLINE V combine(V best, V x) {
    return isBetter(best, x) ? x : best;
  }
  template <class V>
  static MGP_INLINE V join(V a, V b) {
    return combine(a, b);
  }
};

struct Min {
  static constexpr bool kPairwise = false;
  template <class T>
  static MGP_INLINE T start() {
    if constexpr (kIsFloat<T>)
      return T(__builtin_inf());
    else
      return T(~Max::start<T>());
  }
  template <class V>
  static MGP_INLINE auto isBetter(V best, V x) {
    return (x < best) | (x != x);
  }
  template <class V>
  static MGP_INLINE V combine(V best, V x) {
    return isBetter(best, x) ? x : best;
  }
  template <class V>
  static MGP_INLINE V join(V a, V b) {
    return combine(a, b);
  }
};

/// Reduces n neighbours in several vectors side by side, which both hides the latency of additions and keeps
/// the error of a sum small.
template <class R, class T>
MGP_INLINE T reduceBlock(const T* p, int64_t n) {
  constexpr int kWidth = kLanes<T>;
  constexpr int kUnroll = 4;
  int64_t i = 0;
  T total = R::template start<T>();
  if (n >= kWidth) {
    Vector<T> parts[kUnroll];
    for (int u = 0; u < kUnroll; u++) parts[u] = R::template start<T>() - Vector<T>{};
    for (; i + kUnroll * kWidth <= n; i += kUnroll * kWidth)
      for (int u = 0; u < kUnroll; u++) parts[u] = R::combine(parts[u], load(p + i + u * kWidth));
    for (; i + kWidth <= n; i += kWidth) parts[0] = R::combine(parts[0], load(p + i));
    const Vector<T> all = R::join(R::join(parts[0], parts[1]), R::join(parts[2], parts[3]));
    total = foldLanes<T>(all, [](auto a, auto b) { return R::join(a, b); });
  }
  for (; i < n; i++) total = R::combine(total, p[i]);
  return total;
}

/// Rows up to here are reduced in one go; halves of longer ones are summed apart (pairwise summation).
constexpr int64_t kBlock = 2048;

template <class R, class T>
T reduceRow(const T* p, int64_t n) {
  if (!R::kPairwise || n <= kBlock) return reduceBlock<R>(p, n);
  const int64_t half = (n / 2 + kBlock - 1) / kBlock * kBlock;
  return R::join(reduceRow<R>(p, half), reduceRow<R>(p + half, n - half));
}

/// Adds up a sequence pairwise as it comes: level l holds the total of 2^l of its elements, as the digits of
/// a binary counter stand for its value.
template <class R, class T>
class Cascade {
 public:
  void push(T x) {
    int level = 0;
    for (uint64_t carry = count_++; carry & 1; carry >>= 1) x = R::join(levels_[level++], x);
    levels_[level] = x;
  }
  T total() const {
    T total = R::template start<T>();
    int level = 0;
    for (uint64_t rest = count_; rest; rest >>= 1, level++)
      if (rest & 1) total = R::join(levels_[level], total);
    return total;
  }

 private:
  uint64_t count_ = 0;
  T levels_[40];
};

}  // namespace
}  // namespace mgp::MGP_ISA
