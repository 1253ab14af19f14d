#pragma once

// What the inner loops share. Everything is in the namespace of one instruction set and in an anonymous
// namespace, so that no function compiled for AVX-512 can stand in for its baseline twin. For the same reason
// the inner loops call compiler builtins and libm, never functions of the C++ library.

#include <cstdint>
#include <utility>

#include "kernels.h"

#ifndef MGP_ISA
#define MGP_ISA baseline
#endif

#define MGP_INLINE inline __attribute__((always_inline))

namespace mgp::MGP_ISA {
namespace {

/// An element of a bool tensor. A byte and not C++'s bool: JavaScript may have stored any value, and all but
/// 0 is true.
enum class Bool : uint8_t {};

template <class T>
constexpr DType kDType = DType::Bool;
template <>
constexpr DType kDType<uint8_t> = DType::UInt8;
template <>
constexpr DType kDType<int32_t> = DType::Int32;
template <>
constexpr DType kDType<float> = DType::Float32;
template <>
constexpr DType kDType<double> = DType::Float64;

template <class T>
constexpr bool kIsFloat = false;
template <>
constexpr bool kIsFloat<float> = true;
template <>
constexpr bool kIsFloat<double> = true;

template <class E>
constexpr int index(E e) {
  return static_cast<int>(e);
}

/// Vectors as wide as this CPU's registers. Unaligned, since V8 aligns its buffers to 16 bytes at best.
#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif
template <class T>
constexpr int kLanes = kVectorBytes / sizeof(T);
template <class T, int kWidth>
struct VectorOf {
  typedef T type __attribute__((vector_size(kWidth * sizeof(T))));
  typedef T unaligned __attribute__((vector_size(kWidth * sizeof(T)), aligned(alignof(T)), may_alias));
};
template <class T, int kWidth = kLanes<T>>
using Vector = typename VectorOf<T, kWidth>::type;

template <int kWidth, class T>
MGP_INLINE Vector<T, kWidth> load(const T* p) {
  return *reinterpret_cast<const typename VectorOf<T, kWidth>::unaligned*>(p);
}
template <class T>
MGP_INLINE Vector<T> load(const T* p) {
  return load<kLanes<T>>(p);
}
template <int kWidth, class T>
MGP_INLINE void store(T* p, Vector<T, kWidth> v) {
  *reinterpret_cast<typename VectorOf<T, kWidth>::unaligned*>(p) = v;
}
template <class T>
MGP_INLINE void store(T* p, Vector<T> v) {
  store<kLanes<T>>(p, v);
}

/// Joins the two halves of a vector until it is as small as vectors get, and then its lanes one by one. I are
/// the numbers of the lanes of a half.
template <class T, class V, class Join, int... I>
MGP_INLINE T foldHalves(V v, const Join& join, std::integer_sequence<int, I...>) {
  constexpr int kHalf = sizeof...(I);
  if constexpr (sizeof(V) > 16) {
    return foldHalves<T>(
        join(__builtin_shufflevector(v, v, I...), __builtin_shufflevector(v, v, (I + kHalf)...)), join,
        std::make_integer_sequence<int, kHalf / 2>());
  } else {
    T lanes[kHalf] = {join(T(v[I]), T(v[I + kHalf]))...};
    for (int width = kHalf / 2; width > 0; width /= 2)
      for (int l = 0; l < width; l++) lanes[l] = join(lanes[l], lanes[l + width]);
    return lanes[0];
  }
}
template <class T, class Join>
MGP_INLINE T foldLanes(Vector<T> v, const Join& join) {
  return foldHalves<T>(v, join, std::make_integer_sequence<int, kLanes<T> / 2>());
}

/// Keeps a vector in a register. Compilers read it anew for each use otherwise, which is no faster where the
/// reads are what takes the time.
template <class V>
MGP_INLINE void keep(V& v) {
#if defined(__AVX512F__)
  __asm__("" : "+v"(v));
#elif defined(__x86_64__)
  __asm__("" : "+x"(v));
#else
  (void)v;
#endif
}

MGP_INLINE int64_t minimum(int64_t a, int64_t b) { return a < b ? a : b; }
MGP_INLINE int64_t maximum(int64_t a, int64_t b) { return a < b ? b : a; }

/// An innermost loop over n elements of some operands, `step` bytes from one to the next.
using InnerLoop = void (*)(char* const* pointers, const int64_t* step, int64_t n, void* context);

/// Calls `inner` for every stretch of the elements [begin, end) of a nest of N operands along its last
/// dimension.
template <int N>
__attribute__((noinline)) void walk(const Nest& nest, int64_t begin, int64_t end, InnerLoop inner,
                                    void* context = nullptr) {
  const int last = nest.ndim - 1;
  const int64_t length = nest.shape[last];
  char* pointers[N];
  int64_t step[N];
  for (int k = 0; k < N; k++) {
    pointers[k] = nest.data[k];
    step[k] = nest.strides[k][last];
  }
  if (last == 0) {
    for (int k = 0; k < N; k++) pointers[k] += begin * step[k];
    inner(pointers, step, end - begin, context);
    return;
  }
  // Where `begin` lies.
  int64_t position[kMaxDims];
  int64_t rest = begin;
  for (int i = last; i >= 0; i--) {
    position[i] = rest % nest.shape[i];
    rest /= nest.shape[i];
    for (int k = 0; k < N; k++) pointers[k] += position[i] * nest.strides[k][i];
  }
  while (begin < end) {
    const int64_t n = minimum(length - position[last], end - begin);
    inner(pointers, step, n, context);
    begin += n;
    for (int k = 0; k < N; k++) pointers[k] -= position[last] * step[k];
    position[last] = 0;
    for (int i = last - 1; i >= 0; i--) {
      for (int k = 0; k < N; k++) pointers[k] += nest.strides[k][i];
      if (++position[i] < nest.shape[i]) break;
      for (int k = 0; k < N; k++) pointers[k] -= nest.shape[i] * nest.strides[k][i];
      position[i] = 0;
    }
  }
}

}  // namespace
}  // namespace mgp::MGP_ISA
