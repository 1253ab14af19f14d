// Reductions. Three ways through memory: along the rows that are reduced, where they lie in one piece; across
// them, many columns at once, where the results lie side by side; and element by element for everything else.

#include "reduce.h"

namespace mgp::MGP_ISA {
namespace {

/// Calls row(pointer) for every position of the dimensions of `nest` but the last `inner` ones, in row-major
/// order.
template <class Row>
MGP_INLINE void forRows(const Nest& nest, const char* p, int inner, const Row& row) {
  const int outer = nest.ndim - inner;
  int64_t position[kMaxDims];
  for (int i = 0; i < outer; i++) position[i] = 0;
  for (;;) {
    row(p);
    int i = outer - 1;
    for (; i >= 0; i--) {
      p += nest.strides[0][i];
      if (++position[i] < nest.shape[i]) break;
      p -= nest.shape[i] * nest.strides[0][i];
      position[i] = 0;
    }
    if (i < 0) return;
  }
}

/// Calls result(i, pointer) for the results [begin, end), with where their first element lies.
template <class Result>
MGP_INLINE void forEachResult(const Nest& kept, int64_t begin, int64_t end, const Result& result) {
  struct Context {
    const Result& result;
    int64_t i;
  } context{result, begin};
  walk<1>(
      kept, begin, end,
      [](char* const* p, const int64_t* step, int64_t n, void* pointer) {
        Context& c = *static_cast<Context*>(pointer);
        for (int64_t k = 0; k < n; k++) c.result(c.i++, p[0] + k * step[0]);
      },
      &context);
}

/// So many columns are reduced side by side.
constexpr int64_t kColumns = 256;

/// Calls columns(i, pointer, n) for the n <= kColumns results from i on where they lie side by side and their
/// elements do not, and one(i, pointer) for each of them otherwise.
template <class T, class Columns, class One>
MGP_INLINE void forResults(const Reduction& reduction, int64_t begin, int64_t end, const Columns& columns,
                           const One& one) {
  const Nest &kept = reduction.kept, &reduced = reduction.reduced;
  const bool rowsAreOnePiece = reduced.strides[0][reduced.ndim - 1] == sizeof(T);
  if (rowsAreOnePiece || kept.strides[0][kept.ndim - 1] != sizeof(T)) {
    forEachResult(kept, begin, end, one);
    return;
  }
  struct Context {
    const Columns& columns;
    int64_t i;
  } context{columns, begin};
  walk<1>(
      kept, begin, end,
      [](char* const* p, const int64_t*, int64_t n, void* pointer) {
        Context& c = *static_cast<Context*>(pointer);
        for (int64_t j = 0; j < n; j += kColumns) {
          const int64_t count = minimum(n - j, kColumns);
          c.columns(c.i, p[0] + j * sizeof(T), count);
          c.i += count;
        }
      },
      &context);
}

bool isEmpty(const Nest& nest) {
  for (int i = 0; i < nest.ndim; i++)
    if (nest.shape[i] == 0) return true;
  return false;
}

template <class T, class R>
T reduceOne(const Nest& reduced, const char* base) {
  const int64_t length = reduced.shape[reduced.ndim - 1], step = reduced.strides[0][reduced.ndim - 1];
  Cascade<R, T> total;
  forRows(reduced, base, 1, [&](const char* p) {
    if (step == sizeof(T)) {
      total.push(reduceRow<R>(reinterpret_cast<const T*>(p), length));
      return;
    }
    for (int64_t start = 0; start < length; start += 32) {
      T part = R::template start<T>();
      for (int64_t i = start; i < minimum(start + 32, length); i++)
        part = R::combine(part, *reinterpret_cast<const T*>(p + i * step));
      total.push(part);
    }
  });
  return total.total();
}

/// So many rows are added up before the cascade takes their sum.
constexpr int kRows = 64;

/// Reduces n <= kColumns neighbouring columns into `total`.
template <class T, class R>
void reduceColumns(const Nest& reduced, const char* base, int64_t n, T* __restrict total) {
  constexpr int kLevels = 28;
  T levels[R::kPairwise ? kLevels : 1][kColumns];
  uint64_t blocks = 0;
  int rows = 0;
  const auto clear = [&] {
    for (int64_t j = 0; j < n; j++) total[j] = R::template start<T>();
  };
  const auto carry = [&] {
    int level = 0;
    for (uint64_t c = blocks++; c & 1; c >>= 1, level++)
      for (int64_t j = 0; j < n; j++) total[j] = R::join(levels[level][j], total[j]);
    for (int64_t j = 0; j < n; j++) levels[level][j] = total[j];
    clear();
    rows = 0;
  };
  clear();
  forRows(reduced, base, 0, [&](const char* p) {
    const T* __restrict x = reinterpret_cast<const T*>(p);
    for (int64_t j = 0; j < n; j++) total[j] = R::combine(total[j], x[j]);
    if (R::kPairwise && ++rows == kRows) carry();
  });
  int level = 0;
  for (uint64_t rest = blocks; rest; rest >>= 1, level++)
    if (rest & 1)
      for (int64_t j = 0; j < n; j++) total[j] = R::join(levels[level][j], total[j]);
}

/// What is stored for a total.
template <class R, class T>
MGP_INLINE T finish(T total, double divisor) {
  if constexpr (__is_same(R, Sum) && kIsFloat<T>)
    return total / static_cast<T>(divisor);
  else
    return total;
}

template <class R, class T>
void reduce(const Reduction& reduction, int64_t begin, int64_t end) {
  const Nest& reduced = reduction.reduced;
  T* const out = reinterpret_cast<T*>(reduction.out);
  const double divisor = reduction.divisor;
  if (isEmpty(reduced)) {
    for (int64_t i = begin; i < end; i++) out[i] = finish<R, T>(R::template start<T>(), divisor);
    return;
  }
  const auto columns = [&](int64_t i, const char* p, int64_t n) {
    T total[kColumns];
    reduceColumns<T, R>(reduced, p, n, total);
    for (int64_t k = 0; k < n; k++) out[i + k] = finish<R, T>(total[k], divisor);
  };
  const auto one = [&](int64_t i, const char* p) {
    out[i] = finish<R, T>(reduceOne<T, R>(reduced, p), divisor);
  };
  forResults<T>(reduction, begin, end, columns, one);
}

/// The positions of the first extrema of n <= kColumns neighbouring columns.
template <class R, class X>
void argReduceColumns(const Nest& reduced, const char* base, int64_t n, int32_t* __restrict found) {
  X best[kColumns];
  for (int64_t j = 0; j < n; j++) {
    best[j] = reinterpret_cast<const X*>(base)[j];
    found[j] = 0;
  }
  int32_t position = 0;
  forRows(reduced, base, 0, [&](const char* p) {
    const X* const x = reinterpret_cast<const X*>(p);
    for (int64_t j = 0; j < n; j++) {
      // A NaN is the extremum, and the first one stays it.
      const bool better = R::isBetter(best[j], x[j]) & (best[j] == best[j]);
      best[j] = better ? x[j] : best[j];
      found[j] = better ? position : found[j];
    }
    position++;
  });
}

/// The position of the first extremum in a row: the extremum first, at the speed of a reduction, and then
/// where it is.
template <class R, class X>
int32_t argReduceOne(const Nest& reduced, const char* base) {
  const int64_t length = reduced.shape[reduced.ndim - 1], step = reduced.strides[0][reduced.ndim - 1];
  const X best = reduceOne<X, R>(reduced, base);
  // It may not be found: memory that is shared with another thread may have changed meanwhile.
  int64_t position = 0, found = -1;
  forRows(reduced, base, 1, [&](const char* p) {
    for (int64_t k = 0; k < length && found < 0; k++) {
      const X x = *reinterpret_cast<const X*>(p + k * step);
      if (x == best || (x != x && best != best)) found = position + k;
    }
    position += length;
  });
  return static_cast<int32_t>(found < 0 ? 0 : found);
}

template <class R, class X>
void argReduce(const Reduction& reduction, int64_t begin, int64_t end) {
  const Nest& reduced = reduction.reduced;
  int32_t* const out = reinterpret_cast<int32_t*>(reduction.out);
  const auto columns = [&](int64_t i, const char* p, int64_t n) {
    argReduceColumns<R, X>(reduced, p, n, out + i);
  };
  const auto one = [&](int64_t i, const char* p) { out[i] = argReduceOne<R, X>(reduced, p); };
  forResults<X>(reduction, begin, end, columns, one);
}

/// Booleans reduce as the bytes 0 and 1 that they should be; `any` and `all` look at every byte as a truth.
template <bool kAny>
void reduceBool(const Reduction& reduction, int64_t begin, int64_t end) {
  uint8_t* out = reinterpret_cast<uint8_t*>(reduction.out);
  const Nest& reduced = reduction.reduced;
  forEachResult(reduction.kept, begin, end, [&](int64_t i, const char* base) {
    bool result = !kAny;
    if (!isEmpty(reduced))
      forRows(reduced, base, 0,
              [&](const char* p) { result = kAny ? result | (*p != 0) : result & (*p != 0); });
    out[i] = result;
  });
}

template <class R, bool kMax>
void argReduceBool(const Reduction& reduction, int64_t begin, int64_t end) {
  int32_t* out = reinterpret_cast<int32_t*>(reduction.out);
  forEachResult(reduction.kept, begin, end, [&](int64_t i, const char* base) {
    int32_t position = 0, found = -1;
    forRows(reduction.reduced, base, 0, [&](const char* p) {
      if (found < 0 && (*p != 0) == kMax) found = position;
      position++;
    });
    out[i] = found < 0 ? 0 : found;
  });
}

template <class R, class... Ts>
void put(ReduceKernel* row) {
  ((row[index(kDType<Ts>)] = reduce<R, Ts>), ...);
}
template <class R, class... Ts>
void putArg(ReduceKernel* row) {
  ((row[index(kDType<Ts>)] = argReduce<R, Ts>), ...);
}

}  // namespace

void fillReduce(Kernels& table) {
  const auto row = [&](ReduceOp op) { return table.reduce[index(op)]; };
  put<Sum, uint8_t, float, double>(row(ReduceOp::Sum));
  row(ReduceOp::Sum)[index(DType::Int32)] = reduce<Sum, uint32_t>;  // Without signs, where sums wrap around.
  put<Sum, float, double>(row(ReduceOp::Mean));
  row(ReduceOp::Sum)[index(DType::Bool)] = reduceBool<true>;
  put<Max, uint8_t, int32_t, float, double>(row(ReduceOp::Max));
  put<Min, uint8_t, int32_t, float, double>(row(ReduceOp::Min));

  constexpr int kBool = index(DType::Bool);
  row(ReduceOp::Max)[kBool] = reduceBool<true>;
  row(ReduceOp::Min)[kBool] = reduceBool<false>;
  row(ReduceOp::ArgMax)[kBool] = argReduceBool<Max, true>;
  row(ReduceOp::ArgMin)[kBool] = argReduceBool<Min, false>;
  putArg<Max, uint8_t, int32_t, float, double>(row(ReduceOp::ArgMax));
  putArg<Min, uint8_t, int32_t, float, double>(row(ReduceOp::ArgMin));
}

}  // namespace mgp::MGP_ISA
