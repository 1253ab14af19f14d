// Batch normalization, channel by channel: once over the elements for their sums, once to write.

#include "reduce.h"

namespace mgp::MGP_ISA {
namespace {

/// Elements that are worked on at a time: few enough to be in the cache for a second look.
constexpr int64_t kPiece = 1024;

/// Calls body(pointers, n) for all elements of a channel, in pieces in which those of each operand are
/// neighbours: straight from memory where they lie so, else from a copy. Operand 0 is written if kWrites.
template <class T, bool kWrites, class Body>
void forPieces(const Nest& nest, int64_t count, const Body& body) {
  constexpr int64_t kShort = 64;
  const int last = nest.ndim - 1;
  bool isDirect = nest.shape[last] >= kShort;
  for (int k = 0; k < 3; k++) isDirect = isDirect && nest.strides[k][last] == sizeof(T);
  if (isDirect) {
    walk<3>(
        nest, 0, count,
        [](char* const* p, const int64_t*, int64_t n, void* context) {
          for (int64_t i = 0; i < n; i += kPiece) {
            T* const pointers[] = {reinterpret_cast<T*>(p[0]) + i, reinterpret_cast<T*>(p[1]) + i,
                                   reinterpret_cast<T*>(p[2]) + i};
            (*static_cast<const Body*>(context))(pointers, minimum(kPiece, n - i));
          }
        },
        const_cast<Body*>(&body));
    return;
  }
  struct Copies {
    alignas(64) T values[3][kPiece];
    int64_t length;
  } copies;
  T* const pointers[] = {copies.values[0], copies.values[1], copies.values[2]};
  for (int64_t i = 0; i < count; i += kPiece) {
    const int64_t end = minimum(count, i + kPiece);
    copies.length = 0;
    walk<3>(
        nest, i, end,
        [](char* const* p, const int64_t* step, int64_t n, void* context) {
          Copies& c = *static_cast<Copies*>(context);
          for (int k = 1; k < 3; k++)
            for (int64_t j = 0; j < n; j++)
              c.values[k][c.length + j] = *reinterpret_cast<const T*>(p[k] + j * step[k]);
          c.length += n;
        },
        &copies);
    body(pointers, end - i);
    if (!kWrites) continue;
    copies.length = 0;
    walk<3>(
        nest, i, end,
        [](char* const* p, const int64_t* step, int64_t n, void* context) {
          Copies& c = *static_cast<Copies*>(context);
          for (int64_t j = 0; j < n; j++)
            *reinterpret_cast<T*>(p[0] + j * step[0]) = c.values[0][c.length + j];
          c.length += n;
        },
        &copies);
  }
}

/// The walk over the elements of one channel.
Nest channelOf(const Channels& channels, int64_t channel) {
  Nest nest = channels.nest;
  for (int k = 0; k < 3; k++) nest.data[k] += channel * channels.steps[k];
  return nest;
}

template <class T>
MGP_INLINE T numberOr(const void* values, int64_t i, T otherwise) {
  return values ? static_cast<const T*>(values)[i] : otherwise;
}

/// Σ (x - shift)² of n neighbours.
template <class T>
T sumSquares(const T* x, int64_t n, T shift) {
  constexpr int kWidth = kLanes<T>, kUnroll = 4;
  Vector<T> parts[kUnroll] = {};
  int64_t i = 0;
  for (; i + kUnroll * kWidth <= n; i += kUnroll * kWidth)
    for (int u = 0; u < kUnroll; u++) {
      const Vector<T> d = load(x + i + u * kWidth) - shift;
      parts[u] += d * d;
    }
  T total = foldLanes<T>((parts[0] + parts[1]) + (parts[2] + parts[3]), [](auto a, auto b) { return a + b; });
  for (; i < n; i++) total += (x[i] - shift) * (x[i] - shift);
  return total;
}

/// Mean and mean square deviation of a channel: those of pieces, put together.
/// @see Chan, Golub & LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances",
/// 1979
template <class T>
void findMoments(const Nest& nest, int64_t count, double* mean, double* variance) {
  double total = 0, seen = 0, squares = 0;
  *mean = 0;
  forPieces<T, false>(nest, count, [&](T* const* p, int64_t n) {
    const T here = reduceBlock<Sum>(p[1], n) / static_cast<T>(n);
    const double difference = here - *mean;
    total = seen + static_cast<double>(n);
    *mean += difference * static_cast<double>(n) / total;
    squares += sumSquares(p[1], n, here) + difference * difference * seen * static_cast<double>(n) / total;
    seen = total;
  });
  *variance = squares / seen;
}

template <class T>
void batchNorm(const Channels& channels, int64_t begin, int64_t end) {
  T* const means = static_cast<T*>(channels.mean);
  T* const variances = static_cast<T*>(channels.variance);
  for (int64_t c = begin; c < end; c++) {
    const Nest nest = channelOf(channels, c);
    if (channels.training) {
      double mean, variance;
      findMoments<T>(nest, channels.count, &mean, &variance);
      means[c] = static_cast<T>(mean);
      variances[c] = static_cast<T>(variance);
    }
    const T mean = means[c], bias = numberOr<T>(channels.bias, c, 0);
    const T scale = numberOr<T>(channels.weight, c, 1) /
                    static_cast<T>(__builtin_sqrt(static_cast<double>(variances[c]) + channels.eps));
    forPieces<T, true>(nest, channels.count, [&](T* const* p, int64_t n) {
      T* __restrict const out = p[0];
      const T* __restrict const x = p[1];
      for (int64_t i = 0; i < n; i++) out[i] = (x[i] - mean) * scale + bias;
    });
  }
}

/// Adds Σ g and Σ g·(x - shift) of n neighbours to `sums`.
template <class T>
void addSums(const T* g, const T* x, int64_t n, T shift, double* sums) {
  constexpr int kWidth = kLanes<T>, kUnroll = 2;
  Vector<T> plain[kUnroll] = {}, products[kUnroll] = {};
  int64_t i = 0;
  for (; i + kUnroll * kWidth <= n; i += kUnroll * kWidth)
    for (int u = 0; u < kUnroll; u++) {
      const Vector<T> grad = load(g + i + u * kWidth);
      plain[u] += grad;
      products[u] += grad * (load(x + i + u * kWidth) - shift);
    }
  const auto add = [](auto a, auto b) { return a + b; };
  T total = foldLanes<T>(plain[0] + plain[1], add), product = foldLanes<T>(products[0] + products[1], add);
  for (; i < n; i++) {
    total += g[i];
    product += g[i] * (x[i] - shift);
  }
  sums[0] += total;
  sums[1] += product;
}

template <class T>
void batchNormGrad(const Channels& channels, int64_t begin, int64_t end) {
  const auto count = static_cast<double>(channels.count);
  for (int64_t c = begin; c < end; c++) {
    const Nest nest = channelOf(channels, c);
    const T mean = static_cast<const T*>(channels.mean)[c];
    const double variance = static_cast<const T*>(channels.variance)[c];
    const double inverse = 1 / __builtin_sqrt(variance + channels.eps);
    double sums[2] = {0, 0};
    forPieces<T, false>(nest, channels.count,
                        [&](T* const* p, int64_t n) { addSums<T>(p[2], p[1], n, mean, sums); });
    static_cast<T*>(channels.gradWeight)[c] = static_cast<T>(sums[1] * inverse);
    static_cast<T*>(channels.gradBias)[c] = static_cast<T>(sums[0]);
    const double factor = inverse * static_cast<double>(numberOr<T>(channels.weight, c, 1));
    const T scale = static_cast<T>(factor), shift = static_cast<T>(-factor * sums[0] / count),
            slope = static_cast<T>(-factor * inverse * inverse * sums[1] / count);
    forPieces<T, true>(nest, channels.count, [&](T* const* p, int64_t n) {
      T* __restrict const out = p[0];
      const T* __restrict const x = p[1], * __restrict const g = p[2];
      for (int64_t i = 0; i < n; i++) out[i] = g[i] * scale + ((x[i] - mean) * slope + shift);
    });
  }
}

}  // namespace

void fillBatchNorm(Kernels& table) {
  constexpr int kFloat = index(DType::Float32), kDouble = index(DType::Float64);
  table.batchNorm[kFloat] = batchNorm<float>;
  table.batchNorm[kDouble] = batchNorm<double>;
  table.batchNormGrad[kFloat] = batchNormGrad<float>;
  table.batchNormGrad[kDouble] = batchNormGrad<double>;
}

}  // namespace mgp::MGP_ISA
