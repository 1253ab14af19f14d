// Max pooling, for vectors of windows at once: the same window of neighbouring images where images lie
// innermost, and neighbouring windows where rows lie in one piece.

#include "common.h"

namespace mgp::MGP_ISA {
namespace {

/// The elements [begin, end) of a window that starts at `start` which lie inside an image, along one
/// dimension.
struct Inside {
  int64_t begin, end;
  MGP_INLINE Inside(int64_t start, int64_t step, int64_t count, int64_t size)
      : begin(start >= 0 ? 0 : (-start + step - 1) / step),
        end(minimum(count, start < size ? (size - start + step - 1) / step : 0)) {}
};

/// Whether x takes the place of the best so far: the first NaN stays.
template <class V>
MGP_INLINE auto isBetter(V x, V best) {
  return ((x > best) | (x != x)) & (best == best);
}

/// W numbers of type T side by side, or one, and their positions in lanes as wide.
template <class T, int W>
struct Lanes {
  using Value = Vector<T, W>;
  using Position = decltype(Value{} == Value{});

  static MGP_INLINE Position all(int64_t position) {
    return static_cast<__typeof__(Position{}[0])>(position) - Position{};
  }
  static MGP_INLINE Value read(const T* p) { return load<W>(p); }
  static MGP_INLINE void write(T* p, Value v) { store<W>(p, v); }
  static MGP_INLINE Position readPosition(const int32_t* p) {
    return __builtin_convertvector(load<W>(p), Position);
  }
  static MGP_INLINE void writePosition(int32_t* p, Position v) {
    store<W>(p, __builtin_convertvector(v, Vector<int32_t, W>));
  }
};
template <class T>
struct Lanes<T, 1> {
  using Value = T;
  using Position = int64_t;

  static MGP_INLINE Position all(int64_t position) { return position; }
  static MGP_INLINE Value read(const T* p) { return *p; }
  static MGP_INLINE void write(T* p, Value v) { *p = v; }
  static MGP_INLINE Position readPosition(const int32_t* p) { return *p; }
  static MGP_INLINE void writePosition(int32_t* p, Position v) { *p = static_cast<int32_t>(v); }
};

/// p[0], p[2], …, p[2W - 2], without reading further.
template <class T, int W, int... I>
MGP_INLINE Vector<T, W> readEvery2nd(const T* p, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(load<W>(p), load<W>(p + W - 1), (2 * I < W ? 2 * I : 2 * I + 1)...);
}
template <class V, int... I>
MGP_INLINE V countLanes(std::integer_sequence<int, I...>) {
  return V{I...};
}

/// The part of a window that lies inside an image: where its first element lies and what position that is,
/// and how far it is to the next row and column.
struct Part {
  int64_t rows, columns;
  int64_t rowStep, columnStep;
  int64_t position, rowPositions, columnPositions;
};

/// The maxima of W windows of which the same part lies inside, whose elements lie kStep apart: 0 for the same
/// window of neighbouring images.
template <class T, int W, int kStep>
MGP_INLINE void poolPart(const Part& part, const T* x, T* out, int32_t* index) {
  using L = Lanes<T, W>;
  using Numbers = std::make_integer_sequence<int, W>;
  const auto read = [](const T* p) {
    if constexpr (kStep == 2 && W > 1)
      return readEvery2nd<T, W>(p, Numbers());
    else
      return L::read(p);
  };
  typename L::Value best = read(x);
  typename L::Position at = L::all(part.position);
  if constexpr (W > 1) at += countLanes<typename L::Position>(Numbers()) * kStep;
  typename L::Position found = at;
  for (int64_t row = 0; row < part.rows; row++, x += part.rowStep, at += L::all(part.rowPositions)) {
    typename L::Position here = at;
    for (int64_t column = 0; column < part.columns; column++, here += L::all(part.columnPositions)) {
      const typename L::Value v = read(x + column * part.columnStep);
      const auto better = isBetter(v, best);
      best = better ? v : best;
      found = better ? here : found;
    }
  }
  L::write(out, best);
  L::writePosition(index, found);
}

/// Calls body(first) with the first of every W of n; the last ones may have been there before.
template <int W, class Body>
MGP_INLINE void forVectors(int64_t n, const Body& body) {
  for (int64_t i = 0; i + W <= n; i += W) body(i);
  if (n % W != 0) body(n - W);
}

/// The parts of the windows in row `oy` of the stops.
struct RowParts {
  const Pool& p;
  Inside rows;
  int64_t top;
  MGP_INLINE RowParts(const Pool& pool, int64_t oy)
      : p(pool),
        rows(oy * pool.stride[0] - pool.padding[0], pool.dilation[0], pool.kernel[0], pool.height),
        top(oy * pool.stride[0] - pool.padding[0] + rows.begin * pool.dilation[0]) {}

  /// That at column `ox`, and where it starts in the image.
  MGP_INLINE Part at(int64_t ox, int64_t* start) const {
    const int64_t left = ox * p.stride[1] - p.padding[1];
    const Inside columns(left, p.dilation[1], p.kernel[1], p.width);
    const int64_t first = left + columns.begin * p.dilation[1];
    *start = top * p.imageStrides[2] + first * p.imageStrides[3];
    return {rows.end - rows.begin,
            columns.end - columns.begin,
            p.dilation[0] * p.imageStrides[2],
            p.dilation[1] * p.imageStrides[3],
            top * p.width + first,
            p.dilation[0] * p.width,
            p.dilation[1]};
  }
};

/// The images [first, first + n) of one channel, where images lie innermost.
template <class T, int W>
void poolImages(const Pool& p, int64_t channel, int64_t first, int64_t n) {
  const T* const x = static_cast<const T*>(p.image) + first + channel * p.imageStrides[1];
  T* const out = static_cast<T*>(p.stops) + first + channel * p.stopStrides[1];
  int32_t* const index = p.index + first + channel * p.indexStrides[1];
  for (int64_t oy = 0; oy < p.outHeight; oy++) {
    const RowParts parts(p, oy);
    for (int64_t ox = 0; ox < p.outWidth; ox++) {
      int64_t start;
      const Part part = parts.at(ox, &start);
      if (part.rows <= 0 || part.columns <= 0) continue;
      const T* const from = x + start;
      T* const to = out + oy * p.stopStrides[2] + ox * p.stopStrides[3];
      int32_t* const where = index + oy * p.indexStrides[2] + ox * p.indexStrides[3];
      forVectors<W>(n, [&](int64_t i) { poolPart<T, W, W == 1 ? 1 : 0>(part, from + i, to + i, where + i); });
    }
  }
}

/// One channel of one image, in any layout. Where the stops of a row lie side by side, and their windows 1 or
/// 2 apart, whole vectors of those that lie inside are done at once.
template <class T, int W, int kStep>
void poolChannel(const Pool& p, int64_t image, int64_t channel) {
  const T* const x = static_cast<const T*>(p.image) + image * p.imageStrides[0] + channel * p.imageStrides[1];
  T* out = static_cast<T*>(p.stops) + image * p.stopStrides[0] + channel * p.stopStrides[1];
  int32_t* index = p.index + image * p.indexStrides[0] + channel * p.indexStrides[1];
  // Stops whose windows lie inside from the first column to the last.
  int64_t begin = minimum(p.outWidth, (p.padding[1] + p.stride[1] - 1) / p.stride[1]);
  const int64_t room = p.width + p.padding[1] - (p.kernel[1] - 1) * p.dilation[1];
  int64_t end = room <= 0 ? 0 : minimum(p.outWidth, (room + p.stride[1] - 1) / p.stride[1]);
  if (W == 1 || end - begin < W) begin = end = p.outWidth;
  for (int64_t oy = 0; oy < p.outHeight; oy++, out += p.stopStrides[2], index += p.indexStrides[2]) {
    const RowParts parts(p, oy);
    if (parts.rows.begin >= parts.rows.end) continue;
    int64_t start;
    const auto one = [&](int64_t ox) {
      const Part part = parts.at(ox, &start);
      if (part.columns > 0)
        poolPart<T, 1, 1>(part, x + start, out + ox * p.stopStrides[3], index + ox * p.indexStrides[3]);
    };
    for (int64_t ox = 0; ox < begin; ox++) one(ox);
    for (int64_t ox = end; ox < p.outWidth; ox++) one(ox);
    if (begin == end) continue;
    Part part = parts.at(begin, &start);
    const int64_t position = part.position;
    forVectors<W>(end - begin, [&](int64_t i) {
      part.position = position + i * kStep;
      poolPart<T, W, kStep>(part, x + start + i * kStep, out + begin + i, index + begin + i);
    });
  }
}

template <class T>
void poolChannel(const Pool& p, int64_t image, int64_t channel) {
  constexpr int kWide = kLanes<T>, kNarrow = kWide > 2 ? kWide / 2 : kWide;
  const bool units = p.imageStrides[3] == 1 && p.stopStrides[3] == 1 && p.indexStrides[3] == 1;
  const bool isWide = p.outWidth >= kWide;
  const auto run =
      units && p.stride[1] == 1   ? (isWide ? poolChannel<T, kWide, 1> : poolChannel<T, kNarrow, 1>)
      : units && p.stride[1] == 2 ? (isWide ? poolChannel<T, kWide, 2> : poolChannel<T, kNarrow, 2>)
                                  : poolChannel<T, 1, 1>;
  run(p, image, channel);
}

/// The gradient for these images: every pixel looks for itself in the windows that may have seen it.
template <class T, int W>
void spreadImages(const Pool& p, int64_t channel, int64_t first, int64_t n) {
  using L = Lanes<T, W>;
  T* const image = static_cast<T*>(p.image) + first + channel * p.imageStrides[1];
  const T* const grad = static_cast<const T*>(p.stops) + first + channel * p.stopStrides[1];
  const int32_t* const index = p.index + first + channel * p.indexStrides[1];
  // Stops whose window may reach from its start to `at`, along one dimension.
  const auto reaching = [&](int i, int64_t at, int64_t stops) {
    const int64_t last = at + p.padding[i], least = last - (p.kernel[i] - 1) * p.dilation[i];
    struct {
      int64_t begin, end;
    } range{least <= 0 ? 0 : (least + p.stride[i] - 1) / p.stride[i], minimum(stops, last / p.stride[i] + 1)};
    return range;
  };
  for (int64_t y = 0; y < p.height; y++) {
    const auto rows = reaching(0, y, p.outHeight);
    for (int64_t x = 0; x < p.width; x++) {
      const auto columns = reaching(1, x, p.outWidth);
      const typename L::Position here = L::all(y * p.width + x);
      T* const to = image + y * p.imageStrides[2] + x * p.imageStrides[3];
      forVectors<W>(n, [&](int64_t i) {
        typename L::Value total{};
        for (int64_t oy = rows.begin; oy < rows.end; oy++)
          for (int64_t ox = columns.begin; ox < columns.end; ox++) {
            const auto isHere =
                L::readPosition(index + oy * p.indexStrides[2] + ox * p.indexStrides[3] + i) == here;
            const typename L::Value g = L::read(grad + oy * p.stopStrides[2] + ox * p.stopStrides[3] + i);
            total += isHere ? g : typename L::Value{};
          }
        L::write(to + i, total);
      });
    }
  }
}

template <class T>
void spreadChannel(const Pool& p, int64_t image, int64_t channel) {
  T* const to = static_cast<T*>(p.image) + image * p.imageStrides[0] + channel * p.imageStrides[1];
  const T* grad = static_cast<const T*>(p.stops) + image * p.stopStrides[0] + channel * p.stopStrides[1];
  const int32_t* index = p.index + image * p.indexStrides[0] + channel * p.indexStrides[1];
  for (int64_t y = 0; y < p.height; y++)
    for (int64_t x = 0; x < p.width; x++) to[y * p.imageStrides[2] + x * p.imageStrides[3]] = 0;
  const bool isFlat = p.imageStrides[2] == p.width * p.imageStrides[3];
  const auto pixels = static_cast<uint64_t>(p.height * p.width);
  for (int64_t oy = 0; oy < p.outHeight; oy++, grad += p.stopStrides[2], index += p.indexStrides[2])
    for (int64_t ox = 0; ox < p.outWidth; ox++) {
      // Read once: it may be shared memory.
      const auto at =
          static_cast<uint32_t>(static_cast<const volatile int32_t*>(index)[ox * p.indexStrides[3]]);
      if (at >= pixels) continue;
      const int64_t y = isFlat ? 0 : at / p.width, x = isFlat ? at : at % p.width;
      to[y * p.imageStrides[2] + x * p.imageStrides[3]] += grad[ox * p.stopStrides[3]];
    }
}

template <class T, bool kSpread>
void run(const Pool& p, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i++) {
    if (!p.imagesInnermost) {
      if constexpr (kSpread)
        spreadChannel<T>(p, i / p.channels, i % p.channels);
      else
        poolChannel<T>(p, i / p.channels, i % p.channels);
      continue;
    }
    const int64_t first = i / p.channels * Pool::kImages, n = minimum(Pool::kImages, p.images - first);
    const bool isWide = n >= kLanes<T>;
    if constexpr (kSpread)
      (isWide ? spreadImages<T, kLanes<T>> : spreadImages<T, 1>)(p, i % p.channels, first, n);
    else
      (isWide ? poolImages<T, kLanes<T>> : poolImages<T, 1>)(p, i % p.channels, first, n);
  }
}

}  // namespace

void fillPool(Kernels& table) {
  constexpr int kFloat = index(DType::Float32), kDouble = index(DType::Float64);
  table.maxPool2d[kFloat] = run<float, false>;
  table.maxPool2d[kDouble] = run<double, false>;
  table.maxPool2dGrad[kFloat] = run<float, true>;
  table.maxPool2dGrad[kDouble] = run<double, true>;
}

}  // namespace mgp::MGP_ISA
