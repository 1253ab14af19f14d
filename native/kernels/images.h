#pragma once

// What kernels of images that lie innermost share.

#include "common.h"

namespace mgp::MGP_ISA {
namespace {

// Accumulators for a block of filters times some vectors stay in registers.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kFilters = 8;
#else
constexpr int kFilters = 4;
#endif
constexpr int kVectors = 2;

/// The fewest lanes that are a vector.
template <class T>
constexpr int kLeast = 16 / sizeof(T);

/// Calls body with vector widths of so many lanes, the widest that fits into n, as an integral constant.
template <int W>
struct Width {
  static constexpr int value = W;
};
template <class T, int W = kLanes<T>, class Body>
MGP_INLINE void forWidth(int64_t n, const Body& body) {
  if constexpr (W > kLeast<T>) {
    if (n < W) {
      forWidth<T, W / 2>(n, body);
      return;
    }
  }
  body(Width<W>());
}

/// How many results the block that starts at m has: a power of two.
MGP_INLINE int blockAt(int64_t m, int64_t results) {
  int block = kFilters;
  while (block > results - m) block /= 2;
  return block;
}

}  // namespace
}  // namespace mgp::MGP_ISA
