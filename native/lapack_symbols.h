#pragma once

// The functions of LAPACK and BLAS that lapack.cc calls, by their Fortran names. Matrices lie column by
// column.

#include <cstddef>
#include <cstring>

extern "C" {

#define MGP_LAPACK(T, P)                                                                                   \
  void P##potrf_(const char* uplo, const int* n, T* a, const int* lda, int* info, size_t);                 \
  void P##getrf_(const int* m, const int* n, T* a, const int* lda, int* pivots, int* info);                \
  void P##geqrf_(const int* m, const int* n, T* a, const int* lda, T* tau, T* work, const int* lwork,      \
                 int* info);                                                                               \
  void P##orgqr_(const int* m, const int* n, const int* k, T* a, const int* lda, const T* tau, T* work,    \
                 const int* lwork, int* info);                                                             \
  void P##gesdd_(const char* jobz, const int* m, const int* n, T* a, const int* lda, T* s, T* u,           \
                 const int* ldu, T* vt, const int* ldvt, T* work, const int* lwork, int* iwork, int* info, \
                 size_t);                                                                                  \
  void P##syevd_(const char* jobz, const char* uplo, const int* n, T* a, const int* lda, T* w, T* work,    \
                 const int* lwork, int* iwork, const int* liwork, int* info, size_t, size_t);              \
  void P##trsm_(const char* side, const char* uplo, const char* trans, const char* diag, const int* m,     \
                const int* n, const T* alpha, const T* a, const int* lda, T* b, const int* ldb, size_t,    \
                size_t, size_t, size_t);

MGP_LAPACK(float, s)
MGP_LAPACK(double, d)
#undef MGP_LAPACK

// All that a static LAPACK wants of gfortran's library: dest = a and b, then blanks. Weak, should that be
// linked.
__attribute__((weak)) void _gfortran_concat_string(size_t length, char* dest, size_t lengthA, const char* a,
                                                   size_t lengthB, const char* b) {
  std::memset(dest, ' ', length);
  const size_t first = lengthA < length ? lengthA : length;
  std::memcpy(dest, a, first);
  std::memcpy(dest + first, b, lengthB < length - first ? lengthB : length - first);
}
}

namespace mgp {

/// By type.
template <class T>
struct Lapack;

#define MGP_LAPACK(T, P)                     \
  template <>                                \
  struct Lapack<T> {                         \
    static constexpr auto potrf = P##potrf_; \
    static constexpr auto getrf = P##getrf_; \
    static constexpr auto geqrf = P##geqrf_; \
    static constexpr auto orgqr = P##orgqr_; \
    static constexpr auto gesdd = P##gesdd_; \
    static constexpr auto syevd = P##syevd_; \
    static constexpr auto trsm = P##trsm_;   \
  };

MGP_LAPACK(float, s)
MGP_LAPACK(double, d)
#undef MGP_LAPACK

#define MGP_LAPACK(P)                                                         \
  reinterpret_cast<void*>(P##potrf_), reinterpret_cast<void*>(P##getrf_),     \
      reinterpret_cast<void*>(P##geqrf_), reinterpret_cast<void*>(P##orgqr_), \
      reinterpret_cast<void*>(P##gesdd_), reinterpret_cast<void*>(P##syevd_), \
      reinterpret_cast<void*>(P##trsm_)

/// All of them: whether they can be linked is tried with these.
inline void* const lapackSymbols[] = {MGP_LAPACK(s), MGP_LAPACK(d)};
#undef MGP_LAPACK

}  // namespace mgp
