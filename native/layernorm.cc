// Layer normalization and its gradient.

#include <algorithm>
#include <memory>
#include <type_traits>

#include "entries.h"
#include "parallel.h"

namespace mgp {

namespace {

/// Elements a thread should have at least.
constexpr int64_t kGrain = 16384;
/// Sums over all rows are made of those of at most so many strips. How many there are depends on the shape
/// alone, so the result does not depend on the number of threads.
constexpr int64_t kStrips = 32;

const char* optional(Call& call, int* argument, const char* name, int64_t count, DType dtype) {
  return call.flag(name) ? call.contiguous((*argument)++, name, count, dtype) : nullptr;
}

/// out = the sum of `count` rows of `length` numbers.
template <class T>
void addRows(const T* rows, int64_t count, int64_t length, T* out, int64_t step) {
  for (int64_t i = 0; i < length; i++) {
    double total = 0;
    for (int64_t row = 0; row < count; row++) total += rows[row * step + i];
    out[i] = static_cast<T>(total);
  }
}

}  // namespace

/// Block: rows, length, eps, x, out, mean, inverse, and weight and bias, each after a flag that says whether
/// it is there. Buffers: in the same order.
void layerNorm(Call& call) {
  call.setOp("layerNorm");
  LayerNorm norm{};
  const int64_t rows = call.size("rows");
  norm.length = call.size("length");
  norm.eps = call.number("eps");
  const int64_t count = call.product("x", {rows, norm.length});
  DType dtype;
  norm.x = call.contiguous(0, "x", count, &dtype);
  norm.out = call.contiguous(1, "out", count, dtype);
  norm.mean = call.contiguous(2, "mean", rows, dtype);
  norm.inverse = call.contiguous(3, "inverse", rows, dtype);
  int argument = 4;
  norm.weight = optional(call, &argument, "weight", norm.length, dtype);
  norm.bias = optional(call, &argument, "bias", norm.length, dtype);
  const LayerNormKernel kernel = kernels.layerNorm[static_cast<int>(dtype)];
  if (!kernel) call.unsupported(dtype);
  if (count == 0) return;
  parallelFor(rows, std::max<int64_t>(1, kGrain / norm.length),
              [&](int64_t begin, int64_t end) { kernel(norm, begin, end); });
}

/// Block: rows, length, x, grad, out, mean, inverse, gradWeight, gradBias, and weight after a flag that says
/// whether it is there. Buffers: in the same order.
void layerNormGrad(Call& call) {
  call.setOp("layerNormGrad");
  LayerNorm norm{};
  const int64_t rows = call.size("rows");
  norm.length = call.size("length");
  const int64_t count = call.product("x", {rows, norm.length});
  DType dtype;
  norm.x = call.contiguous(0, "x", count, &dtype);
  norm.grad = call.contiguous(1, "grad", count, dtype);
  norm.out = call.contiguous(2, "out", count, dtype);
  norm.mean = call.contiguous(3, "mean", rows, dtype);
  norm.inverse = call.contiguous(4, "inverse", rows, dtype);
  char* const gradWeight = call.contiguous(5, "gradWeight", norm.length, dtype);
  char* const gradBias = call.contiguous(6, "gradBias", norm.length, dtype);
  int argument = 7;
  norm.weight = optional(call, &argument, "weight", norm.length, dtype);
  const LayerNormGradKernel kernel = kernels.layerNormGrad[static_cast<int>(dtype)];
  if (!kernel) call.unsupported(dtype);
  if (norm.length == 0) return;
  const int64_t least = std::max<int64_t>(1, kGrain / norm.length);
  const int64_t wanted = std::clamp<int64_t>(rows / least, 1, kStrips);
  const int64_t length = (rows + wanted - 1) / wanted;
  const int64_t strips = rows == 0 ? 0 : (rows + length - 1) / length;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const std::unique_ptr<T[]> sums(new T[static_cast<size_t>(strips * 2 * norm.length)]());
    parallelFor(strips, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++)
        kernel(norm, i * length, std::min(rows, (i + 1) * length), sums.get() + i * 2 * norm.length);
    });
    addRows(sums.get(), strips, norm.length, reinterpret_cast<T*>(gradWeight), 2 * norm.length);
    addRows(sums.get() + norm.length, strips, norm.length, reinterpret_cast<T*>(gradBias), 2 * norm.length);
  });
}

}  // namespace mgp
