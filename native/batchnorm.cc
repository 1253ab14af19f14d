// Batch normalization and its gradient.

#include <algorithm>

#include "entries.h"
#include "nest.h"
#include "parallel.h"

namespace mgp {

namespace {

/// Elements a thread should have at least.
constexpr int64_t kGrain = 16384;

/// The operands of a call: the first `count` of these slots are buffers 0, 1, … in this order.
struct Slot {
  int slot;
  const char* name;
};

/// Reads shape and operands (N, C, …), of which slot 0 is written, and takes the channels out of the nest.
/// Returns how many channels there are.
int64_t readChannels(Call& call, Channels& channels, std::initializer_list<Slot> slots, int out,
                     DType* dtype) {
  Nest& nest = channels.nest;
  const int64_t count = call.shape(nest);
  if (nest.ndim < 2) call.rangeError("x: expected at least 2 dimensions");
  int argument = 0;
  for (const auto& [slot, name] : slots) {
    const DType type = call.operand(nest, slot, argument, name);
    if (argument++ == 0) *dtype = type;
    call.sameDType(name, *dtype, type);
  }
  call.sameDType("out", *dtype, call.result(nest, 0, out, "out"));
  if (*dtype != DType::Float32 && *dtype != DType::Float64) call.unsupported(*dtype);
  const int64_t number = nest.shape[1];
  channels.count = number == 0 ? 0 : count / number;
  // Without a gradient: walked along, never read.
  if (slots.size() == 1) {
    std::copy_n(nest.strides[1], nest.ndim, nest.strides[2]);
    nest.data[2] = nest.data[1];
  }
  for (int k = 0; k < 3; k++) {
    channels.steps[k] = nest.strides[k][1];
    std::copy(nest.strides[k] + 2, nest.strides[k] + nest.ndim, nest.strides[k] + 1);
  }
  std::copy(nest.shape + 2, nest.shape + nest.ndim, nest.shape + 1);
  nest.ndim--;
  sortAndCoalesce(nest, 3);
  return number;
}

void run(const Channels& channels, int64_t number, BatchNormKernel kernel) {
  if (channels.count == 0) return;
  parallelFor(number, std::max<int64_t>(1, kGrain / channels.count),
              [&](int64_t begin, int64_t end) { kernel(channels, begin, end); });
}

/// The next buffer, or null where the flag in the block says that there is none.
char* optional(Call& call, int* argument, const char* name, int64_t count, DType dtype) {
  return call.flag(name) ? call.contiguous((*argument)++, name, count, dtype) : nullptr;
}

}  // namespace

/// Block: eps, training, shape, x, out, then mean, variance, and weight and bias, each after a flag that says
/// whether it is there. Buffers: in the same order.
void batchNorm(Call& call) {
  call.setOp("batchNorm");
  Channels channels{};
  channels.eps = call.number("eps");
  channels.training = call.flag("training");
  DType dtype;
  const int64_t number = readChannels(call, channels, {{1, "x"}}, 1, &dtype);
  int argument = 2;
  channels.mean = call.contiguous(argument++, "mean", number, dtype);
  channels.variance = call.contiguous(argument++, "variance", number, dtype);
  channels.weight = optional(call, &argument, "weight", number, dtype);
  channels.bias = optional(call, &argument, "bias", number, dtype);
  run(channels, number, kernels.batchNorm[static_cast<int>(dtype)]);
}

/// Block: eps, shape, x, grad, out, then mean, variance, gradWeight, gradBias, and weight after a flag that
/// says whether it is there. Buffers: in the same order.
void batchNormGrad(Call& call) {
  call.setOp("batchNormGrad");
  Channels channels{};
  channels.eps = call.number("eps");
  DType dtype;
  const int64_t number = readChannels(call, channels, {{1, "x"}, {2, "grad"}}, 2, &dtype);
  int argument = 3;
  channels.mean = call.contiguous(argument++, "mean", number, dtype);
  channels.variance = call.contiguous(argument++, "variance", number, dtype);
  channels.gradWeight = call.contiguous(argument++, "gradWeight", number, dtype);
  channels.gradBias = call.contiguous(argument++, "gradBias", number, dtype);
  channels.weight = optional(call, &argument, "weight", number, dtype);
  if (channels.count == 0) {
    std::fill_n(static_cast<char*>(channels.gradWeight), number * itemSize(dtype), char{0});
    std::fill_n(static_cast<char*>(channels.gradBias), number * itemSize(dtype), char{0});
  }
  run(channels, number, kernels.batchNormGrad[static_cast<int>(dtype)]);
}

}  // namespace mgp
