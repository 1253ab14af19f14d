// Convolutions of images that lie innermost. A vector holds the same pixel of neighbouring images: whatever
// the window does, what it sees is a load, and a row of the padding is nothing at all. The last vector starts
// where it ends with the last image, and may repeat some of the one before.

#include "images.h"

namespace mgp::MGP_ISA {
namespace {

constexpr int kTaps = 3;

/// The result [m, m + M) of one pixel, for V vectors of images.
template <int W, int M, int V, class T>
MGP_INLINE void correlatePixel(const Correlation<T>& c, const T* weight, int64_t m, int64_t y, int64_t x,
                               int64_t n) {
  Vector<T, W> sums[M][V];
  for (int i = 0; i < M; i++)
    for (int v = 0; v < V; v++) sums[i][v] = (c.bias ? c.bias[m + i] : T(0)) - Vector<T, W>{};
  const Meeting* const rowsEnd = c.rows + c.rowStarts[y + 1];
  const Meeting* const columns = c.columns + c.columnStarts[x];
  const Meeting* const columnsEnd = c.columns + c.columnStarts[x + 1];
  const T* in = c.in + n;
  for (int64_t k = 0; k < c.depth; k++, in += c.inStep, weight += c.area * M)
    for (const Meeting* row = c.rows + c.rowStarts[y]; row < rowsEnd; row++)
      for (const Meeting* column = columns; column < columnsEnd; column++) {
        const T* const p = in + row->source + column->source;
        const T* const w = weight + (row->tap + column->tap) * M;
        Vector<T, W> value[V];
        for (int v = 0; v < V; v++) value[v] = load<W>(p + v * W);
        for (int i = 0; i < M; i++)
          for (int v = 0; v < V; v++) sums[i][v] += w[i] * value[v];
      }
  const int64_t at = m * c.outSteps[0] + y * c.outSteps[1] + x * c.outSteps[2] + n;
  constexpr Vector<T, W> kZeros{};
  if (c.relu)
    for (int i = 0; i < M; i++)
      for (int v = 0; v < V; v++) sums[i][v] = sums[i][v] <= 0 ? kZeros : sums[i][v];
  if (c.gate)
    for (int i = 0; i < M; i++)
      for (int v = 0; v < V; v++)
        sums[i][v] = load<W>(c.gate + at + i * c.outSteps[0] + v * W) <= 0 ? kZeros : sums[i][v];
  for (int i = 0; i < M; i++)
    for (int v = 0; v < V; v++) store<W>(c.out + at + i * c.outSteps[0] + v * W, sums[i][v]);
}

template <int W, int M, class T>
void correlateRow(const Correlation<T>& c, const T* weight, int64_t m, int64_t y, int64_t begin,
                  int64_t end) {
  for (int64_t x = 0; x < c.width; x++) {
    int64_t n = begin;
    for (; n + kVectors * W <= end; n += kVectors * W) correlatePixel<W, M, kVectors>(c, weight, m, y, x, n);
    for (; n < end; n += W) correlatePixel<W, M, 1>(c, weight, m, y, x, minimum(n, end - W));
  }
}

template <class T>
void correlate(const Correlation<T>& c, int64_t y, int64_t begin, int64_t end) {
  forWidth<T>(end - begin, [&](auto width) {
    constexpr int W = decltype(width)::value;
    for (int64_t m = 0; m < c.results;) {
      const T* const weight = c.weight + m * c.depth * c.area;
      const int block = blockAt(m, c.results);
      if (block == 8)
        correlateRow<W, kFilters>(c, weight, m, y, begin, end);
      else if (block == 4)
        correlateRow<W, 4>(c, weight, m, y, begin, end);
      else if (block == 2)
        correlateRow<W, 2>(c, weight, m, y, begin, end);
      else
        correlateRow<W, 1>(c, weight, m, y, begin, end);
      m += block;
    }
  });
}

template <class T>
void pack(const T* weight, int64_t results, int64_t depth, int64_t area, int64_t resultStep,
          int64_t depthStep, T* packed) {
  for (int64_t m = 0; m < results;) {
    const int block = blockAt(m, results);
    const T* const from = weight + m * resultStep;
    for (int64_t k = 0; k < depth; k++)
      for (int64_t tap = 0; tap < area; tap++)
        for (int i = 0; i < block; i++) *packed++ = from[i * resultStep + k * depthStep + tap];
    m += block;
  }
}

// A tile of the gradient for the weight is a block of filters times kTaps slots. A slot is a channel and a
// column of the window, in one row of it.

template <class T>
int64_t slotTiles(const Products<T>& p) {
  return (p.channels * p.kernel[1] + kTaps - 1) / kTaps;
}

template <class T>
int64_t tiles(const Products<T>& p) {
  return (p.filters + kFilters - 1) / kFilters * p.kernel[0] * slotTiles(p);
}

template <int W, class T, int... I>
MGP_INLINE auto lanesFrom(int64_t first, std::integer_sequence<int, I...>) {
  using Mask = decltype(Vector<T, W>{} == Vector<T, W>{});
  const Mask lanes = {I...};
  return lanes >= static_cast<__typeof__(lanes[0] + 0)>(first) - Mask{};
}

/// Adds up a tile over the rows [begin, end) of the gradient.
template <int W, int M, class T>
void multiplyTile(const Products<T>& p, int64_t m, int64_t ky, int64_t slot, int64_t begin, int64_t end) {
  using V = Vector<T, W>;
  // What is not there is computed again as the last one, and dropped.
  const int64_t slots = p.channels * p.kernel[1];
  const T* grads[M];
  const T* images[kTaps];
  const int64_t* columns[kTaps];
  for (int i = 0; i < M; i++) grads[i] = p.grad + minimum(m + i, p.filters - 1) * p.gradSteps[0];
  for (int t = 0; t < kTaps; t++) {
    const int64_t at = minimum(slot + t, slots - 1);
    images[t] = p.x + at / p.kernel[1] * p.xStep;
    columns[t] = p.columns + at % p.kernel[1] * p.width;
  }
  const int64_t whole = p.images / W * W;
  const auto mask = lanesFrom<W, T>(W - (p.images - whole), std::make_integer_sequence<int, W>());
  V sums[M][kTaps];
  for (int i = 0; i < M; i++)
    for (int t = 0; t < kTaps; t++) sums[i][t] = V{};
  for (int64_t y = begin; y < end; y++) {
    const int64_t row = p.rows[ky * p.height + y];
    if (row == Products<T>::kPadding) continue;
    for (int64_t x = 0; x < p.width; x++) {
      const T* seen[kTaps];
      for (int t = 0; t < kTaps; t++) {
        const int64_t column = columns[t][x];
        seen[t] = column == Products<T>::kPadding ? p.zeros : images[t] + row + column;
      }
      const int64_t at = y * p.gradSteps[1] + x * p.gradSteps[2];
      for (int64_t n = 0; n < whole; n += W) {
        V value[kTaps];
        for (int t = 0; t < kTaps; t++) value[t] = load<W>(seen[t] + n);
        for (int i = 0; i < M; i++) {
          V g = load<W>(grads[i] + at + n);
          keep(g);
          for (int t = 0; t < kTaps; t++) sums[i][t] += g * value[t];
        }
      }
      if (whole < p.images) {
        const int64_t n = p.images - W;
        V value[kTaps];
        for (int t = 0; t < kTaps; t++) value[t] = mask ? load<W>(seen[t] + n) : V{};
        for (int i = 0; i < M; i++) {
          const V g = mask ? load<W>(grads[i] + at + n) : V{};
          for (int t = 0; t < kTaps; t++) sums[i][t] += g * value[t];
        }
      }
    }
  }
  for (int i = 0; i < M && m + i < p.filters; i++)
    for (int t = 0; t < kTaps && slot + t < slots; t++) {
      const int64_t channel = (slot + t) / p.kernel[1], kx = (slot + t) % p.kernel[1];
      p.out[(((m + i) * p.channels + channel) * p.kernel[0] + ky) * p.kernel[1] + kx] += foldHalves<T>(
          sums[i][t], [](auto a, auto b) { return a + b; }, std::make_integer_sequence<int, W / 2>());
    }
}

template <class T>
void multiply(const Products<T>& p, int64_t begin, int64_t end) {
  // As many rows at a time as keep the gradients of a block in the cache.
  constexpr int64_t kCache = 65536 / sizeof(T);
  const int64_t rows = maximum(1, kCache / maximum(1, minimum(kFilters, p.filters) * p.width * p.images));
  const int64_t perRow = slotTiles(p);
  forWidth<T>(p.images, [&](auto width) {
    constexpr int W = decltype(width)::value;
    for (int64_t y = 0; y < p.height; y += rows)
      for (int64_t i = begin; i < end; i++) {
        const int64_t slot = i % perRow * kTaps, ky = i / perRow % p.kernel[0];
        const int64_t m = i / perRow / p.kernel[0] * kFilters, last = minimum(y + rows, p.height);
        if (p.filters - m > 4)
          multiplyTile<W, kFilters>(p, m, ky, slot, y, last);
        else
          multiplyTile<W, 4>(p, m, ky, slot, y, last);
      }
  });
}

/// a₀ b₀ a₁ b₁ … from element kFrom of both on.
template <int W, int kFrom, class V, int... I>
MGP_INLINE V zip(V a, V b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (kFrom + I / 2 + I % 2 * W)...);
}

/// W × W numbers. Rows i and i + W/2 interleaved are rows 2i and 2i + 1; after as many rounds as W has bits
/// the rows are columns.
template <int W, class T>
MGP_INLINE void transposeBlock(const T* in, int64_t inStep, T* out, int64_t outStep) {
  using Numbers = std::make_integer_sequence<int, W>;
  Vector<T, W> rows[W], next[W];
  for (int i = 0; i < W; i++) rows[i] = load<W>(in + i * inStep);
  for (int round = 1; round < W; round *= 2) {
    for (int i = 0; i < W / 2; i++) {
      next[2 * i] = zip<W, 0>(rows[i], rows[i + W / 2], Numbers());
      next[2 * i + 1] = zip<W, W / 2>(rows[i], rows[i + W / 2], Numbers());
    }
    for (int i = 0; i < W; i++) rows[i] = next[i];
  }
  for (int i = 0; i < W; i++) store<W>(out + i * outStep, rows[i]);
}

template <class T>
void transpose(const T* in, int64_t inStep, int64_t rows, int64_t columns, T* out, int64_t outStep) {
  if (minimum(rows, columns) < kLeast<T>) {
    for (int64_t i = 0; i < rows; i++)
      for (int64_t j = 0; j < columns; j++) out[j * outStep + i] = in[i * inStep + j];
    return;
  }
  forWidth<T>(minimum(rows, columns), [&](auto width) {
    constexpr int W = decltype(width)::value;
    for (int64_t j = 0; j < columns; j += W)
      for (int64_t i = 0; i < rows; i += W) {
        const int64_t row = minimum(i, rows - W), column = minimum(j, columns - W);
        transposeBlock<W>(in + row * inStep + column, inStep, out + column * outStep + row, outStep);
      }
  });
}

template <class T>
void fill(ImageKernels<T>& table) {
  table.least = kLeast<T>;
  table.correlate = correlate<T>;
  table.pack = pack<T>;
  table.tiles = tiles<T>;
  table.multiply = multiply<T>;
  table.transpose = transpose<T>;
}

}  // namespace

void fillImages(Kernels& table) {
  fill(table.imagesFloat);
  fill(table.imagesDouble);
}

}  // namespace mgp::MGP_ISA
