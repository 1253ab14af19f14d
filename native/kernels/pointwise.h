#pragma once

// The loop that all pointwise kernels share.

#include "common.h"

namespace mgp::MGP_ISA {
namespace {

/// An operand of an innermost loop: the next element each time, or one and the same.
template <bool kUnit, class T>
struct Reader {
  const T* p;
  T value;
  MGP_INLINE explicit Reader(const char* data)
      : p(reinterpret_cast<const T*>(data)), value(kUnit ? T() : *p) {}
  MGP_INLINE T operator[](int64_t i) const { return kUnit ? p[i] : value; }
};

constexpr int64_t kStripe = 8;

/// Whether an operand goes the shorter way in memory from row to row than along a row.
bool liesCrosswise(const Nest& nest, int operands) {
  const int last = nest.ndim - 1;
  if (last == 0 || nest.shape[last - 1] < kStripe || nest.shape[last] < kStripe) return false;
  for (int k = 0; k < operands; k++)
    if (nest.strides[k][last - 1] != 0 &&
        __builtin_llabs(nest.strides[k][last - 1]) < __builtin_llabs(nest.strides[k][last]))
      return true;
  return false;
}

/// walk, for whole rows of operands that lie crosswise to each other: as a stripe of columns after the other,
/// so narrow that the lines of memory that its rows touch stay in the cache until all of their elements have
/// been used.
template <int N>
__attribute__((noinline)) void walkStripes(const Nest& nest, int64_t begin, int64_t end, InnerLoop inner) {
  const int last = nest.ndim - 1;
  const int64_t length = nest.shape[last];
  Nest stripe = nest;
  for (int64_t first = 0; first < length; first += kStripe) {
    const int64_t columns = minimum(length - first, kStripe);
    stripe.shape[last] = columns;
    for (int k = 0; k < N; k++) stripe.data[k] = nest.data[k] + first * nest.strides[k][last];
    walk<N>(stripe, begin / length * columns, end / length * columns, inner);
  }
}

template <int... K>
struct Indices {};

/// out = Op(in...) over nests of any strides.
template <class Op, class Out, class... In>
struct Pointwise {
  static constexpr int kInputs = sizeof...(In);

  /// The innermost loop over inputs that move by their size, one for each bit of `kMask`, or stand still.
  /// This is what the compiler turns into vector code.
  template <int kMask, int... K>
  static void unitLoop(char* const* p, const int64_t*, int64_t n, void*) {
    loop<kMask>(p, n, Reader<(kMask >> K & 1) != 0, In>(p[K + 1])...);
  }
  template <int kMask, class... Readers>
  static MGP_INLINE void loop(char* const* p, int64_t n, Readers... in) {
    Out* out = reinterpret_cast<Out*>(p[0]);
    // Where `out` is the first input itself, each element is read before it is written.
#pragma GCC ivdep
    for (int64_t i = 0; i < n; i++) out[i] = Op::apply(in[i]...);
  }

  /// The innermost loop for any strides.
  template <int... K>
  static void stridedLoop(char* const* p, const int64_t* step, int64_t n, void*) {
    for (int64_t i = 0; i < n; i++)
      *reinterpret_cast<Out*>(p[0] + i * step[0]) =
          Op::apply(*reinterpret_cast<const In*>(p[K + 1] + i * step[K + 1])...);
  }

  template <int kMask, int... K>
  static InnerLoop choose(int mask, Indices<K...> indices) {
    if constexpr (kMask == 1 << kInputs)
      return stridedLoop<K...>;
    else
      return mask == kMask ? unitLoop<kMask, K...> : choose<kMask + 1>(mask, indices);
  }

  static void kernel(const Nest& nest, int64_t begin, int64_t end) {
    constexpr int64_t kSizes[] = {sizeof(In)...};
    const int last = nest.ndim - 1;
    int mask = 0;
    bool units = nest.strides[0][last] == sizeof(Out);
    for (int k = 0; k < kInputs; k++) {
      const int64_t stride = nest.strides[k + 1][last];
      mask |= (stride != 0) << k;
      units = units && (stride == 0 || stride == kSizes[k]);
    }
    if (!units) mask = -1;
    InnerLoop inner;
    if constexpr (kInputs == 1) inner = choose<0>(mask, Indices<0>());
    if constexpr (kInputs == 2) inner = choose<1>(mask, Indices<0, 1>());
    if constexpr (kInputs == 3) inner = choose<1>(mask, Indices<0, 1, 2>());
    if (units || !liesCrosswise(nest, kInputs + 1) || begin % nest.shape[last] != 0 ||
        end % nest.shape[last] != 0)
      walk<kInputs + 1>(nest, begin, end, inner);
    else
      walkStripes<kInputs + 1>(nest, begin, end, inner);
  }
};

// Integers wrap around: their arithmetic is done without signs, where overflow is defined.
MGP_INLINE uint32_t wide(int32_t x) { return static_cast<uint32_t>(x); }
MGP_INLINE uint32_t wide(uint8_t x) { return x; }
MGP_INLINE float wide(float x) { return x; }
MGP_INLINE double wide(double x) { return x; }

MGP_INLINE bool truth(Bool x) { return x != Bool{0}; }

template <class Op, class... Ts>
void putUnary(PointwiseKernel* row) {
  ((row[index(kDType<Ts>)] = Pointwise<Op, Ts, Ts>::kernel), ...);
}
template <class Op, class... Ts>
void putBinary(PointwiseKernel* row) {
  ((row[index(kDType<Ts>)] = Pointwise<Op, Ts, Ts, Ts>::kernel), ...);
}

}  // namespace
}  // namespace mgp::MGP_ISA
