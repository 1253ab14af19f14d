// Reading and writing by index. Block: the shape of what is moved, dim, the size of the indexed operand along
// it, then the operands with strides over that shape. Whole slices come as an index that is repeated along
// them. All return the position of the first bad index, or -1.

#include "entries.h"
#include "nest.h"
#include "parallel.h"

namespace mgp {

namespace {

constexpr int64_t kGrain = 16384;

/// Reads an operand of which one dimension is walked by an index. It is checked for every index that could
/// come, with `size` in place of the number of indices; in the nest it stands still along `dim`.
DType readIndexed(Call& call, Indexed& indexed, int slot, int argument, const char* name, int dim) {
  Nest& nest = indexed.nest;
  const int64_t count = nest.shape[dim];
  nest.shape[dim] = indexed.size;
  const DType dtype = call.operand(nest, slot, argument, name);
  nest.shape[dim] = count;
  indexed.stride = nest.strides[slot][dim];
  nest.strides[slot][dim] = 0;
  return dtype;
}

int64_t readShape(Call& call, Indexed& indexed, int* dim) {
  const int64_t count = call.shape(indexed.nest);
  if (indexed.nest.ndim == 0) call.rangeError("shape: expected at least one dimension");
  *dim = static_cast<int>(call.integer("dim", 0, indexed.nest.ndim - 1));
  indexed.size = call.integer("size", 0, INT32_MAX);
  return count;
}

int64_t run(Indexed& indexed, int64_t count, int64_t grain, IndexKernel kernel) {
  coalesce(indexed.nest, 3);
  return parallelFirst(count, grain, [&](int64_t begin, int64_t end) { return kernel(indexed, begin, end); });
}

}  // namespace

/// out = x at the index. Buffers: x, index, out.
void gather(Call& call) {
  call.setOp("gather");
  Indexed indexed;
  int dim;
  const int64_t count = readShape(call, indexed, &dim);
  const DType dtype = readIndexed(call, indexed, 2, 0, "x", dim);
  call.sameDType("index", DType::Int32, call.operand(indexed.nest, 1, 1, "index"));
  call.sameDType("out", dtype, call.result(indexed.nest, 0, 2, "out"));
  call.returns(-1);
  if (count > 0)
    call.returns(static_cast<double>(run(indexed, count, kGrain, kernels.gather[static_cast<int>(dtype)])));
}

/// out at the index combined with src, by the op that the block starts with. Buffers: out, index, src.
void scatter(Call& call) {
  call.setOp("scatter");
  const int op = static_cast<int>(call.integer("op", 0, kScatterOps - 1));
  Indexed indexed;
  int dim;
  const int64_t count = readShape(call, indexed, &dim);
  const DType dtype = readIndexed(call, indexed, 0, 0, "out", dim);
  call.sameDType("index", DType::Int32, call.operand(indexed.nest, 1, 1, "index"));
  call.sameDType("src", dtype, call.operand(indexed.nest, 2, 2, "src"));
  call.returns(-1);
  // On one thread: indices may name a place twice, and the order is part of the result.
  if (count > 0)
    call.returns(
        static_cast<double>(run(indexed, count, count, kernels.scatter[op][static_cast<int>(dtype)])));
}

/// Indices as offsets. Block: whether they are added to what is there, size, stride, the shape, then the
/// operands. Buffers: index, out.
void indexOffsets(Call& call) {
  call.setOp("indexOffsets");
  const bool adds = call.integer("adds", 0, 1) != 0;
  Indexed indexed;
  indexed.size = call.integer("size", 0, INT32_MAX);
  indexed.stride = call.integer("stride", 0, INT32_MAX);
  const int64_t count = call.shape(indexed.nest);
  call.sameDType("index", DType::Int32, call.operand(indexed.nest, 1, 0, "index"));
  call.sameDType("out", DType::Int32, call.result(indexed.nest, 0, 1, "out"));
  call.returns(-1);
  if (count == 0) return;
  coalesce(indexed.nest, 2);
  call.returns(static_cast<double>(parallelFirst(count, kGrain, [&](int64_t begin, int64_t end) {
    return kernels.indexOffsets(indexed, adds, begin, end);
  })));
}

}  // namespace mgp
