// Scaled dot-product attention, tile by tile, so that the matrix of all scores is never there as a whole.
// See Dao et al., "FlashAttention: fast and memory-efficient exact attention with IO-awareness", 2022.

#include <algorithm>
#include <atomic>
#include <climits>
#include <limits>
#include <new>
#include <type_traits>

#include "blas.h"
#include "entries.h"
#include "parallel.h"
#include "scratch.h"

namespace mgp {

namespace {

/// Queries and keys of a tile: its scores stay in the cache nearest to the core, or nearly.
constexpr int64_t kQueries = 64, kKeys = 128;

/// A matrix for each head of each batch, rows in one piece.
struct Heads {
  char* data;
  int64_t strides[4];  // Batch, head, row, 1; in elements.
  int64_t row;

  template <class T>
  T* at(int64_t batch, int64_t head, int64_t first) const {
    return reinterpret_cast<T*>(data) + batch * strides[0] + head * strides[1] + first * row;
  }
};

struct Attention {
  int64_t batches, heads, queries, keys, depth, width;
  double scale;
  bool causal, masked;
  DType dtype;
  Heads q, k, v, out, grad, gradQ, gradK, gradV, mask;
  char* logSum;

  explicit Attention(Call& call) {
    batches = call.size("B");
    heads = call.size("H");
    queries = call.size("queries");
    keys = call.size("keys");
    depth = call.size("D");
    width = call.size("width");
    if (std::max({queries, keys, depth, width}) > INT_MAX) call.rangeError("sizes do not fit BLAS");
    scale = call.number("scale");
    causal = call.flag("causal");
    masked = call.flag("mask");
    dtype = call.dtype("dtype");
    if (dtype != DType::Float32 && dtype != DType::Float64) call.unsupported(dtype);
    call.product("x", {batches, heads});
  }

  Heads read(Call& call, int argument, const char* name, int64_t rows, int64_t columns, bool result = false) {
    Heads x;
    const int64_t shape[] = {batches, heads, rows, columns};
    const int64_t count = call.product(name, {batches, heads, rows, columns});
    int64_t length;
    x.data = call.strided(argument, name, dtype, 4, shape, x.strides, &length);
    x.row = rows > 1 ? x.strides[2] : columns;
    if ((columns > 1 && x.strides[3] != 1) || x.row < columns || x.row > INT_MAX)
      call.rangeError(std::string(name) + ": expected rows without gaps, that do not overlap");
    if (result && count > length) call.rangeError(std::string(name) + ": the elements do not fit its buffer");
    return x;
  }
  Heads readMask(Call& call, int argument) {
    Heads x{};
    const int64_t shape[] = {batches, heads, queries, keys};
    int64_t length;
    if (masked) x.data = call.strided(argument, "mask", dtype, 4, shape, x.strides, &length);
    return x;
  }

  bool isEmpty() const { return batches * heads == 0; }
  int64_t units() const { return batches * heads; }

  /// The tile of scores of some queries and some keys.
  template <class T>
  AttentionTile<T> tile(int64_t batch, int64_t head, int64_t query, int64_t key, T* scores) const {
    const T* const rows = masked
                              ? reinterpret_cast<const T*>(mask.data) + batch * mask.strides[0] +
                                    head * mask.strides[1] + query * mask.strides[2] + key * mask.strides[3]
                              : nullptr;
    return {scores,
            std::min(kQueries, queries - query),
            std::min(kKeys, keys - key),
            query,
            key,
            static_cast<T>(scale),
            rows,
            mask.strides[2],
            mask.strides[3],
            causal};
  }

  /// Keys that some of the queries from `query` on, a tile of them, can see.
  int64_t keysFor(int64_t query) const {
    return causal ? std::min(keys, std::min(queries, query + kQueries)) : keys;
  }
};

template <class T>
const AttentionKernels<T>& rowKernels() {
  if constexpr (std::is_same_v<T, float>)
    return kernels.attentionFloat;
  else
    return kernels.attentionDouble;
}

template <class T>
Matrix<T> rowsOf(const T* data, int64_t ld) {
  return {data, std::max<int64_t>(1, ld), false};
}
template <class T>
Matrix<T> transposed(const T* data, int64_t ld) {
  return {data, std::max<int64_t>(1, ld), true};
}

/// Has the rows of a head on their way into the cache while another one is worked on: they lie too far apart
/// for the processor to foresee them. Of long heads those that come first.
template <class T>
void expect(const Heads& x, int64_t batch, int64_t head, int64_t rows, int64_t columns) {
#if defined(__GNUC__)
  constexpr int64_t kLine = 64, kRows = 128;
  for (int64_t row = 0; row < std::min(rows, kRows); row++) {
    const char* const p = reinterpret_cast<const char*>(x.at<T>(batch, head, row));
    for (int64_t at = 0; at < columns * static_cast<int64_t>(sizeof(T)); at += kLine)
      __builtin_prefetch(p + at, 0, 2);
  }
#endif
}

/// One tile of queries against all keys.
template <class T>
void forwardTile(const Attention& a, int64_t batch, int64_t head, int64_t query, T* memory) {
  T *const scores = memory, *const most = scores + kQueries * kKeys, *const sum = most + kQueries;
  const AttentionKernels<T>& rows = rowKernels<T>();
  T* const out = a.out.at<T>(batch, head, query);
  const int64_t last = a.keysFor(query);
  for (int64_t key = 0; key < last; key += kKeys) {
    const AttentionTile<T> tile = a.tile(batch, head, query, key, scores);
    gemm(tile.queries, tile.keys, a.depth, rowsOf(a.q.at<T>(batch, head, query), a.q.row),
         transposed(a.k.at<T>(batch, head, key), a.k.row), scores, tile.keys, false);
    rows.addTile(tile, most, sum, out, a.out.row, a.width);
    gemm(tile.queries, a.width, tile.keys, rowsOf<T>(scores, tile.keys),
         rowsOf(a.v.at<T>(batch, head, key), a.v.row), out, a.out.row, key > 0);
  }
  rows.finish(std::min(kQueries, a.queries - query), most, sum, out, a.out.row, a.width,
              reinterpret_cast<T*>(a.logSum) + (batch * a.heads + head) * a.queries + query);
}

template <class T>
void clearRows(const Heads& x, int64_t batch, int64_t head, int64_t first, int64_t last, int64_t columns) {
  for (int64_t row = first; row < last; row++) std::fill_n(x.at<T>(batch, head, row), columns, T(0));
}

/// The gradients of one head. Tiles are taken key by key, so that each sum has one order.
template <class T>
void backwardHead(const Attention& a, int64_t batch, int64_t head, T* memory) {
  T *const scores = memory, *const grads = scores + kQueries * kKeys, *const dots = grads + kQueries * kKeys;
  const AttentionKernels<T>& rows = rowKernels<T>();
  const T* const logSum = reinterpret_cast<const T*>(a.logSum) + (batch * a.heads + head) * a.queries;
  rows.rowDots(a.queries, a.width, a.grad.at<T>(batch, head, 0), a.grad.row, a.out.at<T>(batch, head, 0),
               a.out.row, dots);
  if (a.keys == 0) clearRows<T>(a.gradQ, batch, head, 0, a.queries, a.depth);
  for (int64_t key = 0; key < a.keys; key += kKeys) {
    const Matrix<T> k = rowsOf(a.k.at<T>(batch, head, key), a.k.row);
    const Matrix<T> v = transposed(a.v.at<T>(batch, head, key), a.v.row);
    T *const gradK = a.gradK.at<T>(batch, head, key), *const gradV = a.gradV.at<T>(batch, head, key);
    bool isFirst = true;
    for (int64_t query = 0; query < a.queries; query += kQueries) {
      if (key >= a.keysFor(query)) continue;
      const AttentionTile<T> tile = a.tile(batch, head, query, key, scores);
      const T* const q = a.q.at<T>(batch, head, query);
      const T* const g = a.grad.at<T>(batch, head, query);
      gemm(tile.queries, tile.keys, a.depth, rowsOf(q, a.q.row), Matrix<T>{k.data, k.ld, true}, scores,
           tile.keys, false);
      rows.probabilities(tile, logSum + query);
      gemm(tile.keys, a.width, tile.queries, transposed<T>(scores, tile.keys), rowsOf(g, a.grad.row), gradV,
           a.gradV.row, !isFirst);
      gemm(tile.queries, tile.keys, a.width, rowsOf(g, a.grad.row), v, grads, tile.keys, false);
      rows.scoreGradients(tile, dots + query, grads);
      gemm(tile.queries, a.depth, tile.keys, rowsOf<T>(grads, tile.keys), k,
           a.gradQ.at<T>(batch, head, query), a.gradQ.row, key > 0);
      gemm(tile.keys, a.depth, tile.queries, transposed<T>(grads, tile.keys), rowsOf(q, a.q.row), gradK,
           a.gradK.row, !isFirst);
      isFirst = false;
    }
    if (!isFirst) continue;
    const int64_t last = std::min(a.keys, key + kKeys);
    clearRows<T>(a.gradK, batch, head, key, last, a.depth);
    clearRows<T>(a.gradV, batch, head, key, last, a.width);
  }
}

/// Runs unit(i, memory) for i in [0, count), with scratch memory for `elements`.
template <class T, class Unit>
void runUnits(int64_t count, int64_t grain, int64_t elements, const Unit& unit) {
  std::atomic<bool> failed{false};
  parallelFor(count, grain, [&](int64_t begin, int64_t end) {
    T* const memory = static_cast<T*>(scratch(static_cast<size_t>(elements) * sizeof(T)));
    if (!memory) {
      failed.store(true, std::memory_order_relaxed);
      return;
    }
    for (int64_t i = begin; i < end; i++) unit(i, memory);
  });
  if (failed) throw std::bad_alloc();
}

/// How many units of `work` multiplications each are worth a thread's while.
int64_t grainFor(int64_t work) { return std::max<int64_t>(1, (1 << 19) / std::max<int64_t>(1, work)); }

}  // namespace

/// Block: B, H, queries, keys, D, width, scale, causal, whether there is a mask, dtype, then offset and
/// strides of q, k, v, out, dtype and offset of logSum, and offset and strides of the mask. Buffers: in this
/// order.
void attention(Call& call) {
  call.setOp("attention");
  Attention a(call);
  a.q = a.read(call, 0, "q", a.queries, a.depth);
  a.k = a.read(call, 1, "k", a.keys, a.depth);
  a.v = a.read(call, 2, "v", a.keys, a.width);
  a.out = a.read(call, 3, "out", a.queries, a.width, true);
  a.logSum = call.contiguous(4, "logSum", call.product("logSum", {a.batches, a.heads, a.queries}), a.dtype);
  a.mask = a.readMask(call, 5);
  if (a.isEmpty() || a.queries == 0) return;
  forFloat(call, a.dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    if (a.keys == 0) {
      std::fill_n(reinterpret_cast<T*>(a.logSum), a.units() * a.queries, -std::numeric_limits<T>::infinity());
      for (int64_t i = 0; i < a.units(); i++)
        clearRows<T>(a.out, i / a.heads, i % a.heads, 0, a.queries, a.width);
      return;
    }
    const int64_t tiles = (a.queries + kQueries - 1) / kQueries;
    const int64_t work = std::min(kQueries, a.queries) * a.keys * (a.depth + a.width);
    runUnits<T>(a.units() * tiles, grainFor(work), kQueries * kKeys + 2 * kQueries,
                [&](int64_t i, T* memory) {
                  const int64_t unit = i / tiles, next = unit + 1;
                  if (i % tiles == 0 && next < a.units()) {
                    const int64_t batch = next / a.heads, head = next % a.heads;
                    expect<T>(a.q, batch, head, a.queries, a.depth);
                    expect<T>(a.k, batch, head, a.keys, a.depth);
                    expect<T>(a.v, batch, head, a.keys, a.width);
                    expect<T>(a.out, batch, head, a.queries, a.width);
                  }
                  forwardTile<T>(a, unit / a.heads, unit % a.heads, i % tiles * kQueries, memory);
                });
  });
}

/// Block: as for attention up to logSum, then offset and strides of grad, gradQ, gradK, gradV, and of the
/// mask. Buffers: in this order.
void attentionGrad(Call& call) {
  call.setOp("attentionGrad");
  Attention a(call);
  a.q = a.read(call, 0, "q", a.queries, a.depth);
  a.k = a.read(call, 1, "k", a.keys, a.depth);
  a.v = a.read(call, 2, "v", a.keys, a.width);
  a.out = a.read(call, 3, "out", a.queries, a.width);
  a.logSum = call.contiguous(4, "logSum", call.product("logSum", {a.batches, a.heads, a.queries}), a.dtype);
  a.grad = a.read(call, 5, "grad", a.queries, a.width);
  a.gradQ = a.read(call, 6, "gradQ", a.queries, a.depth, true);
  a.gradK = a.read(call, 7, "gradK", a.keys, a.depth, true);
  a.gradV = a.read(call, 8, "gradV", a.keys, a.width, true);
  a.mask = a.readMask(call, 9);
  if (a.isEmpty()) return;
  forFloat(call, a.dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    runUnits<T>(a.units(), grainFor(a.queries * a.keys * (3 * a.depth + 2 * a.width)),
                2 * kQueries * kKeys + a.queries, [&](int64_t i, T* memory) {
                  if (const int64_t next = i + 1; next < a.units()) {
                    const int64_t batch = next / a.heads, head = next % a.heads;
                    for (const Heads* const x : {&a.q, &a.out, &a.grad, &a.gradQ})
                      expect<T>(*x, batch, head, a.queries, x == &a.q || x == &a.gradQ ? a.depth : a.width);
                    for (const Heads* const x : {&a.k, &a.v, &a.gradK, &a.gradV})
                      expect<T>(*x, batch, head, a.keys, x == &a.k || x == &a.gradK ? a.depth : a.width);
                  }
                  backwardHead<T>(a, i / a.heads, i % a.heads, memory);
                });
  });
}

}  // namespace mgp
