// Along rows: running sums, products and extrema, and sorting.

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <new>
#include <numeric>
#include <type_traits>
#include <vector>

#include "entries.h"
#include "ops.h"
#include "parallel.h"
#include "scratch.h"

namespace mgp {

namespace {

/// Elements a thread should have at least.
constexpr int64_t kGrain = 16384;

struct Rows {
  int64_t count, length;
  const char* x;
  char* out;
  int32_t* index;  // Or null.
  DType dtype;
};

/// R, L, whether there is an index, then x, out, and the int32 index.
Rows readRows(Call& call) {
  Rows rows{};
  rows.count = call.size("R");
  rows.length = call.integer("L", 0, INT32_MAX);
  const bool hasIndex = call.flag("index");
  const int64_t count = call.product("x", {rows.count, rows.length});
  rows.x = call.contiguous(0, "x", count, &rows.dtype);
  rows.out = call.contiguous(1, "out", count, rows.dtype);
  if (hasIndex) rows.index = reinterpret_cast<int32_t*>(call.contiguous(2, "index", count, DType::Int32));
  return rows;
}

/// Calls body(x, out, index) with the rows, which are of Ts.
template <class T, class Body>
void forRows(const Rows& rows, const Body& body) {
  const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, rows.length));
  parallelFor(rows.count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t at = row * rows.length;
      body(reinterpret_cast<const T*>(rows.x) + at, reinterpret_cast<T*>(rows.out) + at,
           rows.index ? rows.index + at : nullptr);
    }
  });
}

template <class T>
bool isNaN(T x) {
  return x != x;
}

/// In which what is added up loses no digits (float) or wraps around (integers).
template <class T>
using Total = std::conditional_t<std::is_floating_point_v<T>, double, uint32_t>;

template <class T>
void scanRow(ScanOp op, const T* x, T* out, int32_t* index, int64_t n) {
  if (op == ScanOp::Sum || op == ScanOp::Prod) {
    Total<T> total = op == ScanOp::Sum ? 0 : 1;
    for (int64_t i = 0; i < n; i++) {
      total = op == ScanOp::Sum ? total + static_cast<Total<T>>(x[i]) : total * static_cast<Total<T>>(x[i]);
      out[i] = static_cast<T>(total);
    }
    return;
  }
  int64_t best = 0;
  for (int64_t i = 0; i < n; i++) {
    const bool isBetter = op == ScanOp::Max ? x[i] >= x[best] : x[i] <= x[best];
    if (isNaN(x[i]) || (!isNaN(x[best]) && isBetter)) best = i;
    out[i] = x[best];
    if (index) index[i] = static_cast<int32_t>(best);
  }
}

/// NaN is larger than everything. Equal elements stay in their order. Returns false when there is no memory.
template <class T>
bool sortRow(bool descending, const T* from, T* out, int32_t* index, int64_t n) {
  // A copy: what changes while it is sorted, in shared memory, would lead the sort astray.
  T* const x = static_cast<T*>(scratch(static_cast<size_t>(n) * sizeof(T)));
  if (!x) return false;
  std::copy_n(from, n, x);
  std::iota(index, index + n, 0);
  const auto isLess = [](T a, T b) { return a < b || (isNaN(b) && !isNaN(a)); };
  std::stable_sort(index, index + n, [&](int32_t a, int32_t b) {
    return descending ? isLess(x[b], x[a]) : isLess(x[a], x[b]);
  });
  for (int64_t i = 0; i < n; i++) out[i] = x[index[i]];
  return true;
}

template <class Body>
void forNumbers(Call& call, DType dtype, const Body& body) {
  switch (dtype) {
    case DType::Bool:
    case DType::UInt8:
      return body(static_cast<uint8_t*>(nullptr));
    case DType::Int32:
      return body(static_cast<int32_t*>(nullptr));
    case DType::Float32:
      return body(static_cast<float*>(nullptr));
    case DType::Float64:
      return body(static_cast<double*>(nullptr));
  }
  call.unsupported(dtype);
}

}  // namespace

/// Block: op, then R, L, whether there is an index, x, out, index. Buffers: x, out, index.
void scan(Call& call) {
  call.setOp("scan");
  const auto op = static_cast<ScanOp>(call.integer("op", 0, kScanOps - 1));
  const Rows rows = readRows(call);
  forNumbers(call, rows.dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    forRows<T>(rows, [&](const T* x, T* out, int32_t* index) { scanRow(op, x, out, index, rows.length); });
  });
}

/// Block: descending, then R, L, whether there is an index (there is), x, out, index. Buffers: x, out, index.
void sort(Call& call) {
  call.setOp("sort");
  const bool descending = call.flag("descending");
  const Rows rows = readRows(call);
  if (!rows.index) call.rangeError("index: expected one");
  std::atomic<bool> failed{false};
  forNumbers(call, rows.dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    forRows<T>(rows, [&](const T* x, T* out, int32_t* index) {
      if (!sortRow(descending, x, out, index, rows.length)) failed.store(true, std::memory_order_relaxed);
    });
  });
  if (failed) throw std::bad_alloc();
}

}  // namespace mgp
