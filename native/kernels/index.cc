// gather and scatterAdd. indexSelect and indexAdd are the same walks with an index that is repeated along the
// slices.

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

template <class T>
MGP_INLINE T added(T a, T b) {
  return static_cast<T>(a + b);
}
MGP_INLINE Bool added(Bool a, Bool b) { return Bool{a != Bool{0} || b != Bool{0}}; }

template <class T>
void scatterAddRow(char* const* p, const int64_t* step, int64_t n, void* context) {
  char* out = p[0];
  const char* src = p[2];
  const auto add = [&](int64_t i, int64_t at) {
    T* to = reinterpret_cast<T*>(out + i * step[0] + at);
    *to = added(*to, *reinterpret_cast<const T*>(src + i * step[2]));
  };
  forIndices(p[1], step[1], n, *static_cast<Context*>(context), add, [&](int64_t at) {
    if (step[0] == sizeof(T) && step[2] == sizeof(T)) {
      T* to = reinterpret_cast<T*>(out + at);
      const T* from = reinterpret_cast<const T*>(src);
      for (int64_t i = 0; i < n; i++) to[i] = added(to[i], from[i]);
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

}  // namespace

void fillIndex(Kernels& table) {
  constexpr int kBool = index(DType::Bool), kUInt8 = index(DType::UInt8), kInt32 = index(DType::Int32),
                kFloat = index(DType::Float32), kDouble = index(DType::Float64);
  table.gather[kBool] = table.gather[kUInt8] = indexed<gatherRow<uint8_t>>;
  table.gather[kInt32] = indexed<gatherRow<int32_t>>;
  table.gather[kFloat] = indexed<gatherRow<float>>;
  table.gather[kDouble] = indexed<gatherRow<double>>;
  table.scatterAdd[kBool] = indexed<scatterAddRow<Bool>>;
  table.scatterAdd[kUInt8] = indexed<scatterAddRow<uint8_t>>;
  table.scatterAdd[kInt32] = indexed<scatterAddRow<uint32_t>>;
  table.scatterAdd[kFloat] = indexed<scatterAddRow<float>>;
  table.scatterAdd[kDouble] = indexed<scatterAddRow<double>>;
}

}  // namespace mgp::MGP_ISA
