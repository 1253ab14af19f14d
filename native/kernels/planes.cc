// Images to planes and back: see Planes in kernels.h. Short rows are copied in whole vectors that run over
// their ends, and what was written too much is overwritten with the next row.

#include "common.h"

namespace mgp::MGP_ISA {
namespace {

// W is the number of lanes of the vectors at hand: half of what there is does for the short rows of small
// images.
template <int W>
using Numbers = std::make_integer_sequence<int, W>;

template <int W, class V, int... I>
MGP_INLINE V evenOf(V a, V b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (2 * I)...);
}
/// a₀ b₀ a₁ b₁ … from element `kFrom` of both on.
template <int W, int kFrom, class V, int... I>
MGP_INLINE V zip(V a, V b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, (kFrom + I / 2 + I % 2 * W)...);
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
template <class T, int W>
using Mask = Vector<typename MaskOf<T>::type, W>;

/// All ones in the lanes whose number is in [begin, end).
template <class T, int W, int... I>
MGP_INLINE Mask<T, W> maskOf(int64_t begin, int64_t end, std::integer_sequence<int, I...>) {
  using Int = typename MaskOf<T>::type;
  const Mask<T, W> lanes = {I...};
  const auto low = static_cast<Int>(clamp(begin, 0, W)), high = static_cast<Int>(clamp(end, 0, W));
  return (lanes >= low) & (lanes < high);
}

/// One vector of every row of a plane: lane l of row i is from[i · step + l · kStride] for l in [begin, end),
/// else 0. Whole vectors are read only inside of [first, last), the memory of the tensor.
template <int W, int kStride, class T>
MGP_INLINE void splitVectors(const T* from, int64_t step, int64_t rows, int64_t begin, int64_t end,
                             const T* first, const T* last, T* to, int64_t pitch) {
  const Mask<T, W> mask = maskOf<T, W>(begin, end, Numbers<W>());
  for (int64_t i = 0; i < rows; i++, from += step, to += pitch) {
    if (from >= first && last - from >= W * kStride) {
      Vector<T, W> x = load<W>(from);
      if constexpr (kStride == 2) x = evenOf<W>(x, load<W>(from + W), Numbers<W>());
      store<W>(to, (Vector<T, W>)((Mask<T, W>)x & mask));
    } else {
      for (int64_t l = 0; l < W; l++) to[l] = l >= begin && l < end ? from[l * kStride] : T(0);
    }
  }
}

/// Whole vectors are written, from the last of a row to the first, so that what runs over the end of a row is
/// overwritten with the beginning of the next one.
template <int W, class T>
void splitBy(const Planes& p, const T* first, const T* image, const T* last, T* out) {
  const int64_t step = p.width * p.stride[0], stride = p.stride[1];
  const int64_t vectors = (p.pitch + W - 1) / W;
  for (int i = 0; i < p.phases; i++) {
    const Planes::Phase& phase = p.phase[i];
    const int64_t rows = phase.bottom - phase.top, y = phase.top * p.stride[0] + phase.y - p.padding[0];
    const T* corner = image + y * p.width + phase.x - p.padding[1];
    for (int64_t channel = 0; channel < p.channels; channel++, corner += p.height * p.width, out += p.size) {
      T* const top = out + phase.top * p.pitch;
      T* const bottom = out + phase.bottom * p.pitch;
      for (T* t = out; t < top; t++) *t = 0;
      for (int64_t at = (vectors - 1) * W; at >= 0; at -= W) {
        const T* const from = corner + at * stride;
        const int64_t left = phase.left - at, right = phase.right - at;
        if (stride == 1)
          splitVectors<W, 1>(from, step, rows, left, right, first, last, top + at, p.pitch);
        else if (stride == 2)
          splitVectors<W, 2>(from, step, rows, left, right, first, last, top + at, p.pitch);
        else
          for (int64_t row = 0; row < rows; row++)
            for (int64_t l = 0; l < W; l++)
              top[row * p.pitch + at + l] = l >= left && l < right ? from[row * step + l * stride] : T(0);
      }
      for (T* t = bottom; t < out + p.size; t++) *t = 0;
    }
  }
}

/// Copies n elements; writes nothing from `end` on, but perhaps past n.
template <int W, class T>
MGP_INLINE void copyRow(const T* from, int64_t n, T* to, const T* end) {
  if (end - to >= (n + W - 1) / W * W)
    for (int64_t j = 0; j < n; j += W) store<W>(to + j, load<W>(from + j));
  else
    for (int64_t j = 0; j < n; j++) to[j] = from[j];
}

template <int W, class T>
void cropBy(const T* in, int64_t inSize, int64_t pitch, int64_t planes, int64_t height, int64_t width,
            T* out) {
  const T* const end = out + planes * height * width;
  for (int64_t plane = 0; plane < planes; plane++, in += inSize)
    for (int64_t i = 0; i < height; i++, out += width) copyRow<W>(in + i * pitch, width, out, end);
}

/// out[2t] = a[t], out[2t + 1] = b[t] for n elements. Writes nothing from `end` on, but perhaps past n.
template <int W, class T>
MGP_INLINE void interleave(const T* a, const T* b, int64_t n, T* out, const T* end) {
  if (end - out >= (n + 2 * W - 1) / (2 * W) * (2 * W)) {
    for (int64_t j = 0; j < n; j += 2 * W) {
      const Vector<T, W> even = load<W>(a + j / 2), odd = load<W>(b + j / 2);
      store<W>(out + j, zip<W, 0>(even, odd, Numbers<W>()));
      store<W>(out + j + W, zip<W, W / 2>(even, odd, Numbers<W>()));
    }
  } else {
    for (int64_t j = 0; j < n; j++) out[j] = j % 2 == 0 ? a[j / 2] : b[j / 2];
  }
}

template <int W, class T>
void mergeBy(const Planes& p, const T* in, T* image) {
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
      if (stride == 1)
        copyRow<W>(rowOf(0) + pad, columns, image, end);
      else if (stride == 2)
        interleave<W>(rowOf(pad % 2) + pad / 2, rowOf((pad + 1) % 2) + (pad + 1) / 2, columns, image, end);
      else
        for (int64_t x = 0; x < columns; x++) image[x] = rowOf((x + pad) % stride)[(x + pad) / stride];
      for (int64_t x = columns; x < p.width; x++) image[x] = 0;
      if (++phase == p.stride[0]) {
        phase = 0;
        row++;
      }
    }
  }
}

template <class T>
constexpr int kFull = kLanes<T>;
template <class T>
constexpr int kHalf = kVectorBytes > 16 ? kLanes<T> / 2 : kLanes<T>;

template <class T>
void split(const Planes& p, const T* first, const T* image, const T* last, T* out) {
  (p.pitch <= kHalf<T> ? splitBy<kHalf<T>, T> : splitBy<kFull<T>, T>)(p, first, image, last, out);
}
template <class T>
void crop(const T* in, int64_t inSize, int64_t pitch, int64_t planes, int64_t height, int64_t width, T* out) {
  (width <= kHalf<T> ? cropBy<kHalf<T>, T> : cropBy<kFull<T>, T>)(in, inSize, pitch, planes, height, width,
                                                                  out);
}
template <class T>
void merge(const Planes& p, const T* in, T* image) {
  (p.pitch <= kHalf<T> ? mergeBy<kHalf<T>, T> : mergeBy<kFull<T>, T>)(p, in, image);
}

template <class T>
void fill(ConvKernels<T>& table) {
  table.split = split<T>;
  table.crop = crop<T>;
  table.merge = merge<T>;
}

}  // namespace

void fillPlanes(Kernels& table) {
  fill(table.convFloat);
  fill(table.convDouble);
}

}  // namespace mgp::MGP_ISA
