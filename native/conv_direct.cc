// Convolution straight from the image. No matrix of columns is written: with the image laid out in planes,
// each row of that matrix is a stretch of memory already, and the inner loops read it in place. See Planes in
// kernels/kernels.h.

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "conv.h"
#include "parallel.h"

namespace mgp {

namespace {

/// Rows of scratch memory start at multiples of this many elements, a vector of any instruction set.
constexpr int64_t kWidth = 16;
/// The inner loops compute filters in blocks, and write up to so many rows past the last one.
constexpr int64_t kSpareRows = 8;

int64_t roundUp(int64_t x) { return (x + kWidth - 1) / kWidth * kWidth; }

template <class T>
const ConvKernels<T>& kernelsFor();
template <>
const ConvKernels<float>& kernelsFor<float>() {
  return kernels.convFloat;
}
template <>
const ConvKernels<double>& kernelsFor<double>() {
  return kernels.convDouble;
}

/// The whole numbers in [0, most) at which 0 <= number · stride + start < size.
void inside(int64_t start, int64_t stride, int64_t size, int64_t most, int64_t* begin, int64_t* end) {
  *begin = std::min(most, start >= 0 ? 0 : (stride - 1 - start) / stride);
  *end = std::clamp(size > start ? (size - start + stride - 1) / stride : 0, *begin, most);
}

/// Which part of the planes comes from the image.
void setPhases(Planes& p) {
  for (int i = 0; i < p.phases; i++) {
    Planes::Phase& phase = p.phase[i];
    inside(phase.y - p.padding[0], p.stride[0], p.height, p.rows, &phase.top, &phase.bottom);
    inside(phase.x - p.padding[1], p.stride[1], p.width, p.pitch, &phase.left, &phase.right);
  }
}

/// Planes of an image without strides: as many zeros above and on the left as the padding says.
Planes unitPlanes(int64_t channels, int64_t height, int64_t width, int64_t above, int64_t left, int64_t rows,
                  int64_t pitch) {
  Planes planes{};
  planes.channels = channels;
  planes.height = height;
  planes.width = width;
  planes.stride[0] = planes.stride[1] = 1;
  planes.padding[0] = above;
  planes.padding[1] = left;
  planes.phases = 1;
  planes.rows = rows;
  planes.pitch = pitch;
  planes.size = roundUp(rows * pitch);
  setPhases(planes);
  return planes;
}

/// An element of the window: its place in it, the phase whose plane holds what it sees, and how far into the
/// plane.
struct Tap {
  int64_t element;
  int phase;
  int64_t y, x;
};

/// The layout of one convolution.
struct Layout {
  Planes planes;
  std::vector<Tap> taps;
  int64_t reachY = 0, reachX = 0;  // How far into a plane the taps go.

  explicit Layout(const Conv& conv) {
    const Window& w = conv.window;
    planes.channels = conv.channels;
    planes.height = w.height;
    planes.width = w.width;
    planes.phases = 0;
    for (int i = 0; i < 2; i++) {
      planes.stride[i] = w.stride[i];
      planes.padding[i] = w.padding[i];
    }
    for (int64_t ky = 0; ky < w.kernel[0]; ky++)
      for (int64_t kx = 0; kx < w.kernel[1]; kx++) {
        const int64_t y = ky * w.dilation[0], x = kx * w.dilation[1];
        const int phase = phaseOf(y % w.stride[0], x % w.stride[1]);
        taps.push_back({ky * w.kernel[1] + kx, phase, y / w.stride[0], x / w.stride[1]});
        reachY = std::max(reachY, taps.back().y);
        reachX = std::max(reachX, taps.back().x);
      }
    planes.rows = w.outHeight + reachY;
    planes.pitch = w.outWidth + reachX;
    planes.size = planes.rows * planes.pitch;
    setPhases(planes);
  }

  /// Elements of all planes of an image.
  int64_t planesSize() const { return planes.channels * planes.phases * planes.size; }

 private:
  int phaseOf(int64_t y, int64_t x) {
    for (int i = 0; i < planes.phases; i++)
      if (planes.phase[i].y == y && planes.phase[i].x == x) return i;
    planes.phase[planes.phases].y = y;
    planes.phase[planes.phases].x = x;
    return planes.phases++;
  }
};

/// The rows of the matrix of columns, as stretches of the planes.
struct Rows {
  std::vector<int64_t> planeOffset, weightOffset;
  Taps taps;

  void add(int64_t plane, int64_t weight) {
    planeOffset.push_back(plane);
    weightOffset.push_back(weight);
  }
  const Taps& seal(int64_t m, int64_t weightStride) {
    taps = {m, static_cast<int64_t>(planeOffset.size()), planeOffset.data(), weightOffset.data(),
            weightStride};
    return taps;
  }
};

Rows rowsOfColumns(const Conv& conv, const Layout& layout) {
  const Planes& p = layout.planes;
  Rows rows;
  for (int64_t channel = 0; channel < conv.channels; channel++)
    for (const Tap& tap : layout.taps)
      rows.add((tap.phase * p.channels + channel) * p.size + tap.y * p.pitch + tap.x,
               channel * conv.window.area() + tap.element);
  rows.seal(conv.filters, conv.depth);
  return rows;
}

/// Weights in the order of the inner loops, for every group.
template <class T>
struct Packed {
  std::unique_ptr<T[]> memory;
  int64_t size;

  Packed(const Conv& conv, const Taps& taps, const T* weight) : size(kernelsFor<T>().packedSize(taps)) {
    memory.reset(new T[static_cast<size_t>(size * conv.groups)]);
    for (int64_t group = 0; group < conv.groups; group++)
      kernelsFor<T>().pack(taps, weight + group * conv.weightSize, memory.get() + group * size);
  }
  const T* of(int64_t group) const { return memory.get() + group * size; }
};

template <class T>
bool isFinite(const T* x, int64_t count) {
  T sum = 0;  // Of zeros, unless a NaN or an infinity is among them.
  for (int64_t i = 0; i < count; i++) sum += x[i] * 0;
  return sum == 0;
}

}  // namespace

template <class T>
bool Direct<T>::suits(const Conv& conv) {
  const Window& w = conv.window;
  for (int i = 0; i < 2; i++)
    if (w.stride[i] > Planes::kMaxStride || w.padding[i] > 64 || w.dilation[i] > 64 || w.kernel[i] > 64)
      return false;
  return w.area() > 1 && conv.imageSize > 0 && conv.stops > 0;
}

template <class T>
void Direct<T>::forward(const Conv& conv, const T* x, const T* weight, const T* bias, T* out) {
  const ConvKernels<T>& k = kernelsFor<T>();
  const Layout layout(conv);
  const Planes& planes = layout.planes;
  const Rows rows = rowsOfColumns(conv, layout);
  const Packed<T> packed(conv, rows.taps, weight);
  const T* const end = x + conv.n * conv.groups * conv.imageSize;
  const int64_t columns = (conv.window.outHeight - 1) * planes.pitch + conv.window.outWidth;
  const int64_t resultSize = roundUp(columns);
  const int64_t planesSize = roundUp(layout.planesSize() + Planes::kSlack);
  std::atomic<bool> failed{false};
  parallelFor(conv.n * conv.groups, conv.grain(), [&](int64_t begin, int64_t stop) {
    T* const memory =
        scratchFor<T>(planesSize + (conv.filters + kSpareRows) * resultSize + Planes::kSlack, failed);
    if (!memory) return;
    T* const result = memory + planesSize;
    for (int64_t i = begin; i < stop; i++) {
      const int64_t group = i % conv.groups;
      k.split(planes, x, x + i * conv.imageSize, end, memory);
      k.multiply(rows.taps, packed.of(group), memory, columns, bias ? bias + group * conv.filters : nullptr,
                 result, resultSize);
      k.crop(result, resultSize, planes.pitch, conv.filters, conv.window.outHeight, conv.window.outWidth,
             out + i * conv.outputSize);
    }
  });
  checkMemory(failed);
}

/// The gradient of a pixel gathers from the outputs whose windows saw it: again a convolution, of the
/// gradients with the filters turned around, for each phase of the pixels with the elements of the window
/// that see it.
template <class T>
bool Direct<T>::gradInput(const Conv& conv, const T* grad, const T* weight, T* out) {
  if (!isFinite(weight, conv.groups * conv.weightSize)) return false;
  const ConvKernels<T>& k = kernelsFor<T>();
  const Layout layout(conv);

  // The gradients, with as many zeros around them as the window reaches; the zeros on the left serve the row
  // above, too.
  const int64_t height = conv.window.outHeight, width = conv.window.outWidth;
  const Planes grads = unitPlanes(conv.filters, height, width, layout.reachY, layout.reachX,
                                  height + 2 * layout.reachY + 1, layout.planes.pitch);

  const int phases = layout.planes.phases;
  std::vector<Rows> rows(static_cast<size_t>(phases));
  for (int64_t filter = 0; filter < conv.filters; filter++)
    for (const Tap& tap : layout.taps)
      rows[static_cast<size_t>(tap.phase)].add(
          filter * grads.size + (layout.reachY - tap.y) * grads.pitch + layout.reachX - tap.x,
          filter * conv.depth + tap.element);
  std::vector<Packed<T>> packed;
  for (Rows& phase : rows) packed.emplace_back(conv, phase.seal(conv.channels, conv.window.area()), weight);

  // The results, one phase after the other, without the rows that are padding.
  Planes results = layout.planes;
  const int64_t skipped = std::min(results.padding[0] / results.stride[0], results.rows);
  results.padding[0] -= skipped * results.stride[0];
  results.rows =
      std::min(results.rows - skipped, (results.height - 1 + results.padding[0]) / results.stride[0] + 1);
  const int64_t columns = results.rows * results.pitch;
  results.size = roundUp(columns);

  const T* const end = grad + conv.n * conv.groups * conv.outputSize;
  const int64_t gradsSize = roundUp(conv.filters * grads.size + Planes::kSlack);
  const int64_t resultSize = conv.channels * results.size;
  const int64_t zeros = results.pitch + Planes::kSlack;
  std::atomic<bool> failed{false};
  parallelFor(conv.n * conv.groups, conv.grain(), [&](int64_t begin, int64_t stop) {
    T* const memory =
        scratchFor<T>(gradsSize + phases * resultSize + std::max(kSpareRows * results.size, zeros), failed);
    if (!memory) return;
    T* const result = memory + gradsSize;
    for (int64_t i = begin; i < stop; i++) {
      k.split(grads, grad, grad + i * conv.outputSize, end, memory);
      for (int phase = 0; phase < phases; phase++)
        k.multiply(rows[static_cast<size_t>(phase)].taps,
                   packed[static_cast<size_t>(phase)].of(i % conv.groups), memory + skipped * grads.pitch,
                   columns, nullptr, result + phase * resultSize, results.size);
      std::fill_n(result + phases * resultSize, zeros, T(0));
      k.merge(results, result, out + i * conv.imageSize);
    }
  });
  checkMemory(failed);
  return true;
}

template <class T>
bool Direct<T>::gradWeight(const Conv& conv, const T* x, const T* grad, T* out) {
  const ConvKernels<T>& k = kernelsFor<T>();
  const Layout layout(conv);
  const Rows rows = rowsOfColumns(conv, layout);

  // The gradients at the pitch of the planes: with zeros at the end of rows, where the planes hold something
  // else.
  const int64_t height = conv.window.outHeight;
  const Planes grads =
      unitPlanes(conv.filters, height, conv.window.outWidth, 0, 0, height, layout.planes.pitch);

  // As many images at a time as stay in the cache, but so many that adding up the lanes of the sums is little
  // work.
  constexpr int64_t kCache = 1 << 16, kLength = 1024;
  const int64_t planesSize = layout.planesSize(), gradsSize = conv.filters * grads.size;
  const int64_t columns = grads.rows * grads.pitch;
  const int64_t chunk =
      std::clamp<int64_t>(std::max(kCache / (planesSize + gradsSize), kLength / columns), 1, conv.n);

  const T* const endX = x + conv.n * conv.groups * conv.imageSize;
  const T* const endGrad = grad + conv.n * conv.groups * conv.outputSize;
  std::atomic<bool> failed{false};
  sumStrips(conv, chunk, out, [&](int64_t group, int64_t begin, int64_t end, T* total) {
    T* const memory = scratchFor<T>(chunk * (planesSize + gradsSize) + 2 * Planes::kSlack, failed);
    if (!memory) return;
    T* const gradMemory = memory + chunk * planesSize + Planes::kSlack;
    for (int64_t first = begin; first < end; first += chunk) {
      const int64_t images = std::min(chunk, end - first);
      for (int64_t n = 0; n < images; n++) {
        const int64_t i = (first + n) * conv.groups + group;
        k.split(layout.planes, x, x + i * conv.imageSize, endX, memory + n * planesSize);
        k.split(grads, grad, grad + i * conv.outputSize, endGrad, gradMemory + n * gradsSize);
      }
      std::fill_n(memory + images * planesSize, Planes::kSlack, T(0));
      k.dots(rows.taps, gradMemory, grads.size, gradsSize, memory, planesSize, images, columns, total,
             first > begin);
    }
  });
  checkMemory(failed);
  return isFinite(out, conv.groups * conv.weightSize);
}

template struct Direct<float>;
template struct Direct<double>;

}  // namespace mgp
