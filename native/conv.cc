// 2-D convolutions and their gradients, as matrix products with the columns of im2col.

#include <algorithm>
#include <atomic>
#include <climits>

#include "blas.h"
#include "im2col.h"
#include "parallel.h"
#include "scratch.h"

namespace mgp {

namespace {

/// Multiplications a thread should have at least.
constexpr int64_t kGrain = 1 << 19;

struct Conv {
  int64_t n, channels, filters, groups;
  Window window;
  // Per group:
  int64_t groupChannels, groupFilters;
  int64_t depth;  // Rows of the matrix of columns: elements of a filter.
  int64_t imageSize, outputSize, weightSize;
  int64_t stops;
  bool isPointwise;  // A 1×1 window that stops everywhere: the image is its own matrix of columns.

  explicit Conv(Call& call) {
    n = call.size("N");
    channels = call.size("C");
    filters = call.size("O");
    groups = call.integer("groups", 1, kMaxSize);
    window = readWindow(call);
    if (channels % groups != 0 || filters % groups != 0)
      call.rangeError("groups: " + std::to_string(groups) + " do not divide " + std::to_string(channels) +
                      " and " + std::to_string(filters) + " channels");
    groupChannels = channels / groups;
    groupFilters = filters / groups;
    stops = window.stops();
    depth = call.product("weight", {groupChannels, window.area()});
    imageSize = call.product("image", {groupChannels, window.height, window.width});
    outputSize = call.product("output", {groupFilters, stops});
    weightSize = call.product("weight", {groupFilters, depth});
    if (std::max({depth, stops, groupFilters}) > INT_MAX) call.rangeError("sizes do not fit BLAS");
    call.product("columns", {depth, stops});
    isPointwise = window.area() == 1 && window.stride[0] == 1 && window.stride[1] == 1 &&
                  window.padding[0] == 0 && window.padding[1] == 0;
  }

  int64_t inputCount(const Call& call) const { return call.product("x", {n, groups, imageSize}); }
  int64_t outputCount(const Call& call) const { return call.product("out", {n, groups, outputSize}); }
  int64_t weightCount(const Call& call) const { return call.product("weight", {groups, weightSize}); }

  /// Images and groups, counted together, that are worth a thread's while.
  int64_t grain() const { return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, depth * outputSize)); }
};

/// Scratch memory for `count` elements of T; when there is none, `failed` is set for the calling thread to
/// report.
template <class T>
T* scratchFor(int64_t count, std::atomic<bool>& failed) {
  T* const memory = static_cast<T*>(scratch(static_cast<size_t>(count) * sizeof(T)));
  if (!memory) failed.store(true, std::memory_order_relaxed);
  return memory;
}

void checkMemory(const std::atomic<bool>& failed) {
  if (failed) throw ArgumentError{ArgumentError::Kind::Memory, "[conv2d] out of memory"};
}

template <class T>
void forward(const Conv& c, const T* x, const T* weight, const T* bias, T* out) {
  std::atomic<bool> failed{false};
  parallelFor(c.n * c.groups, c.grain(), [&](int64_t begin, int64_t end) {
    T* const columns = c.isPointwise ? nullptr : scratchFor<T>(c.depth * c.stops, failed);
    if (failed) return;
    for (int64_t i = begin; i < end; i++) {
      const int64_t group = i % c.groups;
      const T* const image = x + i * c.imageSize;
      T* const output = out + i * c.outputSize;
      if (bias)
        for (int64_t f = 0; f < c.groupFilters; f++)
          std::fill_n(output + f * c.stops, c.stops, bias[group * c.groupFilters + f]);
      if (!c.isPointwise) imageToColumns(image, c.groupChannels, c.window, columns, c.stops);
      gemm(c.groupFilters, c.stops, c.depth, Matrix<T>{weight + group * c.weightSize, c.depth, false},
           Matrix<T>{c.isPointwise ? image : columns, c.stops, false}, output, c.stops, bias != nullptr);
    }
  });
  checkMemory(failed);
}

template <class T>
void gradInput(const Conv& c, const T* grad, const T* weight, T* out) {
  std::atomic<bool> failed{false};
  parallelFor(c.n * c.groups, c.grain(), [&](int64_t begin, int64_t end) {
    T* const scratch = c.isPointwise ? nullptr : scratchFor<T>(c.depth * c.stops, failed);
    if (failed) return;
    for (int64_t i = begin; i < end; i++) {
      T* const image = out + i * c.imageSize;
      T* const columns = c.isPointwise ? image : scratch;
      gemm(c.depth, c.stops, c.groupFilters, Matrix<T>{weight + i % c.groups * c.weightSize, c.depth, true},
           Matrix<T>{grad + i * c.outputSize, c.stops, false}, columns, c.stops, false);
      if (c.isPointwise) continue;
      std::fill_n(image, c.imageSize, T(0));
      addColumnsToImage(columns, c.stops, c.groupChannels, c.window, image);
    }
  });
  checkMemory(failed);
}

template <class T>
void gradWeight(const Conv& c, const T* x, const T* grad, T* out) {
  std::atomic<bool> failed{false};
  parallelFor(c.groups, 1, [&](int64_t begin, int64_t end) {
    T* const columns = c.isPointwise ? nullptr : scratchFor<T>(c.depth * c.stops, failed);
    if (failed) return;
    for (int64_t group = begin; group < end; group++) {
      T* const total = out + group * c.weightSize;
      if (c.n == 0) std::fill_n(total, c.weightSize, T(0));
      for (int64_t n = 0; n < c.n; n++) {
        const int64_t i = n * c.groups + group;
        const T* const image = x + i * c.imageSize;
        if (!c.isPointwise) imageToColumns(image, c.groupChannels, c.window, columns, c.stops);
        gemm(c.groupFilters, c.depth, c.stops, Matrix<T>{grad + i * c.outputSize, c.stops, false},
             Matrix<T>{c.isPointwise ? image : columns, c.stops, true}, total, c.depth, n > 0);
      }
    }
  });
  checkMemory(failed);
}

}  // namespace

/// Block: N, C, O, groups, window, whether there is a bias, then x, weight, bias if so, out. Buffers in the
/// same order.
void conv2d(Call& call) {
  call.setOp("conv2d");
  const Conv c(call);
  const bool hasBias = call.flag("bias");
  DType dtype;
  const char* const x = call.contiguous(0, "x", c.inputCount(call), &dtype);
  const char* const weight = call.contiguous(1, "weight", c.weightCount(call), dtype);
  const char* const bias = hasBias ? call.contiguous(2, "bias", c.filters, dtype) : nullptr;
  char* const out = call.contiguous(2 + hasBias, "out", c.outputCount(call), dtype);
  if (c.n * c.outputSize == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    forward(c, reinterpret_cast<const T*>(x), reinterpret_cast<const T*>(weight),
            reinterpret_cast<const T*>(bias), reinterpret_cast<T*>(out));
  });
}

/// Block: N, C, O, groups, window, then grad, weight, out. Buffers in the same order.
void conv2dInput(Call& call) {
  call.setOp("conv2dInput");
  const Conv c(call);
  DType dtype;
  const char* const grad = call.contiguous(0, "grad", c.outputCount(call), &dtype);
  const char* const weight = call.contiguous(1, "weight", c.weightCount(call), dtype);
  char* const out = call.contiguous(2, "out", c.inputCount(call), dtype);
  if (c.n * c.imageSize == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    gradInput(c, reinterpret_cast<const T*>(grad), reinterpret_cast<const T*>(weight),
              reinterpret_cast<T*>(out));
  });
}

/// Block: N, C, O, groups, window, then x, grad, out. Buffers in the same order.
void conv2dWeight(Call& call) {
  call.setOp("conv2dWeight");
  const Conv c(call);
  DType dtype;
  const char* const x = call.contiguous(0, "x", c.inputCount(call), &dtype);
  const char* const grad = call.contiguous(1, "grad", c.outputCount(call), dtype);
  char* const out = call.contiguous(2, "out", c.weightCount(call), dtype);
  if (c.weightSize == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    gradWeight(c, reinterpret_cast<const T*>(x), reinterpret_cast<const T*>(grad), reinterpret_cast<T*>(out));
  });
}

}  // namespace mgp
