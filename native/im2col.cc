// Images to matrices of windows, and back.

#include "im2col.h"

#include <algorithm>

#include "entries.h"
#include "parallel.h"

namespace mgp {

namespace {

/// Elements a thread should have at least.
constexpr int64_t kGrain = 32768;

/// The stops [begin, end) at which an element of the window lies inside the image, along one dimension: those
/// for which 0 <= stop·stride + start < size.
struct Inside {
  int64_t begin, end;
  Inside(int64_t start, int64_t stride, int64_t size, int64_t stops)
      : begin(std::clamp<int64_t>(start >= 0 ? 0 : (-start + stride - 1) / stride, 0, stops)),
        end(std::clamp<int64_t>(size > start ? (size - start + stride - 1) / stride : 0, begin, stops)) {}
};

/// Calls row(element of the matrix, image row, columns inside, first image column) for every row of stops in
/// [first, last) of every element of the window; the image row is -1 in the padding.
template <class Row>
void forWindowRows(int64_t channels, const Window& w, int64_t first, int64_t last, int64_t ld,
                   const Row& row) {
  int64_t at = 0;
  for (int64_t channel = 0; channel < channels; channel++)
    for (int64_t ky = 0; ky < w.kernel[0]; ky++)
      for (int64_t kx = 0; kx < w.kernel[1]; kx++, at += ld) {
        const int64_t x = kx * w.dilation[1] - w.padding[1];
        const Inside inside(x, w.stride[1], w.width, w.outWidth);
        for (int64_t oy = first; oy < last; oy++) {
          const int64_t y = oy * w.stride[0] + ky * w.dilation[0] - w.padding[0];
          const bool isInside = y >= 0 && y < w.height;
          row(at + (oy - first) * w.outWidth, isInside ? channel * w.height + y : -1, inside, x);
        }
      }
}

}  // namespace

Window readWindow(Call& call, bool mayOverhang) {
  // The limits keep all the arithmetic below far from overflow.
  constexpr int64_t kMost = int64_t{1} << 31;
  Window w;
  w.height = call.integer("H", 0, kMost);
  w.width = call.integer("W", 0, kMost);
  w.outHeight = call.integer("OH", 0, kMost);
  w.outWidth = call.integer("OW", 0, kMost);
  for (int64_t& n : w.kernel) n = call.integer("kernel", 1, kMost);
  for (int64_t& n : w.stride) n = call.integer("stride", 1, kMost);
  for (int64_t& n : w.padding) n = call.integer("padding", 0, kMost);
  for (int64_t& n : w.dilation) n = call.integer("dilation", 1, kMost);
  const auto stops = [&](int64_t size, int i) {
    const __int128 room =
        __int128{size} + 2 * w.padding[i] - (__int128{w.dilation[i]} * (w.kernel[i] - 1) + 1);
    return room < 0 ? 0 : static_cast<int64_t>(room / w.stride[i] + 1);
  };
  const int64_t height = stops(w.height, 0), width = stops(w.width, 1);
  const auto fits = [&](int64_t stated, int64_t stops) {
    return stated == stops || (mayOverhang && stated == stops + 1);
  };
  if (!fits(w.outHeight, height) || !fits(w.outWidth, width))
    call.rangeError("the window stops at (" + std::to_string(height) + ", " + std::to_string(width) +
                    ") places, expected (" + std::to_string(w.outHeight) + ", " + std::to_string(w.outWidth) +
                    ")");
  call.product("window", {w.kernel[0], w.kernel[1]});
  call.product("stops", {w.outHeight, w.outWidth});
  return w;
}

template <class T>
void imageToColumns(const T* image, int64_t channels, const Window& w, int64_t first, int64_t last,
                    T* columns, int64_t ld) {
  const int64_t stride = w.stride[1];
  forWindowRows(channels, w, first, last, ld, [&](int64_t at, int64_t y, Inside inside, int64_t x) {
    T* const to = columns + at;
    if (y < 0) {
      std::fill_n(to, w.outWidth, T(0));
      return;
    }
    std::fill(to, to + inside.begin, T(0));
    std::fill(to + inside.end, to + w.outWidth, T(0));
    const T* const from = image + y * w.width + x;
    if (stride == 1)
      std::copy(from + inside.begin, from + inside.end, to + inside.begin);
    else
      for (int64_t i = inside.begin; i < inside.end; i++) to[i] = from[i * stride];
  });
}

template <class T>
void addColumnsToImage(const T* columns, int64_t ld, int64_t channels, const Window& w, int64_t first,
                       int64_t last, T* image) {
  const int64_t stride = w.stride[1];
  forWindowRows(channels, w, first, last, ld, [&](int64_t at, int64_t y, Inside inside, int64_t x) {
    if (y < 0) return;
    const T* const from = columns + at;
    T* const to = image + y * w.width + x;
    for (int64_t i = inside.begin; i < inside.end; i++) to[i * stride] += from[i];
  });
}

template void imageToColumns<float>(const float*, int64_t, const Window&, int64_t, int64_t, float*, int64_t);
template void imageToColumns<double>(const double*, int64_t, const Window&, int64_t, int64_t, double*,
                                     int64_t);
template void addColumnsToImage<float>(const float*, int64_t, int64_t, const Window&, int64_t, int64_t,
                                       float*);
template void addColumnsToImage<double>(const double*, int64_t, int64_t, const Window&, int64_t, int64_t,
                                        double*);

namespace {

/// Both directions: N, C, window, then the operands as im2col or col2im takes them.
struct Images {
  int64_t n, channels;
  Window window;
  int64_t imageSize, columnsSize;

  explicit Images(Call& call) {
    n = call.size("N");
    channels = call.size("C");
    window = readWindow(call);
    imageSize = call.product("image", {channels, window.height, window.width});
    columnsSize = call.product("columns", {channels, window.area(), window.stops()});
    call.product("images", {n, imageSize});
    call.product("columns", {n, columnsSize});
  }
};

int64_t imageGrain(const Images& images) {
  return std::max<int64_t>(1, kGrain / std::max<int64_t>(1, images.columnsSize));
}

}  // namespace

/// Block: N, C, window, x, out. Buffers: x, out.
void im2col(Call& call) {
  call.setOp("im2col");
  const Images images(call);
  DType dtype;
  const char* const x = call.contiguous(0, "x", images.n * images.imageSize, &dtype);
  char* const out = call.contiguous(1, "out", images.n * images.columnsSize, dtype);
  if (images.columnsSize == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    parallelFor(images.n, imageGrain(images), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++)
        imageToColumns(reinterpret_cast<const T*>(x) + i * images.imageSize, images.channels, images.window,
                       0, images.window.outHeight, reinterpret_cast<T*>(out) + i * images.columnsSize,
                       images.window.stops());
    });
  });
}

/// Block: N, C, window, columns, out. Buffers: columns, out.
void col2im(Call& call) {
  call.setOp("col2im");
  const Images images(call);
  DType dtype;
  const char* const columns = call.contiguous(0, "columns", images.n * images.columnsSize, &dtype);
  char* const out = call.contiguous(1, "out", images.n * images.imageSize, dtype);
  if (images.imageSize == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    parallelFor(images.n, imageGrain(images), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        T* const image = reinterpret_cast<T*>(out) + i * images.imageSize;
        std::fill_n(image, images.imageSize, T(0));
        if (images.columnsSize > 0)
          addColumnsToImage(reinterpret_cast<const T*>(columns) + i * images.columnsSize,
                            images.window.stops(), images.channels, images.window, 0, images.window.outHeight,
                            image);
      }
    });
  });
}

}  // namespace mgp
