// Convolution of images that lie innermost: see Correlation in kernels/kernels.h.

#include <algorithm>
#include <memory>
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

/// The images in parts, each of at least so many that vectors of them keep the processor busy. The last one
/// takes the rest. How many there are depends on the sizes alone, and so does the order in which sums over
/// images are made.
struct Parts {
  int64_t images, length, count;

  /// As long as what an image has to do with it, so many bytes, lets a part stay in the cache of a core.
  Parts(int64_t images, int64_t imageBytes) : images(images) {
    constexpr int64_t kCache = 1 << 19, kLeast = 32, kMost = 64;
    length = std::clamp(kCache / std::max<int64_t>(1, imageBytes) / kLeast * kLeast, kLeast, kMost);
    count = std::max<int64_t>(1, images / length);
  }
  int64_t begin(int64_t part) const { return part * length; }
  int64_t end(int64_t part) const { return part == count - 1 ? images : (part + 1) * length; }
  int64_t longest() const { return images - begin(count - 1); }
};

/// Bytes of an image and of what the convolution makes of it.
int64_t bytesOf(const Conv& conv, size_t itemSize) {
  return (conv.imageSize + conv.outputSize) * conv.groups * static_cast<int64_t>(itemSize);
}

/// Whether images are so small that a thread had best do all there is to do with a part of them.
bool areSmall(const Conv& conv, size_t itemSize) {
  constexpr int64_t kSmall = 1 << 14;
  return bytesOf(conv, itemSize) <= kSmall;
}

/// The elements of an operand with the images innermost: itself where they lie so, else a copy, of all images
/// or of some after others.
template <class T>
struct Innermost {
  const Images& operand;
  bool isCopy;
  int64_t steps[3];  // From channel to channel, row to row, pixel to pixel.

  Innermost(const Images& images, int64_t room) : operand(images), isCopy(images.strides[0] != 1) {
    std::copy_n(images.strides + 1, 3, steps);
    if (!isCopy) return;
    steps[2] = roomFor(room);
    steps[1] = steps[2] * images.shape[3];
    steps[0] = steps[1] * images.shape[2];
  }
  /// Elements of the copy.
  int64_t size() const { return isCopy ? roomFor(steps[0] * operand.shape[1]) : 0; }

  /// Where the images from `begin` on are: at `copy`, once they are read, where it is a copy.
  T* at(int64_t begin, T* copy) const { return isCopy ? copy : reinterpret_cast<T*>(operand.data) + begin; }
  void read(int64_t begin, int64_t end, T* copy) const {
    if (isCopy) move(begin, end, copy, false);
  }
  void write(int64_t begin, int64_t end, T* copy) const {
    if (isCopy) move(begin, end, copy, true);
  }

 private:
  void move(int64_t begin, int64_t end, T* copy, bool back) const {
    Images outside = operand;
    outside.data += begin * operand.strides[0] * static_cast<int64_t>(sizeof(T));
    outside.shape[0] = end - begin;
    T* const data = reinterpret_cast<T*>(outside.data);
    if (!operand.hasWholeImages()) {
      Images inside = outside;
      inside.data = reinterpret_cast<char*>(copy);
      inside.strides[0] = 1;
      std::copy_n(steps, 3, inside.strides + 1);
      copyImages<T>(back ? inside : outside, back ? outside : inside);
      return;
    }
    constexpr int64_t kGrain = 16384;
    const int64_t images = outside.shape[0], step = operand.strides[0], room = steps[2];
    const int64_t pixels = steps[0] / room * operand.shape[1];
    const auto& transpose = kernelsFor<T>().transpose;
    parallelFor(pixels, std::max<int64_t>(16, kGrain / images / 16 * 16), [&](int64_t first, int64_t last) {
      if (back)
        transpose(copy + first * room, room, last - first, images, data + first, step);
      else
        transpose(data + first, step, images, last - first, copy + first * room, room);
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

constexpr int64_t kWork = 1 << 19;

/// A convolution, or, backwards, its gradient for the images.
template <class T>
struct Pass {
  const Conv& conv;
  Innermost<T> from, to;
  Correlation<T> whole;  // The first group.
  int64_t height;

  /// One row of the result of a group, for the images [begin, end).
  void row(int64_t y, int64_t group, int64_t begin, int64_t end, T* source, T* result) const {
    Correlation<T> part = whole;
    part.images = end - begin;
    part.in = from.at(begin, source) + group * part.depth * part.inStep;
    part.out = to.at(begin, result) + group * part.results * part.outSteps[0];
    if (part.gate) part.gate += begin + group * part.results * part.outSteps[0];
    part.weight += group * conv.weightSize;
    if (part.bias) part.bias += group * part.results;
    kernelsFor<T>().correlate(part, y, 0, part.images);
  }

  /// Row by row, all images of a part side by side.
  void byRows(T* source, T* result) const {
    const int64_t rowBytes =
        whole.depth * conv.window.kernel[0] * from.operand.shape[3] * static_cast<int64_t>(sizeof(T));
    const Parts parts(conv.n, rowBytes);
    from.read(0, conv.n, source);
    const int64_t units = parts.count * conv.groups * height;
    const int64_t work = conv.n * conv.groups * conv.filters * conv.depth * conv.stops / units;
    parallelFor(
        units, std::max<int64_t>(1, kWork / std::max<int64_t>(1, work)), [&](int64_t first, int64_t last) {
          for (int64_t i = first; i < last; i++) {
            const int64_t part = i / height / conv.groups, begin = parts.begin(part);
            row(i % height, i / height % conv.groups, begin, parts.end(part), source + begin, result + begin);
          }
        });
    to.write(0, conv.n, result);
  }

  /// Part by part: what is copied stays in the cache of the core that works on it.
  void byParts(const Parts& parts) const {
    std::atomic<bool> failed{false};
    parallelFor(parts.count, 1, [&](int64_t first, int64_t last) {
      T* const source = scratchFor<T>(from.size() + to.size(), failed);
      if (!source) return;
      T* const result = source + from.size();
      for (int64_t i = first; i < last; i++) {
        const int64_t begin = parts.begin(i), end = parts.end(i);
        from.read(begin, end, source);
        for (int64_t group = 0; group < conv.groups; group++)
          for (int64_t y = 0; y < height; y++) row(y, group, begin, end, source, result);
        to.write(begin, end, result);
      }
    });
    checkMemory(failed);
  }
};

template <class T>
void correlateImages(const Conv& conv, bool isBackwards, const Images& source, const T* weight, const T* bias,
                     bool relu, const Images* gate, const Images& result) {
  const Window& w = conv.window;
  const ImageKernels<T>& k = kernelsFor<T>();
  const int64_t area = w.area();
  const int64_t results = isBackwards ? conv.channels : conv.filters;
  const int64_t depth = isBackwards ? conv.filters : conv.channels;
  const std::unique_ptr<T[]> packed(new T[static_cast<size_t>(conv.groups * conv.weightSize)]);
  for (int64_t group = 0; group < conv.groups; group++)
    k.pack(weight + group * conv.weightSize, results, depth, area, isBackwards ? area : conv.depth,
           isBackwards ? conv.depth : area, packed.get() + group * conv.weightSize);

  const Parts parts(conv.n, bytesOf(conv, sizeof(T)));
  const bool isCopied = source.strides[0] != 1 || result.strides[0] != 1;
  const bool isByParts = isCopied && parts.count > 1 && areSmall(conv, sizeof(T));
  const int64_t room = isByParts ? parts.longest() : conv.n;
  const Innermost<T> from(source, room), to(result, room);
  const auto meetings = isBackwards ? seeing : seenAt;
  const Meetings rows = meetings(w, 0, w.kernel[1], from.steps[1]);
  const Meetings columns = meetings(w, 1, 1, from.steps[2]);
  const Pass<T> pass{conv,
                     from,
                     to,
                     {conv.n,
                      results,
                      depth,
                      area,
                      isBackwards ? w.width : w.outWidth,
                      rows.list.data(),
                      columns.list.data(),
                      rows.starts.data(),
                      columns.starts.data(),
                      packed.get(),
                      bias,
                      relu,
                      gate ? reinterpret_cast<const T*>(gate->data) : nullptr,
                      nullptr,
                      nullptr,
                      from.steps[0],
                      {to.steps[0], to.steps[1], to.steps[2]}},
                     isBackwards ? w.height : w.outHeight};
  if (isByParts) {
    pass.byParts(parts);
  } else {
    T* const memory = isCopied ? scratchOf<T>(from.size() + to.size()) : nullptr;
    pass.byRows(memory, memory + from.size());
  }
}

/// Whether fewer multiplications are worth transforming pixels, weights and results: see Winograd.
template <class T>
bool suitsWinograd(const Conv& conv, int64_t outHeight, int64_t outWidth) {
  constexpr int64_t kLeast = 16, kCache = 3 << 19;
  const Window& w = conv.window;
  for (int i = 0; i < 2; i++)
    if (w.kernel[i] != 3 || w.stride[i] != 1 || w.dilation[i] != 1 || w.padding[i] > 2) return false;
  // Weights come from the cache for every few tiles; and few pixels of the tiles may lie outside.
  const int64_t weights =
      conv.channels * conv.filters * Winograd<T>::kPoints * static_cast<int64_t>(sizeof(T));
  const int64_t covered = (outHeight + 1) / 2 * ((outWidth + 1) / 2) * 4;
  return std::min(conv.channels, conv.filters) >= kLeast && weights <= kCache &&
         5 * covered <= 6 * outHeight * outWidth;
}

/// The same with fewer multiplications. Returns false where a result is not finite: then it may have come to
/// that only on the way, or have spread to its neighbours.
template <class T>
bool winogradImages(const Conv& conv, bool isBackwards, const Images& source, const T* weight, const T* bias,
                    bool relu, const Images* gate, const Images& result) {
  const Window& w = conv.window;
  const ImageKernels<T>& k = kernelsFor<T>();
  const int64_t area = w.area();
  const int64_t results = isBackwards ? conv.channels : conv.filters;
  const int64_t depth = isBackwards ? conv.filters : conv.channels;
  const Innermost<T> from(source, conv.n), to(result, conv.n);
  const bool isCopied = from.isCopy || to.isCopy;
  const std::unique_ptr<T[]> copies(isCopied ? new T[static_cast<size_t>(from.size() + to.size())] : nullptr);
  from.read(0, conv.n, copies.get());

  const int64_t packedSize = results * depth * Winograd<T>::kPoints;
  const std::unique_ptr<T[]> packed(new T[static_cast<size_t>(conv.groups * packedSize)]);
  const int64_t blocks = (results + Winograd<T>::kResults - 1) / Winograd<T>::kResults;
  parallelFor(conv.groups * blocks, std::max<int64_t>(1, 1024 / depth), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const int64_t group = i / blocks, m = i % blocks * Winograd<T>::kResults;
      const int64_t resultStep = isBackwards ? area : conv.depth, depthStep = isBackwards ? conv.depth : area;
      k.transformWeights(weight + group * conv.weightSize + m * resultStep,
                         std::min(Winograd<T>::kResults, results - m), depth, resultStep, depthStep,
                         isBackwards, packed.get() + group * packedSize + m * depth * Winograd<T>::kPoints);
    }
  });

  // What is transformed stays in the cache of a core.
  constexpr int64_t kCache = 1 << 19;
  const int64_t tileSize = Winograd<T>::kPoints * Winograd<T>::kLanes;
  const int64_t tileBytes = tileSize * (depth + Winograd<T>::kResults) * static_cast<int64_t>(sizeof(T));
  const int64_t outWidth = isBackwards ? w.width : w.outWidth;
  const Winograd<T> whole{
      conv.n,
      results,
      depth,
      {isBackwards ? w.outHeight : w.height, isBackwards ? w.outWidth : w.width},
      {isBackwards ? w.height : w.outHeight, outWidth},
      {isBackwards ? 2 - w.padding[0] : w.padding[0], isBackwards ? 2 - w.padding[1] : w.padding[1]},
      std::clamp<int64_t>(kCache / tileBytes, 1, (outWidth + 1) / 2),
      nullptr,
      nullptr,
      relu,
      nullptr,
      nullptr,
      nullptr,
      {from.steps[0], from.steps[1], from.steps[2]},
      {to.steps[0], to.steps[1], to.steps[2]},
      nullptr};
  const int64_t rows = (whole.outSize[0] + 1) / 2;
  std::atomic<bool> failed{false}, isFinite{true};
  const Parts parts(conv.n, kCache);
  parallelFor(parts.count * conv.groups * rows, 1, [&](int64_t first, int64_t last) {
    T* const scratch = scratchFor<T>(whole.tiles * tileSize * (depth + Winograd<T>::kResults), failed);
    if (!scratch) return;
    for (int64_t i = first; i < last; i++) {
      const int64_t group = i / rows % conv.groups, part = i / rows / conv.groups, begin = parts.begin(part);
      Winograd<T> own = whole;
      own.images = parts.end(part) - begin;
      own.weight = packed.get() + group * packedSize;
      own.bias = bias ? bias + group * results : nullptr;
      const int64_t at = group * results * to.steps[0];
      own.gate = gate ? reinterpret_cast<const T*>(gate->data) + begin + at : nullptr;
      own.in = from.at(0, copies.get()) + begin + group * depth * from.steps[0];
      own.out = to.at(0, copies.get() + from.size()) + begin + at;
      own.scratch = scratch;
      if (!k.winograd(own, i % rows)) isFinite.store(false, std::memory_order_relaxed);
    }
  });
  checkMemory(failed);
  if (isFinite) to.write(0, conv.n, copies.get() + from.size());
  return isFinite;
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
bool ByImages<T>::forward(const Conv& conv, const Images& x, const T* weight, const T* bias, bool relu,
                          const Images& out) {
  // The zeros of the padding are left out, which is wrong where the other factor is not finite.
  if (!isFinite(weight, conv.groups * conv.weightSize)) return false;
  if (suitsWinograd<T>(conv, conv.window.outHeight, conv.window.outWidth) &&
      winogradImages<T>(conv, false, x, weight, bias, relu, nullptr, out))
    return true;
  correlateImages<T>(conv, false, x, weight, bias, relu, nullptr, out);
  return true;
}

/// The gradient of a pixel gathers from the stops that saw it.
template <class T>
bool ByImages<T>::gradInput(const Conv& conv, const Images& grad, const T* weight, const Images* gate,
                            const Images& out) {
  if (suitsWinograd<T>(conv, conv.window.height, conv.window.width) &&
      winogradImages<T>(conv, true, grad, weight, nullptr, false, gate, out))
    return true;
  correlateImages<T>(conv, true, grad, weight, nullptr, false, gate, out);
  return true;
}

template <class T>
bool ByImages<T>::gradWeight(const Conv& conv, const Images& x, const Images& grad, T* out) {
  const ImageKernels<T>& k = kernelsFor<T>();
  const Window& w = conv.window;
  const Parts parts(conv.n, bytesOf(conv, sizeof(T)));
  const bool isByParts = parts.count > 1 && areSmall(conv, sizeof(T));
  const int64_t room = isByParts ? parts.longest() : conv.n;
  const Innermost<T> images(x, room), grads(grad, room);
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
  const std::vector<T> zeros(static_cast<size_t>(room), T(0));
  const Products<T> whole{
      conv.n,          conv.filters, conv.channels, {w.kernel[0], w.kernel[1]},
      w.outHeight,     w.outWidth,   rows.data(),   columns.data(),
      nullptr,         nullptr,      zeros.data(),  {grads.steps[0], grads.steps[1], grads.steps[2]},
      images.steps[0], nullptr};
  const int64_t tiles = k.tiles(whole), weights = conv.groups * conv.weightSize;
  /// Adds the sums of some tiles of a group over the images [begin, end).
  const auto multiply = [&](int64_t group, int64_t first, int64_t last, int64_t begin, int64_t end, T* image,
                            T* gradient, T* sums) {
    Products<T> part = whole;
    part.images = end - begin;
    part.x = images.at(begin, image) + group * conv.channels * images.steps[0];
    part.grad = grads.at(begin, gradient) + group * conv.filters * grads.steps[0];
    part.out = sums + group * conv.weightSize;
    k.multiply(part, first, last);
  };
  if (!isByParts) {
    T* const image = scratchOf<T>(images.size() + grads.size());
    T* const gradient = image + images.size();
    images.read(0, conv.n, image);
    grads.read(0, conv.n, gradient);
    std::fill_n(out, weights, T(0));
    const int64_t work = conv.n * conv.filters * conv.depth * conv.stops / tiles;
    parallelFor(tiles * conv.groups, std::max<int64_t>(1, kWork / std::max<int64_t>(1, work)),
                [&](int64_t begin, int64_t end) {
                  while (begin < end) {
                    const int64_t group = begin / tiles, last = std::min(end, (group + 1) * tiles);
                    multiply(group, begin - group * tiles, last - group * tiles, 0, conv.n, image, gradient,
                             out);
                    begin = last;
                  }
                });
    return isFinite(out, weights);
  }
  // A sum for each part, and in the end theirs.
  std::vector<T> sums(static_cast<size_t>(parts.count * weights), T(0));
  std::atomic<bool> failed{false};
  parallelFor(parts.count, 1, [&](int64_t first, int64_t last) {
    T* const image = scratchFor<T>(images.size() + grads.size(), failed);
    if (!image) return;
    T* const gradient = image + images.size();
    for (int64_t i = first; i < last; i++) {
      const int64_t begin = parts.begin(i), end = parts.end(i);
      images.read(begin, end, image);
      grads.read(begin, end, gradient);
      for (int64_t group = 0; group < conv.groups; group++)
        multiply(group, 0, tiles, begin, end, image, gradient, sums.data() + i * weights);
    }
  });
  checkMemory(failed);
  for (int64_t i = 0; i < weights; i++) {
    T total = 0;
    for (int64_t part = 0; part < parts.count; part++) total += sums[static_cast<size_t>(part * weights + i)];
    out[i] = total;
  }
  return isFinite(out, weights);
}

template struct ByImages<float>;
template struct ByImages<double>;

}  // namespace mgp
