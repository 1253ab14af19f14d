// Softmax and cross-entropy over the last dimension.

#include <algorithm>
#include <cstdint>

#include "entries.h"
#include "nest.h"
#include "parallel.h"

namespace mgp {

namespace {

/// Elements a thread should have at least, at about a nanosecond each.
constexpr int64_t kGrain = 8192;

int64_t rowGrain(int64_t length) { return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, length)); }

int64_t run(const CrossEntropyRows& rows, int64_t count, CrossEntropyKernel kernel) {
  return parallelFirst(count, rowGrain(rows.classes),
                       [&](int64_t begin, int64_t end) { return kernel(rows, begin, end); });
}

/// N, C, whether an index is ignored and which.
int64_t readRows(Call& call, CrossEntropyRows& rows) {
  const int64_t count = call.size("N");
  rows.classes = call.size("C");
  rows.ignores = call.flag("ignores");
  rows.ignoreIndex = static_cast<int32_t>(call.integer("ignoreIndex", INT32_MIN, INT32_MAX));
  return count;
}

}  // namespace

/// Block: log, shape, x, out. Buffers: x, out.
void softmax(Call& call) {
  call.setOp("softmax");
  SoftmaxRows softmax;
  softmax.log = call.flag("log");
  Nest& rows = softmax.rows;
  const int64_t count = call.shape(rows);
  if (rows.ndim == 0) call.rangeError("x: expected at least one dimension");
  const DType dtype = call.operand(rows, 1, 0, "x");
  char* const out = call.contiguous(1, "out", count, dtype);
  const SoftmaxKernel kernel = kernels.softmax[static_cast<int>(dtype)];
  if (!kernel) call.unsupported(dtype);
  if (count == 0) return;
  rows.ndim--;
  softmax.length = rows.shape[rows.ndim];
  softmax.stride = rows.strides[1][rows.ndim];
  rows.data[0] = out;
  int64_t stride = softmax.length * itemSize(dtype);
  for (int i = rows.ndim - 1; i >= 0; i--) {
    rows.strides[0][i] = stride;
    stride *= rows.shape[i];
  }
  coalesce(rows, 2);
  parallelFor(count / softmax.length, rowGrain(softmax.length),
              [&](int64_t begin, int64_t end) { kernel(softmax, begin, end); });
}

/// Block: N, C, ignores, ignoreIndex, then x, target, out. Buffers: x, target, out. Returns the first bad
/// row, or -1.
void crossEntropy(Call& call) {
  call.setOp("crossEntropy");
  CrossEntropyRows rows{};
  const int64_t n = readRows(call, rows);
  DType dtype;
  rows.x = call.contiguous(0, "x", call.product("x", {n, rows.classes}), &dtype);
  rows.target = reinterpret_cast<const int32_t*>(call.contiguous(1, "target", n, DType::Int32));
  rows.out = call.contiguous(2, "out", n, dtype);
  const CrossEntropyKernel kernel = kernels.crossEntropy[static_cast<int>(dtype)];
  if (!kernel) call.unsupported(dtype);
  call.returns(static_cast<double>(run(rows, n, kernel)));
}

/// Block: N, C, ignores, ignoreIndex, then x, target, grad, out. Buffers in the same order.
void crossEntropyGrad(Call& call) {
  call.setOp("crossEntropyGrad");
  CrossEntropyRows rows{};
  const int64_t n = readRows(call, rows);
  const int64_t count = call.product("x", {n, rows.classes});
  DType dtype;
  rows.x = call.contiguous(0, "x", count, &dtype);
  rows.target = reinterpret_cast<const int32_t*>(call.contiguous(1, "target", n, DType::Int32));
  rows.grad = call.contiguous(2, "grad", n, dtype);
  rows.out = call.contiguous(3, "out", count, dtype);
  const CrossEntropyKernel kernel = kernels.crossEntropyGrad[static_cast<int>(dtype)];
  if (!kernel) call.unsupported(dtype);
  call.returns(static_cast<double>(run(rows, n, kernel)));
}

}  // namespace mgp
