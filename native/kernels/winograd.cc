// 3×3 convolutions of images that lie innermost, by F(2×2, 3×3): what a tile of 2×2 results sees is
// transformed, as the weights were, multiplied point by point and summed over the channels, and transformed
// back.

#include "images.h"

namespace mgp::MGP_ISA {
namespace {

constexpr int kPoints = 16;

/// The transform of four pixels in a row: Bᵀ d.
template <class V>
MGP_INLINE void transformPixels(V& a, V& b, V& c, V& d) {
  const V sum = b + c, difference = c - b;
  a = a - c;
  d = b - d;
  b = sum;
  c = difference;
}

/// What the tile (row, column) sees, transformed, for images [n, n + V·W): [point][channel][image].
template <int W, int V, class T>
MGP_INLINE void readTile(const Winograd<T>& c, int64_t row, int64_t column, int64_t n, T* to) {
  const int64_t top = 2 * row - c.padding[0], left = 2 * column - c.padding[1];
  const bool isInside = top >= 0 && left >= 0 && top + 4 <= c.inSize[0] && left + 4 <= c.inSize[1];
  for (int64_t k = 0; k < c.depth; k++)
    for (int v = 0; v < V; v++) {
      const T* const from = c.in + k * c.inSteps[0] + n + v * W;
      Vector<T, W> d[4][4];
      for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
          const int64_t y = top + i, x = left + j;
          const bool isPixel = isInside || (y >= 0 && x >= 0 && y < c.inSize[0] && x < c.inSize[1]);
          d[i][j] = isPixel ? load<W>(from + y * c.inSteps[1] + x * c.inSteps[2]) : Vector<T, W>{};
        }
      for (int j = 0; j < 4; j++) transformPixels(d[0][j], d[1][j], d[2][j], d[3][j]);
      for (int i = 0; i < 4; i++) transformPixels(d[i][0], d[i][1], d[i][2], d[i][3]);
      for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) store<W>(to + ((i * 4 + j) * c.depth + k) * V * W + v * W, d[i][j]);
    }
}

/// One point of a tile, for M results: their sums over the channels.
template <int W, int V, int M, class T>
MGP_INLINE void multiplyPoint(int64_t depth, const T* weight, const T* pixels, T* out) {
  Vector<T, W> sums[M][V] = {};
  for (int64_t k = 0; k < depth; k++, weight += M, pixels += V * W) {
    Vector<T, W> value[V];
    for (int v = 0; v < V; v++) value[v] = load<W>(pixels + v * W);
    for (int i = 0; i < M; i++)
      for (int v = 0; v < V; v++) sums[i][v] += weight[i] * value[v];
  }
  for (int i = 0; i < M; i++)
    for (int v = 0; v < V; v++) store<W>(out + (i * kPoints * V + v) * W, sums[i][v]);
}

/// One result of a tile, from its points: Aᵀ m A. Adds what is not finite to `check`.
template <int W, int V, class T>
MGP_INLINE void writeTile(const Winograd<T>& c, int64_t m, int64_t row, int64_t column, int64_t n,
                          const T* points, Vector<T, W>& check) {
  constexpr Vector<T, W> kZeros{};
  const Vector<T, W> bias = (c.bias ? c.bias[m] : T(0)) - kZeros;
  const int64_t at = m * c.outSteps[0] + 2 * row * c.outSteps[1] + 2 * column * c.outSteps[2] + n;
  for (int v = 0; v < V; v++) {
    Vector<T, W> s[2][4];
    for (int j = 0; j < 4; j++) {
      Vector<T, W> p[4];
      for (int i = 0; i < 4; i++) p[i] = load<W>(points + ((i * 4 + j) * V + v) * W);
      s[0][j] = p[0] + p[1] + p[2];
      s[1][j] = p[1] - p[2] - p[3];
    }
    for (int i = 0; i < 2; i++)
      for (int j = 0; j < 2; j++) {
        if (2 * row + i >= c.outSize[0] || 2 * column + j >= c.outSize[1]) continue;
        Vector<T, W> y = (j == 0 ? s[i][0] + s[i][1] + s[i][2] : s[i][1] - s[i][2] - s[i][3]) + bias;
        check += y * 0;
        const int64_t place = at + i * c.outSteps[1] + j * c.outSteps[2] + v * W;
        if (c.relu) y = y <= 0 ? kZeros : y;
        if (c.gate) y = load<W>(c.gate + place) <= 0 ? kZeros : y;
        store<W>(c.out + place, y);
      }
  }
}

/// The results [m, m + M) of the tiles [first, last) of a row.
template <int W, int V, int M, class T>
MGP_INLINE void multiplyTiles(const Winograd<T>& c, int64_t m, int64_t row, int64_t first, int64_t last,
                              int64_t n, const T* pixels, T* points, Vector<T, W>& check) {
  const T* weight = c.weight + m * c.depth * kPoints;
  const int64_t tileSize = kPoints * c.depth * V * W;
  for (int point = 0; point < kPoints; point++, weight += c.depth * M)
    for (int64_t tile = 0; tile < last - first; tile++)
      multiplyPoint<W, V, M>(c.depth, weight, pixels + tile * tileSize + point * c.depth * V * W,
                             points + tile * kPoints * M * V * W + point * V * W);
  for (int64_t tile = 0; tile < last - first; tile++)
    for (int i = 0; i < M; i++)
      writeTile<W, V>(c, m + i, row, first + tile, n, points + (tile * M + i) * kPoints * V * W, check);
}

template <int W, int V, class T>
void tilesOf(const Winograd<T>& c, int64_t row, int64_t n, Vector<T, W>& check) {
  const int64_t tiles = (c.outSize[1] + 1) / 2, tileSize = kPoints * c.depth * V * W;
  T* const points = c.scratch + c.tiles * tileSize;
  for (int64_t first = 0; first < tiles; first += c.tiles) {
    const int64_t last = minimum(tiles, first + c.tiles);
    for (int64_t tile = first; tile < last; tile++)
      readTile<W, V>(c, row, tile, n, c.scratch + (tile - first) * tileSize);
    for (int64_t m = 0; m < c.results;) {
      const int block = blockAt(m, c.results);
      if (block == 8)
        multiplyTiles<W, V, kFilters>(c, m, row, first, last, n, c.scratch, points, check);
      else if (block == 4)
        multiplyTiles<W, V, 4>(c, m, row, first, last, n, c.scratch, points, check);
      else if (block == 2)
        multiplyTiles<W, V, 2>(c, m, row, first, last, n, c.scratch, points, check);
      else
        multiplyTiles<W, V, 1>(c, m, row, first, last, n, c.scratch, points, check);
      m += block;
    }
  }
}

template <class T>
bool winograd(const Winograd<T>& c, int64_t row) {
  bool isFinite = true;
  forWidth<T>(c.images, [&](auto width) {
    constexpr int W = decltype(width)::value;
    Vector<T, W> check{};
    int64_t n = 0;
    for (; n + kVectors * W <= c.images; n += kVectors * W) tilesOf<W, kVectors>(c, row, n, check);
    for (; n < c.images; n += W) tilesOf<W, 1>(c, row, minimum(n, c.images - W), check);
    for (int i = 0; i < W; i++) isFinite = isFinite && check[i] == 0;
  });
  return isFinite;
}

/// G g Gᵀ of the weights of one result and channel.
template <class T>
MGP_INLINE void transformWindow(const T* from, bool turned, T* to, int64_t step) {
  T rows[4][3];
  for (int j = 0; j < 3; j++) {
    T g[3];
    for (int i = 0; i < 3; i++) g[i] = turned ? from[8 - (i * 3 + j)] : from[i * 3 + j];
    rows[0][j] = g[0];
    rows[1][j] = (g[0] + g[1] + g[2]) / 2;
    rows[2][j] = (g[0] - g[1] + g[2]) / 2;
    rows[3][j] = g[2];
  }
  for (int i = 0; i < 4; i++) {
    const T* const g = rows[i];
    to[(i * 4 + 0) * step] = g[0];
    to[(i * 4 + 1) * step] = (g[0] + g[1] + g[2]) / 2;
    to[(i * 4 + 2) * step] = (g[0] - g[1] + g[2]) / 2;
    to[(i * 4 + 3) * step] = g[2];
  }
}

template <class T>
void transformWeights(const T* weight, int64_t results, int64_t depth, int64_t resultStep, int64_t depthStep,
                      bool turned, T* out) {
  for (int64_t m = 0; m < results;) {
    const int block = blockAt(m, results);
    for (int64_t k = 0; k < depth; k++)
      for (int i = 0; i < block; i++)
        transformWindow(weight + (m + i) * resultStep + k * depthStep, turned,
                        out + m * depth * kPoints + k * block + i, depth * block);
    m += block;
  }
}

template <class T>
void fill(ImageKernels<T>& table) {
  table.winograd = winograd<T>;
  table.transformWeights = transformWeights<T>;
}

}  // namespace

void fillWinograd(Kernels& table) {
  fill(table.imagesFloat);
  fill(table.imagesDouble);
}

}  // namespace mgp::MGP_ISA
