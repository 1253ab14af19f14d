// What attention does between its matrix products, on tiles of scores: queries are rows, keys are columns.

#include "reduce.h"

namespace mgp::MGP_ISA {
namespace {

/// So many keys the query in row `row` sees: with `causal`, those that are not later than it is.
template <class T>
MGP_INLINE int64_t seenBy(const AttentionTile<T>& tile, int64_t row) {
  const int64_t seen = tile.causal ? tile.firstQuery + row - tile.firstKey + 1 : tile.keys;
  return maximum(0, minimum(seen, tile.keys));
}

/// Scales a row of scores and adds the mask.
template <class T>
MGP_INLINE void prepare(const AttentionTile<T>& tile, int64_t row, T* scores, int64_t n) {
  const T scale = tile.scale;
  const T* const mask = tile.mask + row * tile.maskRow;
  if (!tile.mask)
    for (int64_t i = 0; i < n; i++) scores[i] *= scale;
  else if (tile.maskColumn == 1)
    for (int64_t i = 0; i < n; i++) scores[i] = scores[i] * scale + mask[i];
  else
    for (int64_t i = 0; i < n; i++) scores[i] = scores[i] * scale + mask[i * tile.maskColumn];
}

/// One step of the streaming softmax: scores become powers, relative to the largest score so far, and what
/// has been added up relative to an earlier one is brought to the new one.
/// @see Milakov & Gimelshein, "Online normalizer calculation for softmax", 2018
template <class T>
void addTile(const AttentionTile<T>& tile, T* most, T* sum, T* out, int64_t outRow, int64_t width) {
  constexpr T kLowest = -T(__builtin_inf());
  for (int64_t row = 0; row < tile.queries; row++) {
    T* __restrict const scores = tile.scores + row * tile.keys;
    const int64_t n = seenBy(tile, row);
    prepare(tile, row, scores, n);
    const T before = tile.firstKey == 0 ? kLowest : most[row];
    const T now = Max::join(before, reduceBlock<Max>(scores, n));
    // Where all is masked there is nothing to be relative to.
    const T shift = now == kLowest ? T(0) : now;
    for (int64_t i = 0; i < n; i++) scores[i] = expOf(scores[i] - shift);
    for (int64_t i = n; i < tile.keys; i++) scores[i] = 0;
    const T total = reduceRow<Sum>(scores, n);
    if (tile.firstKey == 0) {
      sum[row] = total;
    } else {
      const T factor = before == kLowest ? T(0) : expOf(before - shift);
      sum[row] = sum[row] * factor + total;
      T* __restrict const o = out + row * outRow;
      for (int64_t i = 0; i < width; i++) o[i] *= factor;
    }
    most[row] = now;
  }
}

/// Divides by the sums; logSum becomes the logarithm of the sum of the powers of all scores.
template <class T>
void finish(int64_t queries, const T* most, const T* sum, T* out, int64_t outRow, int64_t width, T* logSum) {
  for (int64_t row = 0; row < queries; row++) {
    const T scale = 1 / sum[row];
    T* __restrict const o = out + row * outRow;
    for (int64_t i = 0; i < width; i++) o[i] *= scale;
    logSum[row] = most[row] + logOf(sum[row]);
  }
}

/// Scores become probabilities, by the logarithms of their sums.
template <class T>
void probabilities(const AttentionTile<T>& tile, const T* logSum) {
  for (int64_t row = 0; row < tile.queries; row++) {
    T* __restrict const scores = tile.scores + row * tile.keys;
    const int64_t n = seenBy(tile, row);
    const T shift = logSum[row];
    prepare(tile, row, scores, n);
    for (int64_t i = 0; i < n; i++) scores[i] = expOf(scores[i] - shift);
    for (int64_t i = n; i < tile.keys; i++) scores[i] = 0;
  }
}

/// The gradients of probabilities become those of scores before they were scaled: p·(g - Σ p·g)·scale, with
/// the sums given. Keys that are not seen have none.
template <class T>
void scoreGradients(const AttentionTile<T>& tile, const T* sums, T* grads) {
  for (int64_t row = 0; row < tile.queries; row++) {
    const T* __restrict const p = tile.scores + row * tile.keys;
    T* __restrict const g = grads + row * tile.keys;
    const int64_t n = seenBy(tile, row);
    const T sum = sums[row], scale = tile.scale;
    for (int64_t i = 0; i < n; i++) g[i] = p[i] * (g[i] - sum) * scale;
    for (int64_t i = n; i < tile.keys; i++) g[i] = 0;
  }
}

/// out[i] = a[i] · b[i], rows of `width`.
template <class T>
void rowDots(int64_t rows, int64_t width, const T* a, int64_t aRow, const T* b, int64_t bRow, T* out) {
  constexpr int kWidth = kLanes<T>;
  for (int64_t row = 0; row < rows; row++, a += aRow, b += bRow) {
    Vector<T> parts{};
    int64_t i = 0;
    for (; i + kWidth <= width; i += kWidth) parts += load(a + i) * load(b + i);
    T total = foldLanes<T>(parts, [](auto x, auto y) { return x + y; });
    for (; i < width; i++) total += a[i] * b[i];
    out[row] = total;
  }
}

template <class T>
constexpr AttentionKernels<T> kKernels = {addTile<T>, finish<T>, probabilities<T>, scoreGradients<T>,
                                          rowDots<T>};

}  // namespace

void fillAttention(Kernels& table) {
  table.attentionFloat = kKernels<float>;
  table.attentionDouble = kKernels<double>;
}

}  // namespace mgp::MGP_ISA
