// Direct convolution: see Planes in kernels.h. Short rows are copied in whole vectors that run over their
// ends, and what was written too much is overwritten with the next row.

#include "common.h"

namespace mgp::MGP_ISA {
namespace {

template <class T, int... I>
MGP_INLINE Vector<T> evenOf(Vector<T> a, Vector<T> b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (2 * I)...);
}
template <class T, int... I>
MGP_INLINE Vector<T> oddOf(Vector<T> a, Vector<T> b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (2 * I + 1)...);
}
/// a₀ b₀ a₁ b₁ … from lane `kFrom` on.
template <int kFrom, class T, int... I>
MGP_INLINE Vector<T> zip(Vector<T> a, Vector<T> b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (kFrom + I / 2 + I % 2 * kLanes<T>)...);
}

MGP_INLINE int64_t clamp(int64_t x, int64_t low, int64_t high) { return maximum(low, minimum(x, high)); }

/// Signed integers as wide as T: what comparisons of vectors give.
template <class T>
struct MaskOf {
  using type = int32_t;
};
template <>
struct MaskOf<double> {
  using type = int64_t;
};
template <class T>
using Mask = Vector<typename MaskOf<T>::type>;

template <class T, int... I>
MGP_INLINE Mask<T> laneNumbers(std::integer_sequence<int, I...>) {
  return Mask<T>{I...};
}

/// All ones in the lanes whose number is in [begin, end).
template <class T>
MGP_INLINE Mask<T> maskOf(int64_t begin, int64_t end) {
  using Int = typename MaskOf<T>::type;
  const Mask<T> lanes = laneNumbers<T>(Lanes<T>());
  const auto low = static_cast<Int>(clamp(begin, 0, kLanes<T>)),
             high = static_cast<Int>(clamp(end, 0, kLanes<T>));
  return (lanes >= low) & (lanes < high);
}

/// One vector of every row of a plane: lane l of row i is from[i · step + l · kStride] for l in [begin, end),
/// else 0. Whole vectors are read only inside of [first, last), the memory of the tensor.
template <int kStride, class T>
MGP_INLINE void splitVectors(const T* from, int64_t step, int64_t rows, int64_t begin, int64_t end,
                             const T* first, const T* last, T* to, int64_t pitch) {
  constexpr int64_t kWidth = kLanes<T>;
  const Mask<T> mask = maskOf<T>(begin, end);
  for (int64_t i = 0; i < rows; i++, from += step, to += pitch) {
    if (from >= first && last - from >= kWidth * kStride) {
      const Vector<T> x = kStride == 1 ? load(from) : evenOf<T>(load(from), load(from + kWidth), Lanes<T>());
      store(to, (Vector<T>)((Mask<T>)x & mask));
    } else {
      for (int64_t l = 0; l < kWidth; l++) to[l] = l >= begin && l < end ? from[l * kStride] : T(0);
    }
  }
}

/// Whole vectors are written, from the last of a row to the first, so that what runs over the end of a row is
/// overwritten with the beginning of the next one.
template <class T>
void split(const Planes& p, const T* first, const T* image, const T* last, T* out) {
  constexpr int64_t kWidth = kLanes<T>;
  const int64_t step = p.width * p.stride[0], stride = p.stride[1];
  const int64_t vectors = (p.pitch + kWidth - 1) / kWidth;
  for (int i = 0; i < p.phases; i++) {
    const Planes::Phase& phase = p.phase[i];
    const int64_t rows = phase.bottom - phase.top, y = phase.top * p.stride[0] + phase.y - p.padding[0];
    const T* corner = image + y * p.width + phase.x - p.padding[1];
    for (int64_t channel = 0; channel < p.channels; channel++, corner += p.height * p.width, out += p.size) {
      T* const top = out + phase.top * p.pitch;
      T* const bottom = out + phase.bottom * p.pitch;
      for (T* t = out; t < top; t++) *t = 0;
      for (int64_t at = (vectors - 1) * kWidth; at >= 0; at -= kWidth) {
        const T* const from = corner + at * stride;
        const int64_t left = phase.left - at, right = phase.right - at;
        if (stride == 1)
          splitVectors<1>(from, step, rows, left, right, first, last, top + at, p.pitch);
        else if (stride == 2)
          splitVectors<2>(from, step, rows, left, right, first, last, top + at, p.pitch);
        else
          for (int64_t row = 0; row < rows; row++)
            for (int64_t l = 0; l < kWidth; l++)
              top[row * p.pitch + at + l] = l >= left && l < right ? from[row * step + l * stride] : T(0);
      }
      for (T* t = bottom; t < out + p.size; t++) *t = 0;
    }
  }
}

/// Copies n elements; writes nothing from `end` on, but perhaps past n.
template <class T>
MGP_INLINE void copyRow(const T* from, int64_t n, T* to, const T* end) {
  constexpr int kWidth = kLanes<T>;
  if (end - to >= (n + kWidth - 1) / kWidth * kWidth)
    for (int64_t j = 0; j < n; j += kWidth) store(to + j, load(from + j));
  else
    for (int64_t j = 0; j < n; j++) to[j] = from[j];
}

template <class T>
void crop(const T* in, int64_t inSize, int64_t pitch, int64_t planes, int64_t height, int64_t width, T* out) {
  const T* const end = out + planes * height * width;
  for (int64_t plane = 0; plane < planes; plane++, in += inSize)
    for (int64_t i = 0; i < height; i++, out += width) copyRow(in + i * pitch, width, out, end);
}

/// out[2t] = a[t], out[2t + 1] = b[t] for n elements. Writes nothing from `end` on.
template <class T>
MGP_INLINE void interleave(const T* a, const T* b, int64_t n, T* out, const T* end) {
  constexpr int kWidth = kLanes<T>;
  const int64_t rounded = (n + 2 * kWidth - 1) / (2 * kWidth) * (2 * kWidth);
  if (end - out >= rounded) {
    for (int64_t j = 0; j < n; j += 2 * kWidth) {
      const Vector<T> even = load(a + j / 2), odd = load(b + j / 2);
      store(out + j, zip<0, T>(even, odd, Lanes<T>()));
      store(out + j + kWidth, zip<kWidth / 2, T>(even, odd, Lanes<T>()));
    }
  } else {
    for (int64_t j = 0; j < n; j++) out[j] = j % 2 == 0 ? a[j / 2] : b[j / 2];
  }
}

template <class T>
void merge(const Planes& p, const T* in, T* image) {
  // Which planes belong to a row and a column modulo the stride; -1 where no element of the window ever
  // looks.
  int planeOf[Planes::kMaxStride][Planes::kMaxStride];
  for (auto& row : planeOf)
    for (int& plane : row) plane = -1;
  for (int phase = 0; phase < p.phases; phase++) planeOf[p.phase[phase].y][p.phase[phase].x] = phase;

  const T* const end = image + p.channels * p.height * p.width;
  const T* const zeros = in + p.phases * p.channels * p.size;
  const int64_t stride = p.stride[1], pad = p.padding[1];
  // Columns past the last stop that sees them stay 0.
  const int64_t columns = clamp(p.pitch * stride - pad, 0, p.width);
  for (int64_t channel = 0; channel < p.channels; channel++) {
    int64_t row = p.padding[0] / p.stride[0], phase = p.padding[0] % p.stride[0];
    for (int64_t y = 0; y < p.height; y++, image += p.width) {
      // The row of the plane with the pixels whose column has this remainder.
      const auto rowOf = [&](int64_t remainder) {
        const int plane = planeOf[phase][remainder];
        if (plane < 0 || row >= p.rows) return zeros;
        return in + (plane * p.channels + channel) * p.size + row * p.pitch;
      };
      if (stride == 1) {
        copyRow(rowOf(0) + pad, columns, image, end);
      } else if (stride == 2) {
        interleave(rowOf(pad % 2) + pad / 2, rowOf((pad + 1) % 2) + (pad + 1) / 2, columns, image, end);
      } else {
        for (int64_t x = 0; x < columns; x++) image[x] = rowOf((x + pad) % stride)[(x + pad) / stride];
      }
      for (int64_t x = columns; x < p.width; x++) image[x] = 0;
      if (++phase == p.stride[0]) {
        phase = 0;
        row++;
      }
    }
  }
}

// The products. Accumulators for a block of filters times some vectors of columns stay in registers: eight by
// three where there are 32 of them, else four by three.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int kWide = 8;
constexpr int kTapsWide = 6;
#else
constexpr int kWide = 4;
constexpr int kTapsWide = 3;
#endif
constexpr int kNarrow = 4;

/// Filters of the block that starts at m: a last one of up to four is narrow.
MGP_INLINE int blockAt(const Taps& taps, int64_t m) { return taps.m - m > kNarrow ? kWide : kNarrow; }

int64_t packedRows(const Taps& taps) {
  int64_t m = 0;
  while (m < taps.m) m += blockAt(taps, m);
  return m;
}

template <class T>
int64_t packedSize(const Taps& taps) {
  return packedRows(taps) * taps.depth;
}

template <class T>
void pack(const Taps& taps, const T* weight, T* packed) {
  for (int64_t m = 0; m < taps.m;) {
    const int block = blockAt(taps, m);
    for (int64_t k = 0; k < taps.depth; k++)
      for (int i = 0; i < block; i++)
        *packed++ = m + i < taps.m ? weight[(m + i) * taps.weightStride + taps.weightOffset[k]] : T(0);
    m += block;
  }
}

template <int kRows, int kVectors, class T>
MGP_INLINE void multiplyBlock(const Taps& taps, const T* packed, const T* planes, const T* start, T* out,
                              int64_t outSize) {
  Vector<T> sums[kRows][kVectors];
  for (int r = 0; r < kRows; r++)
    for (int v = 0; v < kVectors; v++) sums[r][v] = start[r] - Vector<T>{};
  for (int64_t k = 0; k < taps.depth; k++, packed += kRows) {
    const T* const p = planes + taps.planeOffset[k];
    Vector<T> x[kVectors];
    for (int v = 0; v < kVectors; v++) x[v] = load(p + v * kLanes<T>);
    for (int r = 0; r < kRows; r++)
      for (int v = 0; v < kVectors; v++) sums[r][v] += packed[r] * x[v];
  }
  for (int r = 0; r < kRows; r++)
    for (int v = 0; v < kVectors; v++) store(out + r * outSize + v * kLanes<T>, sums[r][v]);
}

/// All filters for kVectors vectors of columns.
template <int kVectors, class T>
void multiplyColumns(const Taps& taps, const T* packed, const T* planes, const T* bias, T* out,
                     int64_t outSize) {
  for (int64_t m = 0; m < taps.m;) {
    const int block = blockAt(taps, m);
    T start[kWide];
    for (int i = 0; i < block; i++) start[i] = bias && m + i < taps.m ? bias[m + i] : T(0);
    if (block == kWide)
      multiplyBlock<kWide, kVectors>(taps, packed, planes, start, out, outSize);
    else
      multiplyBlock<kNarrow, kVectors>(taps, packed, planes, start, out, outSize);
    packed += block * taps.depth;
    out += block * outSize;
    m += block;
  }
}

template <class T>
void multiply(const Taps& taps, const T* packed, const T* planes, int64_t columns, const T* bias, T* out,
              int64_t outSize) {
  int64_t vectors = (columns + kLanes<T> - 1) / kLanes<T>;
  while (vectors > 0) {
    // Four are two and two, not three and a lonely one.
    const int64_t now = vectors == 4 ? 2 : minimum(vectors, 3);
    if (now == 3)
      multiplyColumns<3>(taps, packed, planes, bias, out, outSize);
    else if (now == 2)
      multiplyColumns<2>(taps, packed, planes, bias, out, outSize);
    else
      multiplyColumns<1>(taps, packed, planes, bias, out, outSize);
    planes += now * kLanes<T>;
    out += now * kLanes<T>;
    vectors -= now;
  }
}

/// Dot products of kNarrow rows of gradients with kTaps rows of planes.
template <int kTaps, class T>
MGP_INLINE void dotsBlock(const Taps& taps, int64_t m, int64_t k, const T* grad, int64_t gradSize,
                          int64_t gradStep, const T* planes, int64_t planeStep, int64_t images,
                          int64_t columns, T* out, bool accumulate) {
  Vector<T> sums[kNarrow][kTaps];
  const T* g[kNarrow];
  int64_t offsets[kTaps];
  // Rows that are not there are computed again as the last one, and dropped.
  for (int r = 0; r < kNarrow; r++) g[r] = grad + minimum(m + r, taps.m - 1) * gradSize;
  for (int t = 0; t < kTaps; t++) offsets[t] = taps.planeOffset[minimum(k + t, taps.depth - 1)];
  for (int r = 0; r < kNarrow; r++)
    for (int t = 0; t < kTaps; t++) sums[r][t] = Vector<T>{};
  for (int64_t image = 0; image < images; image++)
    for (int64_t l = 0; l < columns; l += kLanes<T>) {
      Vector<T> x[kTaps];
      for (int t = 0; t < kTaps; t++) x[t] = load(planes + image * planeStep + offsets[t] + l);
      for (int r = 0; r < kNarrow; r++) {
        const Vector<T> y = load(g[r] + image * gradStep + l);
        for (int t = 0; t < kTaps; t++) sums[r][t] += y * x[t];
      }
    }
  for (int r = 0; r < kNarrow && m + r < taps.m; r++)
    for (int t = 0; t < kTaps && k + t < taps.depth; t++) {
      T& total = out[(m + r) * taps.depth + k + t];
      total = (accumulate ? total : T(0)) + foldLanes<T>(sums[r][t], [](auto a, auto b) { return a + b; });
    }
}

template <class T>
void dots(const Taps& taps, const T* grad, int64_t gradSize, int64_t gradStep, const T* planes,
          int64_t planeStep, int64_t images, int64_t columns, T* out, bool accumulate) {
  for (int64_t m = 0; m < taps.m; m += kNarrow)
    for (int64_t k = 0; k < taps.depth;) {
      if (taps.depth - k > 3) {
        dotsBlock<kTapsWide>(taps, m, k, grad, gradSize, gradStep, planes, planeStep, images, columns, out,
                             accumulate);
        k += kTapsWide;
      } else {
        dotsBlock<3>(taps, m, k, grad, gradSize, gradStep, planes, planeStep, images, columns, out,
                     accumulate);
        k += 3;
      }
    }
}

template <class T>
ConvKernels<T> convKernels() {
  return {split<T>, merge<T>, crop<T>, pack<T>, packedSize<T>, multiply<T>, dots<T>};
}

}  // namespace

void fillConv(Kernels& table) {
  table.convFloat = convKernels<float>();
  table.convDouble = convKernels<double>();
}

}  // namespace mgp::MGP_ISA
