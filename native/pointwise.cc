// Pointwise functions over strided operands. Block: op (where there is a choice), shape, then the operands in
// the order of the arguments. Buffers: inputs first, result last.

#include "entries.h"
#include "nest.h"
#include "parallel.h"

namespace mgp {

namespace {

/// Elements a thread should have at least: some ten microseconds of work.
constexpr int64_t kCheapGrain = 32768;
constexpr int64_t kCostlyGrain = 4096;

void run(Nest& nest, int operands, int64_t count, PointwiseKernel kernel, int64_t grain = kCheapGrain) {
  if (count == 0) return;
  sortAndCoalesce(nest, operands);
  // Whole rows, where they are not too long: kernels can choose their way through them.
  const int64_t row = nest.shape[nest.ndim - 1];
  if (row < grain) grain = grain / row * row;
  parallelFor(count, grain, [&](int64_t begin, int64_t end) { kernel(nest, begin, end); });
}

int indexOf(DType dtype) { return static_cast<int>(dtype); }

/// Whether an element takes some nanoseconds.
bool isCostly(UnaryOp op) {
  return op == UnaryOp::Exp || op == UnaryOp::Log || op == UnaryOp::Tanh || op == UnaryOp::Sigmoid ||
         op >= UnaryOp::Erf;
}
bool isCostly(BinaryOp op) { return op == BinaryOp::Pow || op >= BinaryOp::GeluGrad; }

/// Whether an operand is one and the same number throughout, and this one.
bool isOne(const Nest& nest, int slot, DType dtype, double value) {
  for (int i = 0; i < nest.ndim; i++)
    if (nest.strides[slot][i] != 0) return false;
  const char* const data = nest.data[slot];
  return value == (dtype == DType::Float32 ? static_cast<double>(*reinterpret_cast<const float*>(data))
                                           : *reinterpret_cast<const double*>(data));
}

/// Reads the operands of an op with two inputs; returns the dtype of the inputs.
DType readBinary(Call& call, Nest& nest, DType* out) {
  const DType a = call.operand(nest, 1, 0, "a");
  call.sameDType("b", a, call.operand(nest, 2, 1, "b"));
  *out = call.result(nest, 0, 2, "out");
  return a;
}

}  // namespace

void unary(Call& call) {
  const auto op = call.choice<UnaryOp>(kUnaryNames);
  Nest nest;
  const int64_t count = call.shape(nest);
  const DType dtype = call.operand(nest, 1, 0, "x");
  call.sameDType("out", dtype, call.result(nest, 0, 1, "out"));
  const PointwiseKernel kernel = kernels.unary[static_cast<int>(op)][indexOf(dtype)];
  if (!kernel) call.unsupported(dtype);
  run(nest, 2, count, kernel, isCostly(op) ? kCostlyGrain : kCheapGrain);
}

void binary(Call& call) {
  const auto op = call.choice<BinaryOp>(kBinaryNames);
  Nest nest;
  const int64_t count = call.shape(nest);
  DType out;
  const DType dtype = readBinary(call, nest, &out);
  call.sameDType("out", dtype, out);
  const PointwiseKernel kernel = kernels.binary[static_cast<int>(op)][indexOf(dtype)];
  if (!kernel) call.unsupported(dtype);
  // The power that is asked for most, twenty times faster.
  if (op == BinaryOp::Pow && count > 0 && isOne(nest, 2, dtype, 2))
    run(nest, 2, count, kernels.unary[static_cast<int>(UnaryOp::Square)][indexOf(dtype)]);
  else
    run(nest, 3, count, kernel, isCostly(op) ? kCostlyGrain : kCheapGrain);
}

void compare(Call& call) {
  const auto op = call.choice<CompareOp>(kCompareNames);
  Nest nest;
  const int64_t count = call.shape(nest);
  DType out;
  const DType dtype = readBinary(call, nest, &out);
  call.sameDType("out", DType::Bool, out);
  run(nest, 3, count, kernels.compare[static_cast<int>(op)][indexOf(dtype)]);
}

void where(Call& call) {
  call.setOp("where");
  Nest nest;
  const int64_t count = call.shape(nest);
  call.sameDType("condition", DType::Bool, call.operand(nest, 1, 0, "condition"));
  const DType dtype = call.operand(nest, 2, 1, "a");
  call.sameDType("b", dtype, call.operand(nest, 3, 2, "b"));
  call.sameDType("out", dtype, call.result(nest, 0, 3, "out"));
  run(nest, 4, count, kernels.where[indexOf(dtype)]);
}

void copy(Call& call) {
  call.setOp("copy");
  Nest nest;
  const int64_t count = call.shape(nest);
  const DType from = call.operand(nest, 1, 0, "x");
  const DType to = call.result(nest, 0, 1, "out");
  run(nest, 2, count, kernels.copy[indexOf(from)][indexOf(to)]);
}

/// Block: shape, out, value. A copy of one repeated double.
void fill(Call& call) {
  call.setOp("fill");
  Nest nest;
  const int64_t count = call.shape(nest);
  const DType dtype = call.result(nest, 0, 0, "out");
  double value = call.number("value");
  nest.data[1] = reinterpret_cast<char*>(&value);
  for (int i = 0; i < nest.ndim; i++) nest.strides[1][i] = 0;
  run(nest, 2, count, kernels.copy[indexOf(DType::Float64)][indexOf(dtype)]);
}

}  // namespace mgp
