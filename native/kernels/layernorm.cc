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

template <class T, bool kWeighted>
void layerNormGrad(const LayerNorm& norm, int64_t begin, int64_t end, void* sums) {
  const int64_t n = norm.length;
  const T* __restrict const weight = static_cast<const T*>(norm.weight);
  T* __restrict const forWeight = static_cast<T*>(sums);
  T* __restrict const forBias = forWeight + n;
  for (int64_t row = begin; row < end; row++) {
    const T* __restrict const x = static_cast<const T*>(norm.x) + row * n;
    const T* __restrict const g = static_cast<const T*>(norm.grad) + row * n;
    T* __restrict const out = static_cast<T*>(norm.out) + row * n;
    const T mean = static_cast<const T*>(norm.mean)[row], inverse = static_cast<const T*>(norm.inverse)[row];
    const auto vectors = [&](int64_t i) {
      Vector<T> v = load(g + i);
      if constexpr (kWeighted) v *= load(weight + i);
      return v;
    };
    const auto element = [&](int64_t i) { return kWeighted ? g[i] * weight[i] : g[i]; };
    const double sum = sumOf<T>(n, vectors, element);
    const double product = sumOf<T>(
        n, [&](int64_t i) { return vectors(i) * (load(x + i) - mean); },
        [&](int64_t i) { return element(i) * (x[i] - mean); });
    const auto count = static_cast<double>(n);
    const T shift = static_cast<T>(sum / count),
            slope = static_cast<T>(product / count * static_cast<double>(inverse));
    for (int64_t i = 0; i < n; i++) {
      const T normal = (x[i] - mean) * inverse;
      forWeight[i] += g[i] * normal;
      forBias[i] += g[i];
      out[i] = inverse * (element(i) - shift - normal * slope);
    }
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
