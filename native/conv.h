#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>

#include "im2col.h"
#include "parallel.h"
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

/// Sums over all images. They are dealt out in strips of at least `least`, each with a sum of its own, which
/// are added up in the end; how many strips there are depends on the shape alone, so the result does not
/// depend on the number of threads. body(group, first, last, total) sets `total` to the sum over the images
/// [first, last) of a group.
template <class T, class Body>
void sumStrips(const Conv& conv, int64_t least, T* out, const Body& body) {
  constexpr int64_t kSums = 1 << 20, kMost = 16;  // Elements of all sums, and strips.
  const int64_t most = std::min({(conv.n + least - 1) / least, kSums / conv.weightSize, kMost});
  // A power of two: as many threads there mostly are.
  const auto wanted = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(std::max<int64_t>(1, most))));
  const int64_t length = (conv.n + wanted - 1) / wanted, strips = (conv.n + length - 1) / length;
  const int64_t count = conv.groups * conv.weightSize;
  std::unique_ptr<T[]> memory;
  if (strips > 1) memory.reset(new T[static_cast<size_t>(strips * count)]);
  T* const sums = strips > 1 ? memory.get() : out;
  parallelFor(strips * conv.groups, std::max<int64_t>(1, conv.grain() / length),
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i++) {
                  const int64_t group = i % conv.groups, strip = i / conv.groups;
                  body(group, strip * length, std::min((strip + 1) * length, conv.n),
                       sums + strip * count + group * conv.weightSize);
                }
              });
  if (strips == 1) return;
  for (int64_t i = 0; i < count; i++) {
    T total = sums[i];
    for (int64_t strip = 1; strip < strips; strip++) total += sums[strip * count + i];
    out[i] = total;
  }
}

/// An operand of images, or of what a convolution makes of them: (N, C, H, W), any strides, in elements.
struct Images {
  char* data;
  int64_t shape[4], strides[4];

  /// Whether the elements of an image are neighbours, in row-major order.
  bool hasWholeImages() const {
    int64_t expected = 1;
    for (int i = 3; i > 0; i--) {
      if (shape[i] != 1 && strides[i] != expected) return false;
      expected *= shape[i];
    }
    return true;
  }
  int64_t imageSize() const { return shape[1] * shape[2] * shape[3]; }
  bool isRowMajor() const { return hasWholeImages() && (shape[0] <= 1 || strides[0] == imageSize()); }
};

/// Copies images of one shape.
template <class T>
void copyImages(const Images& from, const Images& to);

// The ways to convolve. The arguments are checked; a null bias adds nothing. Those that return a bool leave
// out what is multiplied by zeros of the padding, which is wrong where the other factor is not finite: they
// return false when that has happened, or would.

/// By matrix products with the columns of im2col: for any window. Images in row-major order.
template <class T>
struct ByColumns {
  static void forward(const Conv& conv, const T* x, const T* weight, const T* bias, T* out);
  static void gradInput(const Conv& conv, const T* grad, const T* weight, T* out);
  static void gradWeight(const Conv& conv, const T* x, const T* grad, T* out);
};

/// Vectors along the images, which lie innermost, or are brought to.
template <class T>
struct ByImages {
  /// So many images, and it is faster. conv2d in lib/ops/conv.ts has its results lie so from there on.
  static constexpr int64_t kImages = 8;
  /// Whether it takes this convolution, and is faster.
  static bool suits(const Conv& conv);
  static bool forward(const Conv& conv, const Images& x, const T* weight, const T* bias, bool relu,
                      const Images& out);
  /// A gate (null for none) is laid out as `out` is, which is then not to be copied.
  static bool gradInput(const Conv& conv, const Images& grad, const T* weight, const Images* gate,
                        const Images& out);
  static bool gradWeight(const Conv& conv, const Images& x, const Images& grad, T* out);
};

}  // namespace mgp
