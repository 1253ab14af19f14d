// Convolution of images that lie innermost: see Correlation in kernels/kernels.h.

#include <algorithm>
#include <cmath>
#include <vector>

#include "conv.h"
#include "parallel.h"

namespace mgp {

namespace {

template <class T>
const ImageKernels<T>& kernelsFor();
template <>
const ImageKernels<float>& kernelsFor<float>() {
  return kernels.imagesFloat;
}
template <>
const ImageKernels<double>& kernelsFor<double>() {
  return kernels.imagesDouble;
}

/// Which elements of the window meet something at every position along a dimension.
struct Meetings {
  std::vector<Meeting> list;
  std::vector<int64_t> starts;

  /// Room for so many positions with about so many meetings each.
  Meetings(int64_t positions, int64_t each) {
    list.reserve(static_cast<size_t>(positions * each));
    starts.reserve(static_cast<size_t>(positions + 1));
  }
};

/// Element k of the window, at stop `stop`: the pixel it sees, if it is one.
int64_t pixelAt(const Window& w, int i, int64_t stop, int64_t k) {
  const int64_t pixel = stop * w.stride[i] - w.padding[i] + k * w.dilation[i];
  return pixel >= 0 && pixel < (i == 0 ? w.height : w.width) ? pixel : -1;
}
int64_t stopsAlong(const Window& w, int i) { return i == 0 ? w.outHeight : w.outWidth; }

/// The pixels that are seen at every stop.
Meetings seenAt(const Window& w, int i, int64_t tapStep, int64_t sourceStep) {
  Meetings m(stopsAlong(w, i), w.kernel[i]);
  for (int64_t stop = 0; stop < stopsAlong(w, i); stop++) {
    m.starts.push_back(static_cast<int64_t>(m.list.size()));
    for (int64_t k = 0; k < w.kernel[i]; k++)
      if (const int64_t pixel = pixelAt(w, i, stop, k); pixel >= 0)
        m.list.push_back({k * tapStep, pixel * sourceStep});
  }
  m.starts.push_back(static_cast<int64_t>(m.list.size()));
  return m;
}

/// The stops at which every pixel is seen.
Meetings seeing(const Window& w, int i, int64_t tapStep, int64_t sourceStep) {
  const int64_t pixels = i == 0 ? w.height : w.width;
  Meetings m(pixels, (w.kernel[i] + w.stride[i] - 1) / w.stride[i]);
  for (int64_t pixel = 0; pixel < pixels; pixel++) {
    m.starts.push_back(static_cast<int64_t>(m.list.size()));
    for (int64_t k = 0; k < w.kernel[i]; k++) {
      const int64_t ahead = pixel + w.padding[i] - k * w.dilation[i];
      if (ahead >= 0 && ahead % w.stride[i] == 0 && ahead / w.stride[i] < stopsAlong(w, i))
        m.list.push_back({k * tapStep, ahead / w.stride[i] * sourceStep});
    }
  }
  m.starts.push_back(static_cast<int64_t>(m.list.size()));
  return m;
}

/// Where the pixels lie that an element of the window sees, stop by stop.
std::vector<int64_t> sourcesOf(const Window& w, int i, int64_t sourceStep) {
  std::vector<int64_t> sources;
  sources.reserve(static_cast<size_t>(w.kernel[i] * stopsAlong(w, i)));
  for (int64_t k = 0; k < w.kernel[i]; k++)
    for (int64_t stop = 0; stop < stopsAlong(w, i); stop++) {
      const int64_t pixel = pixelAt(w, i, stop, k);
      sources.push_back(pixel < 0 ? Products<float>::kPadding : pixel * sourceStep);
    }
  return sources;
}

template <class T>
bool isFinite(const T* x, int64_t count) {
  T sum = 0;  // Of zeros, unless a NaN or an infinity is among them.
  for (int64_t i = 0; i < count; i++) sum += x[i] * 0;
  return sum == 0;
}

/// Room for `count` elements where the next piece of memory starts at a cache line, too.
int64_t roomFor(int64_t count) { return (count + 15) / 16 * 16; }

/// Piece of memory after piece.
template <class T>
struct Pieces {
  T* next;
  T* take(int64_t count) {
    T* const piece = next;
    next += roomFor(count);
    return piece;
  }
};

/// The elements of an operand with the images innermost: itself where they lie so, else a copy.
template <class T>
struct Innermost {
  const Images& operand;
  bool isCopy;
  T* data;
  int64_t steps[3];  // From channel to channel, row to row, pixel to pixel.

  explicit Innermost(const Images& images)
      : operand(images), isCopy(images.strides[0] != 1), data(reinterpret_cast<T*>(images.data)) {
    std::copy_n(images.strides + 1, 3, steps);
    if (!isCopy) return;
    steps[2] = images.shape[0];
    steps[1] = steps[2] * images.shape[3];
    steps[0] = steps[1] * images.shape[2];
  }
  /// Elements of the copy.
  int64_t size() const { return isCopy ? roomFor(steps[0] * operand.shape[1]) : 0; }

  void makeRoom(Pieces<T>& pieces) {
    if (isCopy) data = pieces.take(size());
  }
  void read() const {
    if (isCopy) move(false);
  }
  void write() const {
    if (isCopy) move(true);
  }

 private:
  void move(bool back) const {
    T* const outside = reinterpret_cast<T*>(operand.data);
    const int64_t pixels = steps[0] / steps[2] * operand.shape[1];
    if (!operand.hasWholeImages()) {
      Images inside = operand;
      inside.data = reinterpret_cast<char*>(data);
      inside.strides[0] = 1;
      std::copy_n(steps, 3, inside.strides + 1);
      copyImages<T>(back ? inside : operand, back ? operand : inside);
      return;
    }
    constexpr int64_t kGrain = 16384;
    const int64_t images = operand.shape[0], step = operand.strides[0];
    const auto& transpose = kernelsFor<T>().transpose;
    parallelFor(pixels, std::max<int64_t>(16, kGrain / images / 16 * 16), [&](int64_t begin, int64_t end) {
      if (back)
        transpose(data + begin * images, images, end - begin, images, outside + begin, step);
      else
        transpose(outside + begin, step, images, end - begin, data + begin * images, images);
    });
  }
};

template <class T>
T* scratchOf(int64_t count) {
  std::atomic<bool> failed{false};
  T* const memory = scratchFor<T>(count, failed);
  checkMemory(failed);
  return memory;
}

/// Computes all rows of the result of every group. `rows` rows of the source meet in one of the result.
template <class T>
void correlateAll(const Conv& conv, Correlation<T> c, int64_t height, int64_t outGroup, int64_t inGroup,
                  int64_t weightGroup, int64_t sourceRow, int64_t work) {
  // So many images at a time that what a row of the result is made from stays in the cache.
  constexpr int64_t kCache = (1 << 19) / sizeof(T), kImages = 32;
  const int64_t fitting = kCache / std::max<int64_t>(1, sourceRow) / kImages * kImages;
  const int64_t chunk = std::max(fitting, kImages);
  const int64_t chunks = std::max<int64_t>(1, c.images / chunk);  // The last one takes the rest.
  const int64_t units = conv.groups * chunks * height;
  constexpr int64_t kWork = 1 << 19;
  parallelFor(units, std::max<int64_t>(1, kWork / std::max<int64_t>(1, work / units)),
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; i++) {
                  const int64_t y = i % height, part = i / height % chunks, group = i / height / chunks;
                  Correlation<T> mine = c;
                  mine.in += group * inGroup;
                  mine.out += group * outGroup;
                  mine.weight += group * weightGroup;
                  if (c.bias) mine.bias += group * c.results;
                  kernelsFor<T>().correlate(mine, y, part * chunk,
                                            part == chunks - 1 ? c.images : (part + 1) * chunk);
                }
              });
}

}  // namespace

template <class T>
bool ByImages<T>::suits(const Conv& conv) {
  const Window& w = conv.window;
  // Meetings are listed one by one.
  constexpr int64_t kMost = 64;
  return conv.n >= std::max(kImages, kernelsFor<T>().least) && w.kernel[0] <= kMost && w.kernel[1] <= kMost &&
         conv.imageSize > 0 && conv.stops > 0 && conv.filters > 0;
}

template <class T>
bool ByImages<T>::forward(const Conv& conv, const Images& x, const T* weight, const T* bias,
                          const Images& out) {
  // The zeros of the padding are left out, which is wrong where the other factor is not finite.
  const int64_t weights = conv.groups * conv.weightSize;
  if (!isFinite(weight, weights)) return false;
  const ImageKernels<T>& k = kernelsFor<T>();
  Innermost<T> from(x), to(out);
  Pieces<T> memory{scratchOf<T>(roomFor(weights) + from.size() + to.size())};
  T* const packed = memory.take(weights);
  from.makeRoom(memory);
  to.makeRoom(memory);
  from.read();
  const int64_t area = conv.window.area();
  for (int64_t group = 0; group < conv.groups; group++)
    k.pack(weight + group * conv.weightSize, conv.filters, conv.channels, area, conv.depth, area,
           packed + group * conv.weightSize);
  const Meetings rows = seenAt(conv.window, 0, conv.window.kernel[1], from.steps[1]);
  const Meetings columns = seenAt(conv.window, 1, 1, from.steps[2]);
  const Correlation<T> c{conv.n,
                         conv.filters,
                         conv.channels,
                         area,
                         conv.window.outWidth,
                         rows.list.data(),
                         columns.list.data(),
                         rows.starts.data(),
                         columns.starts.data(),
                         packed,
                         bias,
                         from.data,
                         to.data,
                         from.steps[0],
                         {to.steps[0], to.steps[1], to.steps[2]}};
  correlateAll(conv, c, conv.window.outHeight, conv.filters * to.steps[0], conv.channels * from.steps[0],
               conv.weightSize, conv.window.kernel[0] * conv.channels * conv.window.width,
               conv.n * conv.groups * conv.filters * conv.depth * conv.stops);
  to.write();
  return true;
}

/// The gradient of a pixel gathers from the stops that saw it.
template <class T>
bool ByImages<T>::gradInput(const Conv& conv, const Images& grad, const T* weight, const Images& out) {
  const ImageKernels<T>& k = kernelsFor<T>();
  const int64_t weights = conv.groups * conv.weightSize;
  Innermost<T> from(grad), to(out);
  Pieces<T> memory{scratchOf<T>(roomFor(weights) + from.size() + to.size())};
  T* const packed = memory.take(weights);
  from.makeRoom(memory);
  to.makeRoom(memory);
  from.read();
  const int64_t area = conv.window.area();
  for (int64_t group = 0; group < conv.groups; group++)
    k.pack(weight + group * conv.weightSize, conv.channels, conv.filters, area, area, conv.depth,
           packed + group * conv.weightSize);
  const Meetings rows = seeing(conv.window, 0, conv.window.kernel[1], from.steps[1]);
  const Meetings columns = seeing(conv.window, 1, 1, from.steps[2]);
  const Correlation<T> c{conv.n,
                         conv.channels,
                         conv.filters,
                         area,
                         conv.window.width,
                         rows.list.data(),
                         columns.list.data(),
                         rows.starts.data(),
                         columns.starts.data(),
                         packed,
                         nullptr,
                         from.data,
                         to.data,
                         from.steps[0],
                         {to.steps[0], to.steps[1], to.steps[2]}};
  correlateAll(conv, c, conv.window.height, conv.channels * to.steps[0], conv.filters * from.steps[0],
               conv.weightSize, conv.window.kernel[0] * conv.filters * conv.window.outWidth,
               conv.n * conv.groups * conv.filters * conv.depth * conv.stops);
  to.write();
  return true;
}

template <class T>
bool ByImages<T>::gradWeight(const Conv& conv, const Images& x, const Images& grad, T* out) {
  const ImageKernels<T>& k = kernelsFor<T>();
  Innermost<T> images(x), grads(grad);
  Pieces<T> memory{scratchOf<T>(roomFor(conv.n) + images.size() + grads.size())};
  T* const zeros = memory.take(conv.n);
  std::fill_n(zeros, conv.n, T(0));
  images.makeRoom(memory);
  grads.makeRoom(memory);
  images.read();
  grads.read();
  const Window& w = conv.window;
  const std::vector<int64_t> rows = sourcesOf(w, 0, images.steps[1]);
  const std::vector<int64_t> columns = sourcesOf(w, 1, images.steps[2]);
  // Rows of the padding are left out, which is wrong where the gradient is not finite: then neither is the
  // result, unless the window sees nothing but padding.
  for (int64_t stop = 0; stop < w.outHeight; stop++) {
    bool seesRow = false;
    for (int64_t ky = 0; ky < w.kernel[0]; ky++)
      seesRow = seesRow || rows[static_cast<size_t>(ky * w.outHeight + stop)] != Products<T>::kPadding;
    if (!seesRow) return false;
  }
  std::fill_n(out, conv.groups * conv.weightSize, T(0));
  Products<T> p{
      conv.n,          conv.filters, conv.channels, {w.kernel[0], w.kernel[1]},
      w.outHeight,     w.outWidth,   rows.data(),   columns.data(),
      grads.data,      images.data,  zeros,         {grads.steps[0], grads.steps[1], grads.steps[2]},
      images.steps[0], out};
  const int64_t tiles = k.tiles(p);
  const int64_t work = conv.n * conv.filters * conv.depth * conv.stops / tiles;
  constexpr int64_t kWork = 1 << 19;
  parallelFor(tiles * conv.groups, std::max<int64_t>(1, kWork / std::max<int64_t>(1, work)),
              [&](int64_t begin, int64_t end) {
                while (begin < end) {
                  const int64_t group = begin / tiles, last = std::min(end, (group + 1) * tiles);
                  Products<T> mine = p;
                  mine.grad += group * conv.filters * grads.steps[0];
                  mine.x += group * conv.channels * images.steps[0];
                  mine.out += group * conv.weightSize;
                  k.multiply(mine, begin - group * tiles, last - group * tiles);
                  begin = last;
                }
              });
  return isFinite(out, conv.groups * conv.weightSize);
}

template struct ByImages<float>;
template struct ByImages<double>;

}  // namespace mgp
