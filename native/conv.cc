// 2-D convolutions and their gradients.

#include "conv.h"

#include <algorithm>
#include <climits>
#include <new>
#include <type_traits>

#include "entries.h"

namespace mgp {

Conv::Conv(Call& call) {
  n = call.size("N");
  channels = call.size("C");
  filters = call.size("O");
  groups = call.integer("groups", 1, kMaxSize);
  window = readWindow(call);
  if (channels % groups != 0 || filters % groups != 0)
    call.rangeError("groups: " + std::to_string(groups) + " do not divide " + std::to_string(channels) +
                    " and " + std::to_string(filters) + " channels");
  channels /= groups;
  filters /= groups;
  stops = window.stops();
  depth = call.product("weight", {channels, window.area()});
  imageSize = call.product("image", {channels, window.height, window.width});
  outputSize = call.product("output", {filters, stops});
  weightSize = call.product("weight", {filters, depth});
  call.product("columns", {depth, stops});
  if (std::max({depth, stops, filters}) > INT_MAX) call.rangeError("sizes do not fit BLAS");
}

int64_t Conv::grain() const {
  // Multiplications that take some ten microseconds.
  constexpr int64_t kWork = 1 << 19;
  return std::max<int64_t>(1, kWork / std::max<int64_t>(1, filters * depth * stops));
}

void checkMemory(const std::atomic<bool>& failed) {
  if (failed) throw std::bad_alloc();
}

/// Block: N, C, O, groups, window, whether there is a bias, then x, weight, bias if so, out. Buffers in the
/// same order.
void conv2d(Call& call) {
  call.setOp("conv2d");
  const Conv conv(call);
  const bool hasBias = call.flag("bias");
  DType dtype;
  const char* const x = call.contiguous(0, "x", conv.inputCount(call), &dtype);
  const char* const weight = call.contiguous(1, "weight", conv.weightCount(call), dtype);
  const char* const bias = hasBias ? call.contiguous(2, "bias", conv.groups * conv.filters, dtype) : nullptr;
  char* const out = call.contiguous(2 + hasBias, "out", conv.outputCount(call), dtype);
  if (conv.n * conv.outputSize == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const auto run = Direct<T>::suits(conv) ? Direct<T>::forward : ByColumns<T>::forward;
    run(conv, reinterpret_cast<const T*>(x), reinterpret_cast<const T*>(weight),
        reinterpret_cast<const T*>(bias), reinterpret_cast<T*>(out));
  });
}

/// Block: N, C, O, groups, window, then grad, weight, out. Buffers in the same order.
void conv2dInput(Call& call) {
  call.setOp("conv2dInput");
  const Conv conv(call);
  DType dtype;
  const char* const grad = call.contiguous(0, "grad", conv.outputCount(call), &dtype);
  const char* const weight = call.contiguous(1, "weight", conv.weightCount(call), dtype);
  char* const out = call.contiguous(2, "out", conv.inputCount(call), dtype);
  if (conv.n * conv.imageSize == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const T* const g = reinterpret_cast<const T*>(grad);
    const T* const w = reinterpret_cast<const T*>(weight);
    T* const result = reinterpret_cast<T*>(out);
    if (!Direct<T>::suits(conv) || !Direct<T>::gradInput(conv, g, w, result))
      ByColumns<T>::gradInput(conv, g, w, result);
  });
}

/// Block: N, C, O, groups, window, then x, grad, out. Buffers in the same order.
void conv2dWeight(Call& call) {
  call.setOp("conv2dWeight");
  const Conv conv(call);
  DType dtype;
  const char* const x = call.contiguous(0, "x", conv.inputCount(call), &dtype);
  const char* const grad = call.contiguous(1, "grad", conv.outputCount(call), dtype);
  char* const out = call.contiguous(2, "out", conv.weightCount(call), dtype);
  if (conv.weightSize == 0) return;
  if (conv.n * conv.stops == 0) {
    std::fill_n(out, conv.groups * conv.weightSize * itemSize(dtype), char{0});
    return;
  }
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const T* const images = reinterpret_cast<const T*>(x);
    const T* const g = reinterpret_cast<const T*>(grad);
    T* const result = reinterpret_cast<T*>(out);
    if (!Direct<T>::suits(conv) || !Direct<T>::gradWeight(conv, images, g, result))
      ByColumns<T>::gradWeight(conv, images, g, result);
  });
}

}  // namespace mgp
