#pragma once

#include <atomic>
#include <cstdint>

#include "im2col.h"
#include "scratch.h"

namespace mgp {

/// The sizes of a 2-D convolution, checked so that products of them fit. Sizes of images, outputs and weights
/// are those of one group; images and groups are counted together, since a group of an image is like an image
/// of its own.
struct Conv {
  int64_t n, groups;
  int64_t channels, filters;
  Window window;
  int64_t stops;  // Elements of an output channel.
  int64_t depth;  // Elements of a filter.
  int64_t imageSize, outputSize, weightSize;

  explicit Conv(Call& call);

  int64_t inputCount(const Call& call) const { return call.product("x", {n, groups, imageSize}); }
  int64_t outputCount(const Call& call) const { return call.product("out", {n, groups, outputSize}); }
  int64_t weightCount(const Call& call) const { return call.product("weight", {groups, weightSize}); }

  /// How many images are worth a thread's while.
  int64_t grain() const;
};

/// Scratch memory for `count` elements of T. Where there is none it sets `failed`, for the calling thread to
/// report.
template <class T>
T* scratchFor(int64_t count, std::atomic<bool>& failed) noexcept {
  T* const memory = static_cast<T*>(scratch(static_cast<size_t>(count) * sizeof(T)));
  if (!memory) failed.store(true, std::memory_order_relaxed);
  return memory;
}

/// Throws when scratch memory was missing.
void checkMemory(const std::atomic<bool>& failed);

// Two ways to convolve. The arguments are checked; a null bias adds nothing.

/// By matrix products with the columns of im2col: for any window.
template <class T>
struct ByColumns {
  static void forward(const Conv& conv, const T* x, const T* weight, const T* bias, T* out);
  static void gradInput(const Conv& conv, const T* grad, const T* weight, T* out);
  static void gradWeight(const Conv& conv, const T* x, const T* grad, T* out);
};

/// Straight from the image: see Planes in kernels.h.
template <class T>
struct Direct {
  /// Whether it takes this window, and is faster.
  static bool suits(const Conv& conv);
  static void forward(const Conv& conv, const T* x, const T* weight, const T* bias, T* out);
  // The gradients multiply by the zeros between rows, which is wrong where the other factor is not finite.
  // They return false when that has happened, or would.
  static bool gradInput(const Conv& conv, const T* grad, const T* weight, T* out);
  static bool gradWeight(const Conv& conv, const T* x, const T* grad, T* out);
};

}  // namespace mgp
