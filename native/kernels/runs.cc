// Weighted sums of neighbours along one dimension: vectors of what lies inside it.

#include "common.h"

namespace mgp::MGP_ISA {
namespace {

template <class T>
void weightedRuns(const WeightedRuns& it, int64_t begin, int64_t end) {
  constexpr int kWidth = kLanes<T>;
  const int64_t inner = it.inner;
  const T* x = static_cast<const T*>(it.x) + begin / it.count * it.size * inner;
  T* __restrict out = static_cast<T*>(it.out) + begin * inner;
  int64_t o = begin % it.count;
  for (int64_t row = begin; row < end; row++, out += inner) {
    const int32_t* const run = it.runs + 3 * o;
    const T* const from = x + run[0] * inner;
    const int64_t count = run[1];
    const T* const weights = static_cast<const T*>(it.weights) + run[2];
    int64_t b = 0;
    for (; b + kWidth <= inner; b += kWidth) {
      Vector<T> sum = {};
      for (int64_t k = 0; k < count; k++) sum += weights[k] * load(from + k * inner + b);
      store(out + b, sum);
    }
    for (; b < inner; b++) {
      T sum = 0;
      for (int64_t k = 0; k < count; k++) sum += weights[k] * from[k * inner + b];
      out[b] = sum;
    }
    if (++o == it.count) {
      o = 0;
      x += it.size * inner;
    }
  }
}

}  // namespace

void fillRuns(Kernels& table) {
  table.weightedRuns[index(DType::Float32)] = weightedRuns<float>;
  table.weightedRuns[index(DType::Float64)] = weightedRuns<double>;
}

}  // namespace mgp::MGP_ISA
