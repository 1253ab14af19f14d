// gather and scatter. Whole slices are the same walks with an index that is repeated along them.

#include <type_traits>

#include "common.h"

namespace mgp::MGP_ISA {
namespace {

struct Context {
  int64_t size, stride, position;
  int64_t bad;
};

/// Calls element(i, byte offset) for each index of a row, and row(byte offset) instead where one index serves
/// them all. Indices are read once, since other threads may write to them, and what was read is what is
/// checked.
template <class Element, class Row>
MGP_INLINE void forIndices(const char* indices, int64_t step, int64_t n, Context& c, const Element& element,
                           const Row& row) {
  if (c.bad >= 0) return;
  if (step == 0) {
    const int32_t at = *reinterpret_cast<const volatile int32_t*>(indices);
    if (at < 0 || at >= c.size)
      c.bad = c.position;
    else
      row(at * c.stride);
  } else {
    for (int64_t i = 0; i < n; i++) {
      const int32_t at = *reinterpret_cast<const volatile int32_t*>(indices + i * step);
      if (at < 0 || at >= c.size) {
        c.bad = c.position + i;
        return;
      }
      element(i, at * c.stride);
    }
  }
  c.position += n;
}

template <class T>
void gatherRow(char* const* p, const int64_t* step, int64_t n, void* context) {
  char* out = p[0];
  const char* x = p[2];
  forIndices(
      p[1], step[1], n, *static_cast<Context*>(context),
      [&](int64_t i, int64_t at) {
        *reinterpret_cast<T*>(out + i * step[0]) = *reinterpret_cast<const T*>(x + i * step[2] + at);
      },
      [&](int64_t at) {
        if (step[0] == sizeof(T) && step[2] == sizeof(T)) {
          __builtin_memmove(out, x + at, n * sizeof(T));
          return;
        }
        for (int64_t i = 0; i < n; i++)
          *reinterpret_cast<T*>(out + i * step[0]) = *reinterpret_cast<const T*>(x + at + i * step[2]);
      });
}

/// What becomes of an element `a` to which `b` comes.
template <ScatterOp kOp, class T>
MGP_INLINE T combined(T a, T b) {
  if constexpr (kOp == ScatterOp::Set) return b;
  if constexpr (std::is_same_v<T, Bool>)
    return kOp == ScatterOp::Add || kOp == ScatterOp::Max ? Bool{a != Bool{0} || b != Bool{0}}
                                                          : Bool{a != Bool{0} && b != Bool{0}};
  // Integers wrap around, which only unsigned ones may.
  if constexpr (std::is_same_v<T, int32_t> && kOp == ScatterOp::Add)
    return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
  if constexpr (std::is_same_v<T, int32_t> && kOp == ScatterOp::Mul)
    return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
  if constexpr (!std::is_same_v<T, Bool>) {
    if constexpr (kOp == ScatterOp::Add) return static_cast<T>(a + b);
    if constexpr (kOp == ScatterOp::Mul) return static_cast<T>(a * b);
    // A NaN stays, and comes in.
    if (a != a) return a;
    if constexpr (kOp == ScatterOp::Max) return b <= a ? a : b;
    return b >= a ? a : b;
  }
}

template <ScatterOp kOp, class T>
void scatterRow(char* const* p, const int64_t* step, int64_t n, void* context) {
  char* out = p[0];
  const char* src = p[2];
  const auto add = [&](int64_t i, int64_t at) {
    T* to = reinterpret_cast<T*>(out + i * step[0] + at);
    *to = combined<kOp>(*to, *reinterpret_cast<const T*>(src + i * step[2]));
  };
  forIndices(p[1], step[1], n, *static_cast<Context*>(context), add, [&](int64_t at) {
    if (step[0] == sizeof(T) && step[2] == sizeof(T)) {
      T* to = reinterpret_cast<T*>(out + at);
      const T* from = reinterpret_cast<const T*>(src);
      for (int64_t i = 0; i < n; i++) to[i] = combined<kOp>(to[i], from[i]);
      return;
    }
    for (int64_t i = 0; i < n; i++) add(i, at);
  });
}

template <InnerLoop kRow>
int64_t indexed(const Indexed& indexed, int64_t begin, int64_t end) {
  Context context{indexed.size, indexed.stride, begin, -1};
  walk<3>(indexed.nest, begin, end, kRow, &context);
  return context.bad;
}

/// Operand 0 is out, 1 the index.
template <bool kAdds>
void offsetRow(char* const* p, const int64_t* step, int64_t n, void* context) {
  Context& c = *static_cast<Context*>(context);
  if (c.bad >= 0) return;
  for (int64_t i = 0; i < n; i++) {
    const int64_t at = *reinterpret_cast<const volatile int32_t*>(p[1] + i * step[1]);
    if (at < -c.size || at >= c.size) {
      c.bad = c.position + i;
      return;
    }
    int32_t* out = reinterpret_cast<int32_t*>(p[0] + i * step[0]);
    const uint64_t offset = static_cast<uint64_t>((at < 0 ? at + c.size : at) * c.stride);
    *out = static_cast<int32_t>(static_cast<uint32_t>(offset) + (kAdds ? static_cast<uint32_t>(*out) : 0));
  }
  c.position += n;
}

int64_t offsets(const Indexed& indexed, bool adds, int64_t begin, int64_t end) {
  Context context{indexed.size, indexed.stride, begin, -1};
  walk<2>(indexed.nest, begin, end, adds ? offsetRow<true> : offsetRow<false>, &context);
  return context.bad;
}

template <ScatterOp kOp>
void fillScatter(Kernels& table) {
  IndexKernel* const row = table.scatter[index(kOp)];
  row[index(DType::Bool)] = indexed<scatterRow<kOp, Bool>>;
  row[index(DType::UInt8)] = indexed<scatterRow<kOp, uint8_t>>;
  row[index(DType::Int32)] = indexed<scatterRow<kOp, int32_t>>;
  row[index(DType::Float32)] = indexed<scatterRow<kOp, float>>;
  row[index(DType::Float64)] = indexed<scatterRow<kOp, double>>;
}

}  // namespace

void fillIndex(Kernels& table) {
  constexpr int kBool = index(DType::Bool), kUInt8 = index(DType::UInt8), kInt32 = index(DType::Int32),
                kFloat = index(DType::Float32), kDouble = index(DType::Float64);
  table.gather[kBool] = table.gather[kUInt8] = indexed<gatherRow<uint8_t>>;
  table.gather[kInt32] = indexed<gatherRow<int32_t>>;
  table.gather[kFloat] = indexed<gatherRow<float>>;
  table.gather[kDouble] = indexed<gatherRow<double>>;
  fillScatter<ScatterOp::Add>(table);
  fillScatter<ScatterOp::Mul>(table);
  fillScatter<ScatterOp::Max>(table);
  fillScatter<ScatterOp::Min>(table);
  fillScatter<ScatterOp::Set>(table);
  table.indexOffsets = offsets;
}

}  // namespace mgp::MGP_ISA
