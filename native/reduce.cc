// Reductions. Block: op, shape, a flag for each dimension that is reduced, x, out. Buffers: x, out.

#include <algorithm>
#include <climits>
#include <memory>

#include "entries.h"
#include "memory.h"
#include "nest.h"
#include "parallel.h"

namespace mgp {

namespace {

constexpr int64_t kGrain = 32768;

/// Few results of many elements each are computed in two steps, so that there is something to share out:
/// first those of pieces this large. The size of the pieces depends on nothing but the shape, so neither does
/// the result.
constexpr int64_t kPiece = 65536;
constexpr int64_t kFewResults = 16;

int64_t countOf(const Nest& nest) {
  int64_t count = 1;
  for (int i = 0; i < nest.ndim; i++) count *= nest.shape[i];
  return count;
}

void run(const Reduction& reduction, int64_t results, int64_t elements, ReduceKernel kernel) {
  // Neighbouring results are computed side by side: a piece should hold many.
  const int64_t grain = (std::max<int64_t>(1, kGrain / std::max<int64_t>(1, elements)) + 15) / 16 * 16;
  parallelFor(results, elements < kGrain ? grain : 1,
              [&](int64_t begin, int64_t end) { kernel(reduction, begin, end); });
}

/// Splits the outermost reduced dimension into pieces, reduces each, and then their results.
/// Returns false where there is nothing to gain.
bool runInPieces(Reduction& reduction, int64_t results, int64_t elements, DType dtype, ReduceKernel kernel) {
  Nest& reduced = reduction.reduced;
  const int64_t outer = reduced.shape[0];
  const int64_t pieces = std::min(outer, elements / kPiece);
  if (results > kFewResults || pieces < 2) return false;
  const int64_t length = (outer + pieces - 1) / pieces;
  const int64_t used = (outer + length - 1) / length;
  const int64_t size = itemSize(dtype);
  const std::unique_ptr<char[]> partial(new char[static_cast<size_t>(used * results * size)]);

  parallelFor(used, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      Reduction piece = reduction;
      piece.divisor = 1;
      piece.reduced.shape[0] = std::min(length, outer - i * length);
      piece.kept.data[0] += i * length * reduced.strides[0][0];
      piece.out = partial.get() + i * results * size;
      kernel(piece, 0, results);
    }
  });

  Reduction last = reduction;
  last.kept.ndim = last.reduced.ndim = 1;
  last.kept.data[0] = partial.get();
  last.kept.shape[0] = results;
  last.kept.strides[0][0] = size;
  last.reduced.shape[0] = used;
  last.reduced.strides[0][0] = results * size;
  kernel(last, 0, results);
  return true;
}

}  // namespace

void reduce(Call& call) {
  const auto op = call.choice<ReduceOp>(kReduceNames);
  Nest nest;
  call.shape(nest);
  bool isReduced[kMaxDims];
  for (int i = 0; i < nest.ndim; i++) isReduced[i] = call.flag("reduced");
  const DType dtype = call.operand(nest, 0, 0, "x");

  Reduction reduction;
  Nest& kept = reduction.kept;
  Nest& reduced = reduction.reduced;
  kept.ndim = reduced.ndim = 0;
  for (int i = 0; i < nest.ndim; i++) {
    Nest& part = isReduced[i] ? reduced : kept;
    part.shape[part.ndim] = nest.shape[i];
    part.strides[0][part.ndim++] = nest.strides[0][i];
  }
  kept.data[0] = reduced.data[0] = nest.data[0];
  const int64_t results = countOf(kept), elements = countOf(reduced);

  const bool isArg = op == ReduceOp::ArgMax || op == ReduceOp::ArgMin;
  const bool isSum = op == ReduceOp::Sum || op == ReduceOp::Mean;
  const DType outType = isArg ? DType::Int32 : dtype;
  reduction.out = call.contiguous(1, "out", results, outType);
  if (results == 0) return;
  if (elements == 0 && !isSum) call.rangeError("x: expected at least one element");
  if (isArg && elements > INT_MAX) call.rangeError("x: positions do not fit an int32");
  reduction.divisor = op == ReduceOp::Mean ? static_cast<double>(elements) : 1;

  const auto& table = kernels.reduce;
  const ReduceKernel kernel = table[static_cast<int>(op)][static_cast<int>(dtype)];
  if (!kernel) call.unsupported(dtype);
  coalesce(kept, 1);
  if (isArg) {
    coalesce(reduced, 1);
    run(reduction, results, elements, kernel);
    return;
  }
  sortAndCoalesce(reduced, 1);
  if (!runInPieces(reduction, results, elements, dtype, kernel)) run(reduction, results, elements, kernel);
}

}  // namespace mgp
