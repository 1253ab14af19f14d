// Matrix products: the only file that knows BLAS, but for lapack.cc.

#include <cblas.h>

#include <algorithm>
#include <climits>

#include "blas.h"
#include "entries.h"
#include "nest.h"
#include "parallel.h"

namespace mgp {

namespace {

constexpr CBLAS_TRANSPOSE flag(bool transposed) { return transposed ? CblasTrans : CblasNoTrans; }

int narrow(int64_t x) { return static_cast<int>(x); }

/// BLAS's functions, by type.
template <class T>
constexpr auto kGemm = cblas_sgemm;
template <>
constexpr auto kGemm<double> = cblas_dgemm;
template <class T>
constexpr auto kGemv = cblas_sgemv;
template <>
constexpr auto kGemv<double> = cblas_dgemv;

/// y (rows), `step` apart, += A (rows, columns) · x.
template <class T>
void addProduct(int64_t rows, int64_t columns, Matrix<T> a, const T* x, int64_t stepX, T* y, int64_t stepY) {
  // As it lies in memory.
  const int64_t height = a.transposed ? columns : rows, width = a.transposed ? rows : columns;
  kGemv<T>(CblasRowMajor, flag(a.transposed), narrow(height), narrow(width), T(1), a.data, narrow(a.ld), x,
           narrow(stepX), T(1), y, narrow(stepY));
}

template <class T>
void multiply(int64_t m, int64_t n, int64_t k, Matrix<T> a, Matrix<T> b, T* c, int64_t ldc, bool accumulate) {
  if (m == 0 || n == 0) return;
  const auto lock = blasAlone();
  // Products with a vector, in which gemm would spend its time on packing the matrix; and those that BLAS
  // does not define.
  if (m == 1 || n == 1 || k == 0) {
    if (!accumulate)
      for (int64_t i = 0; i < m; i++) std::fill_n(c + i * ldc, n, T(0));
    if (k == 0) return;
    if (n == 1)
      addProduct(m, k, a, b.data, b.transposed ? 1 : b.ld, c, ldc);
    else
      addProduct(n, k, Matrix<T>{b.data, b.ld, !b.transposed}, a.data, a.transposed ? a.ld : 1, c, 1);
    return;
  }
  kGemm<T>(CblasRowMajor, flag(a.transposed), flag(b.transposed), narrow(m), narrow(n), narrow(k), T(1),
           a.data, narrow(a.ld), b.data, narrow(b.ld), accumulate ? T(1) : T(0), c, narrow(ldc));
}

}  // namespace

std::unique_lock<std::mutex> blasAlone() {
#if !defined(MGP_WRAP_BLAS_MEMORY)
  static std::mutex* const leaked = new std::mutex;
  static const bool needed = openblas_get_parallel() == OPENBLAS_SEQUENTIAL;
  if (needed) return std::unique_lock(*leaked);
#endif
  return {};
}

void gemm(int64_t m, int64_t n, int64_t k, Matrix<float> a, Matrix<float> b, float* c, int64_t ldc,
          bool accumulate) {
  multiply(m, n, k, a, b, c, ldc, accumulate);
}
void gemm(int64_t m, int64_t n, int64_t k, Matrix<double> a, Matrix<double> b, double* c, int64_t ldc,
          bool accumulate) {
  multiply(m, n, k, a, b, c, ldc, accumulate);
}

const char* blasCore() { return openblas_get_corename(); }
const char* blasConfig() { return openblas_get_config(); }
const char* blasThreading() {
  const int parallel = openblas_get_parallel();
  return parallel == OPENBLAS_SEQUENTIAL ? "none" : parallel == OPENBLAS_OPENMP ? "OpenMP" : "pthreads";
}

void useOneBlasThread() {
  if (openblas_get_parallel() != OPENBLAS_SEQUENTIAL) openblas_set_num_threads(1);
}

namespace {

/// Multiplications a thread should have at least: some microseconds.
constexpr int64_t kGrain = 1 << 18;

/// The arguments of one matmul. `batch` is a nest over the products: out (contiguous), a, b.
struct Product {
  Nest batch;
  int64_t batches, m, n, k;
  int64_t lda, ldb;
  bool transA, transB;
  const char* bias;  // (n), or null.
};

/// How BLAS can read a (rows, columns) matrix with these strides, in elements.
void layout(const Call& call, const char* name, int64_t rows, int64_t columns, int64_t rowStride,
            int64_t columnStride, int64_t* ld, bool* transposed) {
  // A dimension of size 1 is never walked: it may carry any stride.
  if (columns <= 1) columnStride = 1;
  if (rows <= 1) rowStride = columnStride == 1 ? columns : 1;
  *transposed = columnStride != 1 || rowStride < columns;
  if (*transposed && (rowStride != 1 || columnStride < rows))
    call.rangeError(std::string(name) + ": expected rows or columns without gaps, got strides (" +
                    std::to_string(rowStride) + ", " + std::to_string(columnStride) + ") for (" +
                    std::to_string(rows) + ", " + std::to_string(columns) + ")");
  *ld = std::max<int64_t>(1, *transposed ? columnStride : rowStride);
  if (*ld > INT_MAX) call.rangeError(std::string(name) + ": rows lie too far apart for BLAS");
}

/// Reads the matrices of one operand, and sets up its part of the nest.
DType readMatrices(Call& call, Product& p, int slot, const char* name, int64_t rows, int64_t columns,
                   int64_t* ld, bool* transposed) {
  int64_t shape[kMaxDims], strides[kMaxDims], length;
  const int ndim = p.batch.ndim;
  std::copy_n(p.batch.shape, ndim, shape);
  shape[ndim] = rows;
  shape[ndim + 1] = columns;
  const DType dtype = call.dtype("dtype");
  p.batch.data[slot] = call.strided(slot - 1, name, dtype, ndim + 2, shape, strides, &length);
  for (int i = 0; i < ndim; i++) p.batch.strides[slot][i] = strides[i] * itemSize(dtype);
  layout(call, name, rows, columns, strides[ndim], strides[ndim + 1], ld, transposed);
  return dtype;
}

/// Many products with the same B, and the A below each other, are one product.
template <class T>
void stackRows(Product& p) {
  const Nest& batch = p.batch;
  if (batch.ndim != 1 || p.transA || batch.strides[2][0] != 0 || p.batches * p.m > INT_MAX) return;
  if (batch.strides[1][0] != p.m * p.lda * static_cast<int64_t>(sizeof(T))) return;
  p.m *= p.batches;
  p.batches = 1;
  p.batch.shape[0] = 1;
}

/// Rows and columns [m0, m1) × [n0, n1) of product number `index`.
template <class T>
void multiplyPart(const Product& p, int64_t index, int64_t m0, int64_t m1, int64_t n0, int64_t n1) {
  const char* data[3] = {p.batch.data[0], p.batch.data[1], p.batch.data[2]};
  for (int i = p.batch.ndim - 1; i >= 0; i--) {
    for (int slot = 0; slot < 3; slot++) data[slot] += index % p.batch.shape[i] * p.batch.strides[slot][i];
    index /= p.batch.shape[i];
  }
  T* const out = reinterpret_cast<T*>(const_cast<char*>(data[0])) + m0 * p.n + n0;
  const T* const a = reinterpret_cast<const T*>(data[1]) + m0 * (p.transA ? 1 : p.lda);
  const T* const b = reinterpret_cast<const T*>(data[2]) + n0 * (p.transB ? p.ldb : 1);
  if (p.bias) {
    const T* const bias = reinterpret_cast<const T*>(p.bias) + n0;
    for (int64_t i = 0; i < m1 - m0; i++) std::copy_n(bias, n1 - n0, out + i * p.n);
  }
  gemm(m1 - m0, n1 - n0, p.k, Matrix<T>{a, p.lda, p.transA}, Matrix<T>{b, p.ldb, p.transB}, out, p.n,
       p.bias != nullptr);
}

template <class T>
void multiplyAll(Product& p) {
  stackRows<T>(p);
  const int64_t work = std::max<int64_t>(1, p.m * p.n * std::max<int64_t>(1, p.k));
  const int threads = numThreads();
  if (work < 2 * kGrain || p.batches >= 2 * threads) {
    const int64_t grain = std::max<int64_t>(1, kGrain / work);
    parallelFor(p.batches, grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) multiplyPart<T>(p, i, 0, p.m, 0, p.n);
    });
    return;
  }
  // Pieces of the longer side. One a thread, for BLAS packs the other side anew for every piece; but where a
  // side is short as small ones as are worth a call, which BLAS multiplies without packing anything.
  constexpr int64_t kShort = 32;
  const bool byRows = p.m >= p.n, isNarrow = std::min({p.m, p.n, p.k}) <= kShort;
  const int64_t length = byRows ? p.m : p.n;
  const int64_t least = std::max<int64_t>(1, kGrain / (work / length));
  const int64_t share = isNarrow ? least : std::max((length + threads - 1) / threads, least);
  const int64_t piece = (share + 15) / 16 * 16;
  for (int64_t i = 0; i < p.batches; i++)
    parallelFor(length, piece, [&](int64_t begin, int64_t end) {
      for (; begin < end; begin += piece) {
        const int64_t last = std::min(end, begin + piece);
        if (byRows)
          multiplyPart<T>(p, i, begin, last, 0, p.n);
        else
          multiplyPart<T>(p, i, 0, p.m, begin, last);
      }
    });
}

}  // namespace

/// Block: whether there is a bias, shape of out (batch, m, n), k, then a and b with strides over batch, rows
/// and columns, bias, and out. Buffers: a, b, bias, out.
void matmul(Call& call) {
  call.setOp("matmul");
  Product p;
  const bool biased = call.flag("bias");
  const int64_t count = call.shape(p.batch);
  if (p.batch.ndim < 2) call.rangeError("out: expected at least 2 dimensions");
  p.k = call.size("k");
  p.n = p.batch.shape[--p.batch.ndim];
  p.m = p.batch.shape[--p.batch.ndim];
  if (std::max({p.m, p.n, p.k}) > INT_MAX) call.rangeError("sizes do not fit BLAS");
  const DType dtype = readMatrices(call, p, 1, "a", p.m, p.k, &p.lda, &p.transA);
  call.sameDType("b", dtype, readMatrices(call, p, 2, "b", p.k, p.n, &p.ldb, &p.transB));
  p.bias = biased ? call.contiguous(2, "bias", p.n, dtype) : nullptr;
  p.batch.data[0] = call.contiguous(biased ? 3 : 2, "out", count, dtype);
  if (dtype != DType::Float32 && dtype != DType::Float64) call.unsupported(dtype);
  if (count == 0) return;
  p.batches = count / (p.m * p.n);
  int64_t stride = p.m * p.n * itemSize(dtype);
  for (int i = p.batch.ndim - 1; i >= 0; i--) {
    p.batch.strides[0][i] = stride;
    stride *= p.batch.shape[i];
  }
  coalesce(p.batch, 3);
  if (dtype == DType::Float32)
    multiplyAll<float>(p);
  else
    multiplyAll<double>(p);
}

}  // namespace mgp
