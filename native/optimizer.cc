// Optimizer steps, in place.

#include <cmath>

#include "entries.h"
#include "parallel.h"

namespace mgp {

namespace {

constexpr int64_t kGrain = 16384;

}  // namespace

/// Block: count, lr, beta1, beta2, eps, weightDecay, step, maximize, then param, grad, m, v. Buffers in the
/// same order.
void adam(Call& call) {
  call.setOp("adam");
  const int64_t count = call.size("count");
  Adam adam;
  const double lr = call.number("lr");
  adam.beta1 = call.number("beta1");
  adam.beta2 = call.number("beta2");
  adam.eps = call.number("eps");
  adam.weightDecay = call.number("weightDecay");
  const double step = call.number("step");
  adam.sign = call.flag("maximize") ? -1 : 1;
  // The moments start at 0 and are too small at first; this makes up for it.
  adam.stepSize = lr / (1 - std::pow(adam.beta1, step));
  adam.rootScale = 1 / std::sqrt(1 - std::pow(adam.beta2, step));
  DType dtype;
  adam.param = call.contiguous(0, "param", count, &dtype);
  adam.grad = call.contiguous(1, "grad", count, dtype);
  adam.m = call.contiguous(2, "m", count, dtype);
  adam.v = call.contiguous(3, "v", count, dtype);
  const AdamKernel kernel = kernels.adam[static_cast<int>(dtype)];
  if (!kernel) call.unsupported(dtype);
  parallelFor(count, kGrain, [&](int64_t begin, int64_t end) { kernel(adam, begin, end); });
}

/// Block: count, lr, momentum, dampening, weightDecay, nesterov, maximize, first, whether there is a buffer,
/// then param, grad and, if so, the buffer. Buffers in the same order.
void sgd(Call& call) {
  call.setOp("sgd");
  const int64_t count = call.size("count");
  Sgd sgd;
  sgd.lr = call.number("lr");
  sgd.momentum = call.number("momentum");
  sgd.dampening = call.number("dampening");
  sgd.weightDecay = call.number("weightDecay");
  sgd.nesterov = call.flag("nesterov");
  sgd.sign = call.flag("maximize") ? -1 : 1;
  sgd.first = call.flag("first");
  const bool hasBuffer = call.flag("hasBuffer");
  DType dtype;
  sgd.param = call.contiguous(0, "param", count, &dtype);
  sgd.grad = call.contiguous(1, "grad", count, dtype);
  sgd.buffer = hasBuffer ? call.contiguous(2, "buffer", count, dtype) : nullptr;
  const SgdKernel kernel = kernels.sgd[static_cast<int>(dtype)];
  if (!kernel) call.unsupported(dtype);
  parallelFor(count, kGrain, [&](int64_t begin, int64_t end) { kernel(sgd, begin, end); });
}

}  // namespace mgp
