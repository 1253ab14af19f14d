// Softmax and cross-entropy, row by row. The maximum is taken off first: softmax stays the same, and no power
// is above 1.

#include "reduce.h"

namespace mgp::MGP_ISA {
namespace {

/// So many logits are worked on at a time, in a buffer that is filled up with -inf to whole vectors: a row of
/// ten costs no more than one of sixteen.
constexpr int64_t kChunk = 512;
constexpr int64_t kPad = 16;

template <class T>
struct Chunk {
  alignas(64) T values[kChunk];
  int64_t padded;

  MGP_INLINE void read(const char* p, int64_t stride, int64_t n) {
    padded = (n + kPad - 1) / kPad * kPad;
    if (stride == sizeof(T)) {
      const T* x = reinterpret_cast<const T*>(p);
      for (int64_t i = 0; i < n; i++) values[i] = x[i];
    } else {
      for (int64_t i = 0; i < n; i++) values[i] = *reinterpret_cast<const T*>(p + i * stride);
    }
    for (int64_t i = n; i < padded; i++) values[i] = -T(__builtin_inf());
  }
  MGP_INLINE void powers(T shift) {
    for (int64_t i = 0; i < padded; i++) values[i] = expOf(values[i] - shift);
  }
};

/// The maximum of a row, and the sum of the powers of what lies below it.
template <class T>
struct RowSum {
  T shift, sum;
};

template <class T>
MGP_INLINE RowSum<T> sumPowers(Chunk<T>& chunk, const char* p, int64_t stride, int64_t n) {
  T shift = -T(__builtin_inf());
  for (int64_t i = 0; i < n; i += kChunk) {
    chunk.read(p + i * stride, stride, minimum(n - i, kChunk));
    shift = Max::join(shift, reduceBlock<Max>(chunk.values, chunk.padded));
  }
  T sum = 0;
  for (int64_t i = 0; i < n; i += kChunk) {
    if (n > kChunk) chunk.read(p + i * stride, stride, minimum(n - i, kChunk));
    chunk.powers(shift);
    sum += reduceBlock<Sum>(chunk.values, chunk.padded);
  }
  return {shift, sum};
}

/// Calls body(first, count) for the chunks of a row, with their powers in `chunk`: those of a short row are
/// there still.
template <class T, class Body>
MGP_INLINE void forPowers(Chunk<T>& chunk, const char* p, int64_t stride, int64_t n, T shift,
                          const Body& body) {
  for (int64_t i = 0; i < n; i += kChunk) {
    const int64_t count = minimum(n - i, kChunk);
    if (n > kChunk) {
      chunk.read(p + i * stride, stride, count);
      chunk.powers(shift);
    }
    body(i, count);
  }
}

template <class T>
void softmaxRow(const SoftmaxRows& softmax, T* out, const char* x) {
  const int64_t n = softmax.length, stride = softmax.stride;
  Chunk<T> chunk;
  const RowSum<T> row = sumPowers(chunk, x, stride, n);
  if (softmax.log) {
    const T logSum = logOf(row.sum);
    for (int64_t i = 0; i < n; i += kChunk) {
      const int64_t count = minimum(n - i, kChunk);
      chunk.read(x + i * stride, stride, count);
      for (int64_t k = 0; k < count; k++) out[i + k] = chunk.values[k] - row.shift - logSum;
    }
  } else {
    const T scale = 1 / row.sum;
    forPowers(chunk, x, stride, n, row.shift, [&](int64_t i, int64_t count) {
      for (int64_t k = 0; k < count; k++) out[i + k] = chunk.values[k] * scale;
    });
  }
}

template <class T>
void softmax(const SoftmaxRows& softmax, int64_t begin, int64_t end) {
  walk<2>(
      softmax.rows, begin, end,
      [](char* const* p, const int64_t* step, int64_t n, void* context) {
        for (int64_t i = 0; i < n; i++)
          softmaxRow<T>(*static_cast<const SoftmaxRows*>(context), reinterpret_cast<T*>(p[0] + i * step[0]),
                        p[1] + i * step[1]);
      },
      const_cast<SoftmaxRows*>(&softmax));
}

enum class Target { Good, Ignored, Bad };

MGP_INLINE Target judge(const CrossEntropyRows& rows, int32_t target) {
  if (rows.ignores && target == rows.ignoreIndex) return Target::Ignored;
  return target >= 0 && target < rows.classes ? Target::Good : Target::Bad;
}

/// Where there are few classes, as many rows at a time as a vector has lanes, one in each: a row alone would
/// be a chain of operations that wait for each other.
constexpr int64_t kFew = 128;

template <class T>
struct RowBlock {
  static constexpr int kRows = kLanes<T>;
  alignas(64) T values[kFew * kRows];
  alignas(64) T shift[kRows], sum[kRows];
  int32_t targets[kRows];
  int64_t rows;

  /// Reads rows from n on and their targets, and makes powers of them. Lanes without a row repeat the last
  /// one. Returns the first bad row, or -1.
  MGP_INLINE int64_t read(const CrossEntropyRows& all, int64_t n, int64_t end) {
    rows = minimum(kRows, end - n);
    // Read once: they may be shared memory.
    for (int64_t i = 0; i < rows; i++) targets[i] = static_cast<const volatile int32_t*>(all.target)[n + i];
    for (int64_t i = 0; i < rows; i++)
      if (judge(all, targets[i]) == Target::Bad) return n + i;
    const int64_t classes = all.classes;
    const T* const x = static_cast<const T*>(all.x) + n * classes;
    for (int64_t i = 0; i < kRows; i++) {
      const T* const row = x + minimum(i, rows - 1) * classes;
      for (int64_t c = 0; c < classes; c++) values[c * kRows + i] = row[c];
    }
    Vector<T> most = load(values), total{};
    for (int64_t c = 1; c < classes; c++) most = Max::join(most, load(values + c * kRows));
    store(shift, most);
    for (int64_t c = 0; c < classes; c++) {
      T* __restrict const p = values + c * kRows;
      for (int i = 0; i < kRows; i++) p[i] = expOf(p[i] - shift[i]);
      total += load(p);
    }
    store(sum, total);
    return -1;
  }
};

template <class T>
int64_t fewCrossEntropy(const CrossEntropyRows& rows, int64_t begin, int64_t end) {
  RowBlock<T> block;
  for (int64_t n = begin; n < end; n += block.kRows) {
    if (const int64_t bad = block.read(rows, n, end); bad >= 0) return bad;
    for (int i = 0; i < block.kRows; i++) block.sum[i] = logOf(block.sum[i]);
    const T* const x = static_cast<const T*>(rows.x) + n * rows.classes;
    for (int64_t i = 0; i < block.rows; i++) {
      const int32_t target = block.targets[i];
      static_cast<T*>(rows.out)[n + i] = judge(rows, target) == Target::Ignored
                                             ? T(0)
                                             : block.sum[i] + (block.shift[i] - x[i * rows.classes + target]);
    }
  }
  return -1;
}

template <class T>
int64_t fewCrossEntropyGrad(const CrossEntropyRows& rows, int64_t begin, int64_t end) {
  RowBlock<T> block;
  for (int64_t n = begin; n < end; n += block.kRows) {
    if (const int64_t bad = block.read(rows, n, end); bad >= 0) return bad;
    for (int64_t i = 0; i < block.rows; i++) {
      T* __restrict const out = static_cast<T*>(rows.out) + (n + i) * rows.classes;
      const int32_t target = block.targets[i];
      if (judge(rows, target) == Target::Ignored) {
        for (int64_t c = 0; c < rows.classes; c++) out[c] = 0;
        continue;
      }
      const T grad = static_cast<const T*>(rows.grad)[n + i], scale = 1 / block.sum[i];
      const T* const powers = block.values + i;
      for (int64_t c = 0; c < rows.classes; c++) out[c] = grad * (powers[c * block.kRows] * scale);
      out[target] = grad * (powers[target * block.kRows] * scale - 1);
    }
  }
  return -1;
}

template <class T>
int64_t crossEntropy(const CrossEntropyRows& rows, int64_t begin, int64_t end) {
  if (rows.classes <= kFew) return fewCrossEntropy<T>(rows, begin, end);
  Chunk<T> chunk;
  T* out = static_cast<T*>(rows.out);
  for (int64_t n = begin; n < end; n++) {
    const T* x = static_cast<const T*>(rows.x) + n * rows.classes;
    const int32_t target =
        static_cast<const volatile int32_t*>(rows.target)[n];  // Read once: it may be shared memory.
    const Target verdict = judge(rows, target);
    if (verdict == Target::Bad) return n;
    if (verdict == Target::Ignored) {
      out[n] = 0;
      continue;
    }
    const RowSum<T> row = sumPowers(chunk, reinterpret_cast<const char*>(x), sizeof(T), rows.classes);
    out[n] = logOf(row.sum) + (row.shift - x[target]);
  }
  return -1;
}

template <class T>
int64_t crossEntropyGrad(const CrossEntropyRows& rows, int64_t begin, int64_t end) {
  if (rows.classes <= kFew) return fewCrossEntropyGrad<T>(rows, begin, end);
  const int64_t classes = rows.classes;
  Chunk<T> chunk;
  for (int64_t n = begin; n < end; n++) {
    const T* x = static_cast<const T*>(rows.x) + n * classes;
    T* out = static_cast<T*>(rows.out) + n * classes;
    const int32_t target = static_cast<const volatile int32_t*>(rows.target)[n];
    const Target verdict = judge(rows, target);
    if (verdict == Target::Bad) return n;
    if (verdict == Target::Ignored) {
      for (int64_t i = 0; i < classes; i++) out[i] = 0;
      continue;
    }
    const T grad = static_cast<const T*>(rows.grad)[n];
    const char* const p = reinterpret_cast<const char*>(x);
    const RowSum<T> row = sumPowers(chunk, p, sizeof(T), classes);
    const T scale = 1 / row.sum;
    forPowers<T>(chunk, p, sizeof(T), classes, row.shift, [&](int64_t i, int64_t count) {
      for (int64_t k = 0; k < count; k++) out[i + k] = grad * (chunk.values[k] * scale);
      if (target >= i && target < i + count) out[target] = grad * (chunk.values[target - i] * scale - 1);
    });
  }
  return -1;
}

}  // namespace

void fillSoftmax(Kernels& table) {
  constexpr int kFloat = index(DType::Float32), kDouble = index(DType::Float64);
  table.softmax[kFloat] = softmax<float>;
  table.softmax[kDouble] = softmax<double>;
  table.crossEntropy[kFloat] = crossEntropy<float>;
  table.crossEntropy[kDouble] = crossEntropy<double>;
  table.crossEntropyGrad[kFloat] = crossEntropyGrad<float>;
  table.crossEntropyGrad[kDouble] = crossEntropyGrad<double>;
}

}  // namespace mgp::MGP_ISA
