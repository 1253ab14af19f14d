// Decompositions and solvers: the only file that calls LAPACK.
//
// Our matrices lie row by row, LAPACK's column by column: it sees the transpose of each. Where that makes
// another problem of the same kind (a lower triangle is an upper one, A = UΣVᵀ is Aᵀ = VΣUᵀ), it is told so
// and nothing is moved.

#include <algorithm>
#include <atomic>
#include <climits>
#include <cmath>
#include <limits>
#include <new>

#include "blas.h"
#include "entries.h"
#include "lapack_symbols.h"
#include "parallel.h"
#include "scratch.h"

namespace mgp {

#if !defined(MGP_HAS_LAPACK)

// JavaScript asks before it calls.
bool hasLapack() { return false; }
namespace {
[[noreturn]] void missing(Call& call) { call.rangeError("this build has no LAPACK"); }
}  // namespace
void cholesky(Call& call) { missing(call); }
void lu(Call& call) { missing(call); }
void luSolve(Call& call) { missing(call); }
void triangularSolve(Call& call) { missing(call); }
void householder(Call& call) { missing(call); }
void householderProduct(Call& call) { missing(call); }
void svd(Call& call) { missing(call); }
void eigh(Call& call) { missing(call); }

#else

bool hasLapack() { return true; }

namespace {

/// Multiplications a thread should have at least.
constexpr int64_t kGrain = 1 << 16;

/// A number of matrices, and their sizes, which fit an int.
struct Batch {
  int64_t count, rows, columns;
  int m() const { return static_cast<int>(rows); }
  int n() const { return static_cast<int>(columns); }
};

int64_t readSize(Call& call, const char* name) {
  const int64_t size = call.size(name);
  if (size > INT_MAX) call.rangeError(std::string(name) + ": does not fit LAPACK");
  return size;
}

Batch readBatch(Call& call) {
  const int64_t count = call.size("matrices");
  const int64_t rows = readSize(call, "rows");
  return {count, rows, readSize(call, "columns")};
}

/// Calls `body(i, memory)` for every matrix, on several threads, with so many bytes of working memory.
template <class Body>
void forMatrices(int64_t count, int64_t work, size_t bytes, const Body& body) {
  std::atomic<bool> isFull{false};
  const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, work));
  parallelFor(count, grain, [&](int64_t begin, int64_t end) {
    void* const memory = scratch(bytes);
    if (!memory) {
      isFull = true;
      return;
    }
    const auto lock = blasAlone();
    for (int64_t i = begin; i < end; i++) body(i, memory);
  });
  if (isFull) throw std::bad_alloc();
}

/// The first matrix that something was wrong with.
class First {
 public:
  void fail(int64_t i) {
    int64_t known = first_.load();
    while (i < known && !first_.compare_exchange_weak(known, i)) {
    }
  }
  double value() const { return first_ == INT64_MAX ? -1 : static_cast<double>(first_.load()); }

 private:
  std::atomic<int64_t> first_{INT64_MAX};
};

template <class T>
bool isFinite(const T* x, int64_t count) {
  return std::all_of(x, x + count, [](T value) { return std::isfinite(value); });
}

template <class T>
constexpr T kNaN = std::numeric_limits<T>::quiet_NaN();

/// to (columns, rows) = the transpose of from (rows, columns), by tiles that the caches hold.
template <class T>
void transpose(int64_t rows, int64_t columns, const T* from, T* to) {
  constexpr int64_t kTile = 16;
  for (int64_t i0 = 0; i0 < rows; i0 += kTile)
    for (int64_t j0 = 0; j0 < columns; j0 += kTile)
      for (int64_t i = i0; i < std::min(i0 + kTile, rows); i++)
        for (int64_t j = j0; j < std::min(j0 + kTile, columns); j++) to[j * rows + i] = from[i * columns + j];
}

template <class T>
void transposeSquare(int64_t n, T* x) {
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < i; j++) std::swap(x[i * n + j], x[j * n + i]);
}

/// The length of the working memory that LAPACK asks for.
template <class T>
int lengthOf(const Call& call, T answer) {
  // float32 rounds large numbers, perhaps down. Those that LAPACK's own arithmetic cannot hold come out
  // negative.
  const double length = std::ceil(static_cast<double>(answer) * 1.0000002);
  if (!(length >= 0 && length <= INT_MAX)) call.rangeError("the matrix is too large for LAPACK");
  return std::max(1, static_cast<int>(length));
}

/// op(A) X = B in place, A (n, n) triangular, B (n, columns).
template <class T>
void solveTriangle(const T* a, T* b, int n, int columns, bool isUpper, bool isTransposed, bool isUnit) {
  // LAPACK sees Xᵀ op(A)ᵀ = Bᵀ.
  const T one = 1;
  Lapack<T>::trsm("R", isUpper ? "L" : "U", isTransposed ? "T" : "N", isUnit ? "U" : "N", &columns, &n, &one,
                  a, &n, b, &columns, 1, 1, 1, 1);
}

}  // namespace

/// Block: matrices, rows, columns, whether there is info, then a, out, info. Buffers in the same order.
/// Returns the first matrix that is not positive-definite, or -1; always that with info.
void cholesky(Call& call) {
  call.setOp("cholesky");
  const Batch batch = readBatch(call);
  const bool hasInfo = call.flag("info");
  const int n = batch.n();
  const int64_t size = call.product("a", {batch.columns, batch.columns}),
                count = call.product("a", {batch.count, size});
  DType dtype;
  const char* const a = call.contiguous(0, "a", count, &dtype);
  char* const out = call.contiguous(1, "out", count, dtype);
  auto* const info =
      hasInfo ? reinterpret_cast<int32_t*>(call.contiguous(2, "info", batch.count, DType::Int32)) : nullptr;
  First first;
  if (batch.count == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    forMatrices(batch.count, size * n / 3, 1, [&](int64_t i, void*) {
      const T* const from = reinterpret_cast<const T*>(a) + i * size;
      T* const to = reinterpret_cast<T*>(out) + i * size;
      int status = 0;
      for (int64_t row = 0; row < n; row++) {
        std::copy_n(from + row * n, row + 1, to + row * n);
        std::fill(to + row * n + row + 1, to + (row + 1) * n, T(0));
        if (status == 0 && !isFinite(from + row * n, row + 1)) status = static_cast<int>(row) + 1;
      }
      if (n > 0 && status == 0) Lapack<T>::potrf("U", &n, to, &n, &status, 1);
      if (info) info[i] = status;
      if (status == 0) return;
      std::fill_n(to, size, kNaN<T>);
      if (!info) first.fail(i);
    });
  });
  call.returns(first.value());
}

/// Block: matrices, rows, columns, whether there is info, then a, out, pivots, info. Buffers in the same
/// order. Returns the first matrix that is singular, or -1; always that with info.
void lu(Call& call) {
  call.setOp("lu");
  const Batch batch = readBatch(call);
  const bool hasInfo = call.flag("info");
  const int m = batch.m(), n = batch.n(), k = std::min(m, n);
  const int64_t size = call.product("a", {batch.rows, batch.columns}),
                count = call.product("a", {batch.count, size});
  DType dtype;
  const char* const a = call.contiguous(0, "a", count, &dtype);
  char* const out = call.contiguous(1, "out", count, dtype);
  auto* const pivots =
      reinterpret_cast<int32_t*>(call.contiguous(2, "pivots", batch.count * k, DType::Int32));
  auto* const info =
      hasInfo ? reinterpret_cast<int32_t*>(call.contiguous(3, "info", batch.count, DType::Int32)) : nullptr;
  First first;
  if (batch.count == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    forMatrices(batch.count, size * k, static_cast<size_t>(size) * sizeof(T), [&](int64_t i, void* memory) {
      const T* const from = reinterpret_cast<const T*>(a) + i * size;
      T* const to = reinterpret_cast<T*>(out) + i * size;
      T* const columns = static_cast<T*>(memory);
      int status = 0;
      if (isFinite(from, size)) {
        transpose(m, n, from, columns);
        if (k > 0) Lapack<T>::getrf(&m, &n, columns, &m, pivots + i * k, &status);
        transpose(n, m, columns, to);
      } else {
        std::fill_n(to, size, kNaN<T>);
        for (int row = 0; row < k; row++) pivots[i * k + row] = row + 1;
      }
      if (info)
        info[i] = status;
      else if (status > 0)
        first.fail(i);
    });
  });
  call.returns(first.value());
}

/// Block: matrices, rows, columns of b, whether A is transposed, then lu, pivots, b, out. Buffers in the same
/// order. Returns the first bad pivot, or -1.
void luSolve(Call& call) {
  call.setOp("luSolve");
  const Batch batch = readBatch(call);
  const bool isTransposed = call.flag("transposed");
  const int n = batch.m(), columns = batch.n();
  const int64_t size = call.product("a", {batch.rows, batch.rows}),
                sizeB = call.product("b", {batch.rows, batch.columns});
  DType dtype;
  const char* const factors = call.contiguous(0, "lu", call.product("lu", {batch.count, size}), &dtype);
  const auto* const pivots = reinterpret_cast<const int32_t*>(
      call.contiguous(1, "pivots", call.product("pivots", {batch.count, batch.rows}), DType::Int32));
  const char* const b = call.contiguous(2, "b", call.product("b", {batch.count, sizeB}), dtype);
  char* const out = call.contiguous(3, "out", batch.count * sizeB, dtype);
  for (int64_t i = 0; i < batch.count * n; i++)
    if (pivots[i] < 1 || pivots[i] > n) {
      call.returns(static_cast<double>(i));
      return;
    }
  if (sizeB == 0) return;
  if (batch.count == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    forMatrices(batch.count, size * columns, 1, [&](int64_t i, void*) {
      const T* const a = reinterpret_cast<const T*>(factors) + i * size;
      T* const x = reinterpret_cast<T*>(out) + i * sizeB;
      std::copy_n(reinterpret_cast<const T*>(b) + i * sizeB, sizeB, x);
      const auto swap = [&](int row) {
        const int other = pivots[i * n + row] - 1;
        if (other != row)
          std::swap_ranges(x + int64_t{row} * columns, x + int64_t{row + 1} * columns,
                           x + int64_t{other} * columns);
      };
      if (isTransposed) {
        solveTriangle(a, x, n, columns, true, true, false);
        solveTriangle(a, x, n, columns, false, true, true);
        for (int row = n - 1; row >= 0; row--) swap(row);
      } else {
        for (int row = 0; row < n; row++) swap(row);
        solveTriangle(a, x, n, columns, false, false, true);
        solveTriangle(a, x, n, columns, true, false, false);
      }
    });
  });
}

/// Block: matrices, rows, columns of b, upper, transposed, unit, then a, b, out. Buffers in the same order.
void triangularSolve(Call& call) {
  call.setOp("triangularSolve");
  const Batch batch = readBatch(call);
  const bool isUpper = call.flag("upper"), isTransposed = call.flag("transposed"), isUnit = call.flag("unit");
  const int n = batch.m(), columns = batch.n();
  const int64_t size = call.product("a", {batch.rows, batch.rows}),
                sizeB = call.product("b", {batch.rows, batch.columns});
  DType dtype;
  const char* const matrices = call.contiguous(0, "a", call.product("a", {batch.count, size}), &dtype);
  const char* const b = call.contiguous(1, "b", call.product("b", {batch.count, sizeB}), dtype);
  char* const out = call.contiguous(2, "out", batch.count * sizeB, dtype);
  if (sizeB == 0) return;
  if (batch.count == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    forMatrices(batch.count, size * columns / 2, 1, [&](int64_t i, void*) {
      T* const x = reinterpret_cast<T*>(out) + i * sizeB;
      std::copy_n(reinterpret_cast<const T*>(b) + i * sizeB, sizeB, x);
      solveTriangle(reinterpret_cast<const T*>(matrices) + i * size, x, n, columns, isUpper, isTransposed,
                    isUnit);
    });
  });
}

/// Block: matrices, rows, columns, then a, out, tau. Buffers in the same order.
void householder(Call& call) {
  call.setOp("householder");
  const Batch batch = readBatch(call);
  const int m = batch.m(), n = batch.n(), k = std::min(m, n);
  const int64_t size = call.product("a", {batch.rows, batch.columns}),
                count = call.product("a", {batch.count, size});
  DType dtype;
  const char* const a = call.contiguous(0, "a", count, &dtype);
  char* const out = call.contiguous(1, "out", count, dtype);
  char* const taus = call.contiguous(2, "tau", batch.count * k, dtype);
  if (k == 0) return;
  if (batch.count == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    T answer;
    int status, length = -1;
    Lapack<T>::geqrf(&m, &n, &answer, &m, &answer, &answer, &length, &status);
    length = lengthOf(call, answer);
    forMatrices(
        batch.count, size * k, static_cast<size_t>(size + length) * sizeof(T), [&](int64_t i, void* memory) {
          T *const columns = static_cast<T*>(memory), *const work = columns + size;
          transpose(m, n, reinterpret_cast<const T*>(a) + i * size, columns);
          int done;
          Lapack<T>::geqrf(&m, &n, columns, &m, reinterpret_cast<T*>(taus) + i * k, work, &length, &done);
          transpose(n, m, columns, reinterpret_cast<T*>(out) + i * size);
        });
  });
}

/// Block: matrices, rows, columns, number of reflectors, then a, tau, out. Buffers in the same order.
void householderProduct(Call& call) {
  call.setOp("householderProduct");
  const Batch batch = readBatch(call);
  const int m = batch.m(), n = batch.n();
  const int k = static_cast<int>(call.integer("reflectors", 0, std::min(m, n)));
  if (n > m) call.rangeError("a: expected at most as many columns as rows");
  const int64_t size = call.product("a", {batch.rows, batch.columns}),
                count = call.product("a", {batch.count, size});
  DType dtype;
  const char* const a = call.contiguous(0, "a", count, &dtype);
  const char* const taus = call.contiguous(1, "tau", batch.count * k, dtype);
  char* const out = call.contiguous(2, "out", count, dtype);
  if (size == 0) return;
  if (batch.count == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    T answer;
    int status, length = -1;
    Lapack<T>::orgqr(&m, &n, &k, &answer, &m, &answer, &answer, &length, &status);
    length = lengthOf(call, answer);
    forMatrices(batch.count, size * std::max(k, 1), static_cast<size_t>(size + length) * sizeof(T),
                [&](int64_t i, void* memory) {
                  T *const columns = static_cast<T*>(memory), *const work = columns + size;
                  transpose(m, n, reinterpret_cast<const T*>(a) + i * size, columns);
                  int done;
                  Lapack<T>::orgqr(&m, &n, &k, columns, &m, reinterpret_cast<const T*>(taus) + i * k, work,
                                   &length, &done);
                  transpose(n, m, columns, reinterpret_cast<T*>(out) + i * size);
                });
  });
}

/// Block: matrices, rows, columns, which vectors (0 none, 1 as many as values, 2 all), then a, s, u, vh.
/// Buffers in the same order. Returns the first matrix that is not finite, or did not converge, or -1.
void svd(Call& call) {
  call.setOp("svd");
  const Batch batch = readBatch(call);
  const int64_t vectors = call.integer("vectors", 0, 2);
  const int m = batch.m(), n = batch.n(), k = std::min(m, n);
  const int64_t size = call.product("a", {batch.rows, batch.columns});
  const int64_t widthU = vectors == 2 ? m : k, heightV = vectors == 2 ? n : k;
  DType dtype;
  const char* const a = call.contiguous(0, "a", call.product("a", {batch.count, size}), &dtype);
  char* const s = call.contiguous(1, "s", batch.count * k, dtype);
  char *u = nullptr, *vh = nullptr;
  if (vectors > 0) {
    u = call.contiguous(2, "u", call.product("u", {batch.count, batch.rows, widthU}), dtype);
    vh = call.contiguous(3, "vh", call.product("vh", {batch.count, batch.columns, heightV}), dtype);
  }
  if (k == 0 && vectors == 2 && batch.count > 0 && m + n > 0)
    call.rangeError("all vectors of empty matrices are not computed");
  if (k == 0) return;
  First first;
  if (batch.count == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    // LAPACK sees Aᵀ = V S Uᵀ: its u is our vh, its vt our u.
    const char* const job = vectors == 0 ? "N" : vectors == 1 ? "S" : "A";
    const int ldvt = static_cast<int>(widthU);
    T answer;
    int status, length = -1, none;
    Lapack<T>::gesdd(job, &n, &m, &answer, &n, &answer, &answer, &n, &answer, &ldvt, &answer, &length, &none,
                     &status, 1);
    length = lengthOf(call, answer);
    const size_t bytes =
        static_cast<size_t>(size + length) * sizeof(T) + 8 * sizeof(int) * static_cast<size_t>(k);
    forMatrices(batch.count, 8 * size * k, bytes, [&](int64_t i, void* memory) {
      T *const copy = static_cast<T*>(memory), *const work = copy + size;
      const T* const from = reinterpret_cast<const T*>(a) + i * size;
      if (!isFinite(from, size)) {
        first.fail(i);
        return;
      }
      std::copy_n(from, size, copy);
      int done;
      T unused;
      Lapack<T>::gesdd(job, &n, &m, copy, &n, reinterpret_cast<T*>(s) + i * k,
                       vh ? reinterpret_cast<T*>(vh) + i * n * heightV : &unused, &n,
                       u ? reinterpret_cast<T*>(u) + i * m * widthU : &unused, &ldvt, work, &length,
                       reinterpret_cast<int*>(work + length), &done, 1);
      if (done != 0) first.fail(i);
    });
  });
  call.returns(first.value());
}

/// Block: matrices, rows, columns, whether vectors are wanted, then a, values, vectors. Buffers in the same
/// order. Returns the first matrix that is not finite, or did not converge, or -1.
void eigh(Call& call) {
  call.setOp("eigh");
  const Batch batch = readBatch(call);
  const bool hasVectors = call.flag("vectors");
  const int n = batch.n();
  const int64_t size = call.product("a", {batch.columns, batch.columns}),
                count = call.product("a", {batch.count, size});
  DType dtype;
  const char* const a = call.contiguous(0, "a", count, &dtype);
  char* const values = call.contiguous(1, "values", batch.count * n, dtype);
  char* const vectors = hasVectors ? call.contiguous(2, "vectors", count, dtype) : nullptr;
  if (n == 0) return;
  First first;
  if (batch.count == 0) return;
  forFloat(call, dtype, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    const char* const job = hasVectors ? "V" : "N";
    T answer;
    int status, length = -1, integers = -1, wanted;
    Lapack<T>::syevd(job, "U", &n, &answer, &n, &answer, &answer, &length, &wanted, &integers, &status, 1, 1);
    length = lengthOf(call, answer);
    integers = std::max(1, wanted);
    const size_t bytes =
        static_cast<size_t>(size + length) * sizeof(T) + static_cast<size_t>(integers) * sizeof(int);
    forMatrices(batch.count, 8 * size * n, bytes, [&](int64_t i, void* memory) {
      T* const work = static_cast<T*>(memory) + size;
      T* const to = hasVectors ? reinterpret_cast<T*>(vectors) + i * size : static_cast<T*>(memory);
      const T* const from = reinterpret_cast<const T*>(a) + i * size;
      bool isGood = true;
      for (int64_t row = 0; row < n; row++) {
        std::copy_n(from + row * n, row + 1, to + row * n);
        isGood = isGood && isFinite(from + row * n, row + 1);
      }
      int done = 0;
      // Our lower triangle is LAPACK's upper one.
      if (isGood)
        Lapack<T>::syevd(job, "U", &n, to, &n, reinterpret_cast<T*>(values) + i * n, work, &length,
                         reinterpret_cast<int*>(work + length), &integers, &done, 1, 1);
      if (!isGood || done != 0) {
        first.fail(i);
        return;
      }
      if (hasVectors) transposeSquare(n, to);
    });
  });
  call.returns(first.value());
}

#endif

}  // namespace mgp
