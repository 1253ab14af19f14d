// Weighted sums of neighbours along one dimension.

#include <algorithm>
#include <vector>

#include "entries.h"
#include "parallel.h"

namespace mgp {

namespace {

/// Elements a thread should write at least.
constexpr int64_t kGrain = 16384;

}  // namespace

/// Block: A, I, B, O, W, then x, runs, weights, out. Buffers in the same order.
void weightedRuns(Call& call) {
  call.setOp("weightedRuns");
  WeightedRuns it{};
  const int64_t outer = call.size("A");
  it.size = call.size("I");
  it.inner = call.size("B");
  it.count = call.size("O");
  const int64_t weights = call.size("W");
  DType dtype;
  it.x = call.contiguous(0, "x", call.product("x", {outer, it.size, it.inner}), &dtype);
  const auto* const given = reinterpret_cast<const int32_t*>(
      call.contiguous(1, "runs", call.product("runs", {it.count, 3}), DType::Int32));
  it.weights = call.contiguous(2, "weights", weights, dtype);
  const int64_t results = call.product("out", {outer, it.count, it.inner});
  it.out = call.contiguous(3, "out", results, dtype);
  const RunsKernel kernel = kernels.weightedRuns[static_cast<int>(dtype)];
  if (!kernel) call.unsupported(dtype);
  // A copy: another thread may change shared memory after it was checked.
  const std::vector<int32_t> runs(given, given + 3 * it.count);
  it.runs = runs.data();
  for (int64_t o = 0; o < it.count; o++) {
    const int64_t start = it.runs[3 * o], length = it.runs[3 * o + 1], first = it.runs[3 * o + 2];
    if (start < 0 || length < 0 || first < 0 || start + length > it.size || first + length > weights)
      call.rangeError("runs: run " + std::to_string(o) + " leaves x or its weights");
  }
  if (results == 0) return;
  parallelFor(outer * it.count, std::max<int64_t>(1, kGrain / it.inner),
              [&](int64_t begin, int64_t end) { kernel(it, begin, end); });
}

}  // namespace mgp
