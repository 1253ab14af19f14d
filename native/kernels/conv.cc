// The products of a direct convolution: of filters with rows of planes, and of gradients with them.

#include "common.h"

namespace mgp::MGP_ISA {

namespace {

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
void fillProducts(ConvKernels<T>& table) {
  table.pack = pack<T>;
  table.packedSize = packedSize<T>;
  table.multiply = multiply<T>;
  table.dots = dots<T>;
}

}  // namespace

void fillConv(Kernels& table) {
  fillProducts(table.convFloat);
  fillProducts(table.convDouble);
}

}  // namespace mgp::MGP_ISA
