// Convolution as a matrix product. im2col writes what the window sees at each stop as a column of a matrix;
// the filters times that matrix are the output. The columns are made in tiles that stay in the cache until
// they are multiplied.

#include <algorithm>

#include "blas.h"
#include "conv.h"
#include "parallel.h"

namespace mgp {

namespace {

/// Elements of a tile of columns: about half a megabyte of float32.
constexpr int64_t kTile = 1 << 17;

/// Rows of stops in a tile.
int64_t tileRows(const Conv& conv) {
  return std::clamp<int64_t>(kTile / std::max<int64_t>(1, conv.depth * conv.window.outWidth), 1,
                             std::max<int64_t>(1, conv.window.outHeight));
}

/// A 1×1 window that stops everywhere: the image is its own matrix of columns.
bool isPointwise(const Conv& conv) {
  const Window& w = conv.window;
  return w.area() == 1 && w.stride[0] == 1 && w.stride[1] == 1 && w.padding[0] == 0 && w.padding[1] == 0;
}

/// Calls body(first row, end, columns) for every tile of stops, with scratch memory for its columns.
template <class Body>
void forTiles(const Conv& conv, const Body& body) {
  const int64_t rows = tileRows(conv);
  for (int64_t first = 0; first < conv.window.outHeight; first += rows)
    body(first, std::min(first + rows, conv.window.outHeight));
}

}  // namespace

template <class T>
void ByColumns<T>::forward(const Conv& c, const T* x, const T* weight, const T* bias, T* out) {
  const bool direct = isPointwise(c);
  const int64_t width = c.window.outWidth;
  std::atomic<bool> failed{false};
  parallelFor(c.n * c.groups, c.grain(), [&](int64_t begin, int64_t end) {
    T* const columns = direct ? nullptr : scratchFor<T>(c.depth * tileRows(c) * width, failed);
    if (failed) return;
    for (int64_t i = begin; i < end; i++) {
      const int64_t group = i % c.groups;
      const Matrix<T> filters{weight + group * c.weightSize, c.depth, false};
      T* const output = out + i * c.outputSize;
      if (bias)
        for (int64_t f = 0; f < c.filters; f++)
          std::fill_n(output + f * c.stops, c.stops, bias[group * c.filters + f]);
      if (direct) {
        gemm(c.filters, c.stops, c.depth, filters, Matrix<T>{x + i * c.imageSize, c.stops, false}, output,
             c.stops, bias != nullptr);
        continue;
      }
      forTiles(c, [&](int64_t first, int64_t last) {
        const int64_t stops = (last - first) * width;
        imageToColumns(x + i * c.imageSize, c.channels, c.window, first, last, columns, stops);
        gemm(c.filters, stops, c.depth, filters, Matrix<T>{columns, stops, false}, output + first * width,
             c.stops, bias != nullptr);
      });
    }
  });
  checkMemory(failed);
}

template <class T>
void ByColumns<T>::gradInput(const Conv& c, const T* grad, const T* weight, T* out) {
  const bool direct = isPointwise(c);
  const int64_t width = c.window.outWidth;
  std::atomic<bool> failed{false};
  parallelFor(c.n * c.groups, c.grain(), [&](int64_t begin, int64_t end) {
    T* const columns = direct ? nullptr : scratchFor<T>(c.depth * tileRows(c) * width, failed);
    if (failed) return;
    for (int64_t i = begin; i < end; i++) {
      const Matrix<T> filters{weight + i % c.groups * c.weightSize, c.depth, true};
      const T* const output = grad + i * c.outputSize;
      T* const image = out + i * c.imageSize;
      if (direct) {
        gemm(c.depth, c.stops, c.filters, filters, Matrix<T>{output, c.stops, false}, image, c.stops, false);
        continue;
      }
      std::fill_n(image, c.imageSize, T(0));
      forTiles(c, [&](int64_t first, int64_t last) {
        const int64_t stops = (last - first) * width;
        gemm(c.depth, stops, c.filters, filters, Matrix<T>{output + first * width, c.stops, false}, columns,
             stops, false);
        addColumnsToImage(columns, stops, c.channels, c.window, first, last, image);
      });
    }
  });
  checkMemory(failed);
}

template <class T>
void ByColumns<T>::gradWeight(const Conv& c, const T* x, const T* grad, T* out) {
  const bool direct = isPointwise(c);
  const int64_t width = c.window.outWidth;
  std::atomic<bool> failed{false};
  sumStrips(c, 1, out, [&](int64_t group, int64_t begin, int64_t end, T* total) {
    T* const columns = direct ? nullptr : scratchFor<T>(c.depth * tileRows(c) * width, failed);
    if (failed) return;
    std::fill_n(total, c.weightSize, T(0));
    for (int64_t n = begin; n < end; n++) {
      const int64_t i = n * c.groups + group;
      const T* const image = x + i * c.imageSize;
      const T* const output = grad + i * c.outputSize;
      if (direct) {
        gemm(c.filters, c.depth, c.stops, Matrix<T>{output, c.stops, false}, Matrix<T>{image, c.stops, true},
             total, c.depth, true);
        continue;
      }
      forTiles(c, [&](int64_t first, int64_t last) {
        const int64_t stops = (last - first) * width;
        imageToColumns(image, c.channels, c.window, first, last, columns, stops);
        gemm(c.filters, c.depth, stops, Matrix<T>{output + first * width, c.stops, false},
             Matrix<T>{columns, stops, true}, total, c.depth, true);
      });
    }
  });
  checkMemory(failed);
}

template struct ByColumns<float>;
template struct ByColumns<double>;

}  // namespace mgp
