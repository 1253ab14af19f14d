// Layer normalization, row by row.

#include "reduce.h"

namespace mgp::MGP_ISA {
namespace {

/// Elements whose sums stay in one precision; those of pieces this long are added up in float64.
constexpr int64_t kPiece = 1024;

/// Σ term(i) over i in [0, n), from term(vector start) and term(element) alike.
template <class T, class Vectors, class Elements>
MGP_INLINE double sumOf(int64_t n, const Vectors& vectors, const Elements& elements) {
  constexpr int kWidth = kLanes<T>;
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kPiece) {
    const int64_t end = minimum(n, begin + kPiece);
    Vector<T> parts[2] = {};
    int64_t i = begin;
    for (; i + 2 * kWidth <= end; i += 2 * kWidth) {
      parts[0] += vectors(i);
      parts[1] += vectors(i + kWidth);
    }
    T sum = foldLanes<T>(parts[0] + parts[1], [](auto a, auto b) { return a + b; });
    for (; i < end; i++) sum += elements(i);
    total += sum;
  }
  return total;
}

template <class T>
void layerNorm(const LayerNorm& norm, int64_t begin, int64_t end) {
  const int64_t n = norm.length;
  const T *const weight = static_cast<const T*>(norm.weight), *const bias = static_cast<const T*>(norm.bias);
  for (int64_t row = begin; row < end; row++) {
    const T* __restrict const x = static_cast<const T*>(norm.x) + row * n;
    T* __restrict const out = static_cast<T*>(norm.out) + row * n;
    const double total = sumOf<T>(
        n, [&](int64_t i) { return load(x + i); }, [&](int64_t i) { return x[i]; });
    const T mean = static_cast<T>(total / static_cast<double>(n));
    const double squares = sumOf<T>(
        n,
        [&](int64_t i) {
          const Vector<T> d = load(x + i) - mean;
          return d * d;
        },
        [&](int64_t i) { return (x[i] - mean) * (x[i] - mean); });
    const T inverse = static_cast<T>(1 / __builtin_sqrt(squares / static_cast<double>(n) + norm.eps));
    static_cast<T*>(norm.mean)[row] = mean;
    static_cast<T*>(norm.inverse)[row] = inverse;
    if (weight && bias)
      for (int64_t i = 0; i < n; i++) out[i] = (x[i] - mean) * inverse * weight[i] + bias[i];
    else if (weight)
      for (int64_t i = 0; i < n; i++) out[i] = (x[i] - mean) * inverse * weight[i];
    else if (bias)
      for (int64_t i = 0; i < n; i++) out[i] = (x[i] - mean) * inverse + bias[i];
    else
      for (int64_t i = 0; i < n; i++) out[i] = (x[i] - mean) * inverse;
  }
}

/// The gradient of a row, in steps of vectors (V is Vector<T>) or of numbers (V is T).
template <class T, bool kWeighted>
struct GradRow {
  const T *x, *g, *weight;
  T *out, *forWeight, *forBias;
  T mean, inverse, shift, slope;

  template <class V>
  static MGP_INLINE V read(const T* p) {
    if constexpr (sizeof(V) == sizeof(T))
      return *p;
    else
      return load(p);
  }
  template <class V>
  static MGP_INLINE void write(T* p, V v) {
    if constexpr (sizeof(V) == sizeof(T))
      *p = v;
    else
      store(p, v);
  }
  template <class V>
  MGP_INLINE V incoming(int64_t i) const {
    if constexpr (kWeighted)
      return read<V>(g + i) * read<V>(weight + i);
    else
      return read<V>(g + i);
  }
  template <class V>
  MGP_INLINE V centered(int64_t i) const {
    return read<V>(x + i) - mean;
  }
  template <class V>
  MGP_INLINE void step(int64_t i) const {
    const V normal = centered<V>(i) * inverse, grad = read<V>(g + i);
    write<V>(forWeight + i, read<V>(forWeight + i) + grad * normal);
    write<V>(forBias + i, read<V>(forBias + i) + grad);
    write<V>(out + i, (incoming<V>(i) - shift - normal * slope) * inverse);
  }
};

template <class T, bool kWeighted>
void layerNormGrad(const LayerNorm& norm, int64_t begin, int64_t end, void* sums) {
  constexpr int kWidth = kLanes<T>;
  const int64_t n = norm.length;
  const auto count = static_cast<double>(n);
  for (int64_t r = begin; r < end; r++) {
    GradRow<T, kWeighted> row{static_cast<const T*>(norm.x) + r * n,
                              static_cast<const T*>(norm.grad) + r * n,
                              static_cast<const T*>(norm.weight),
                              static_cast<T*>(norm.out) + r * n,
                              static_cast<T*>(sums),
                              static_cast<T*>(sums) + n,
                              static_cast<const T*>(norm.mean)[r],
                              static_cast<const T*>(norm.inverse)[r],
                              0,
                              0};
    const double sum = sumOf<T>(
        n, [&](int64_t i) { return row.template incoming<Vector<T>>(i); },
        [&](int64_t i) { return row.template incoming<T>(i); });
    const double product = sumOf<T>(
        n,
        [&](int64_t i) { return row.template incoming<Vector<T>>(i) * row.template centered<Vector<T>>(i); },
        [&](int64_t i) { return row.template incoming<T>(i) * row.template centered<T>(i); });
    row.shift = static_cast<T>(sum / count);
    row.slope = static_cast<T>(product / count * static_cast<double>(row.inverse));
    int64_t i = 0;
    for (; i + kWidth <= n; i += kWidth) row.template step<Vector<T>>(i);
    for (; i < n; i++) row.template step<T>(i);
  }
}

template <class T>
void layerNormGrad(const LayerNorm& norm, int64_t begin, int64_t end, void* sums) {
  (norm.weight ? layerNormGrad<T, true> : layerNormGrad<T, false>)(norm, begin, end, sums);
}

}  // namespace

void fillLayerNorm(Kernels& table) {
  constexpr int kFloat = index(DType::Float32), kDouble = index(DType::Float64);
  table.layerNorm[kFloat] = layerNorm<float>;
  table.layerNorm[kDouble] = layerNorm<double>;
  table.layerNormGrad[kFloat] = layerNormGrad<float>;
  table.layerNormGrad[kDouble] = layerNormGrad<double>;
}

}  // namespace mgp::MGP_ISA
