#pragma once

#include <cstdint>
#include <mutex>

namespace mgp {

/// A matrix as gemm takes it: rows `ld` elements apart, or columns where it is `transposed`.
template <class T>
struct Matrix {
  const T* data;
  int64_t ld;
  bool transposed;
};

/// C (m, n), rows ldc apart, = A (m, k) · B (k, n), plus C itself with `accumulate`. On this thread only.
/// Sizes and leading dimensions fit an int.
void gemm(int64_t m, int64_t n, int64_t k, Matrix<float> a, Matrix<float> b, float* c, int64_t ldc,
          bool accumulate);
void gemm(int64_t m, int64_t n, int64_t k, Matrix<double> a, Matrix<double> b, double* c, int64_t ldc,
          bool accumulate);

/// To be held while BLAS or LAPACK is called, where only one thread at a time may: see blas_memory.cc.
std::unique_lock<std::mutex> blasAlone();

/// Whether OpenBLAS came with LAPACK.
bool hasLapack();

/// Keeps an OpenBLAS that has threads of its own to one: those of this addon's pool call it side by side.
void useOneBlasThread();

/// Which of OpenBLAS's kernels run here, how it was built, and what threads it has.
const char* blasCore();
const char* blasConfig();
const char* blasThreading();

}  // namespace mgp
