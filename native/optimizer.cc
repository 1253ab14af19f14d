// Optimizer steps, in place.

#include <cmath>

#include "entries.h"
#include "ops.h"
#include "parallel.h"

namespace mgp {

namespace {

constexpr int64_t kGrain = 16384;

/// How many states a rule has: the first `least` must be there, those up to `most` may be.
struct StateCount {
  int least, most;
};
constexpr StateCount kStateCounts[] = {
    {2, 2},  // adamax
    {2, 2},  // nadam
    {2, 2},  // radam
    {1, 3},  // rmsprop
    {1, 1},  // adagrad
    {2, 2},  // adadelta
    {1, 1},  // lion
    {2, 2},  // rprop
    {1, 1},  // asgd
    {0, 0},  // average
    {1, 1},  // lookahead
};
static_assert(lengthOf(kStateCounts) == kDescentRules);

}  // namespace

/// Block: count, lr, beta1, beta2, eps, weightDecay, step, maximize, decoupled, whether there is `most`, then
/// param, grad, m, v and, if so, most. Buffers in the same order.
void adam(Call& call) {
  call.setOp("adam");
  const int64_t count = call.size("count");
  Adam adam;
  const double lr = call.number("lr");
  adam.beta1 = call.number("beta1");
  adam.beta2 = call.number("beta2");
  adam.eps = call.number("eps");
  const double weightDecay = call.number("weightDecay");
  const double step = call.number("step");
  adam.sign = call.flag("maximize") ? -1 : 1;
  const bool decoupled = call.flag("decoupled");
  adam.weightDecay = decoupled ? 0 : weightDecay;
  adam.shrink = decoupled ? lr * weightDecay : 0;
  const bool hasMost = call.flag("hasMost");
  // The moments start at 0 and are too small at first; this makes up for it.
  adam.stepSize = lr / (1 - std::pow(adam.beta1, step));
  adam.rootScale = 1 / std::sqrt(1 - std::pow(adam.beta2, step));
  DType dtype;
  adam.param = call.contiguous(0, "param", count, &dtype);
  adam.grad = call.contiguous(1, "grad", count, dtype);
  adam.m = call.contiguous(2, "m", count, dtype);
  adam.v = call.contiguous(3, "v", count, dtype);
  adam.most = hasMost ? call.contiguous(4, "most", count, dtype) : nullptr;
  const AdamKernel kernel = kernels.adam[static_cast<int>(dtype)];
  if (!kernel) call.unsupported(dtype);
  parallelFor(count, kGrain, [&](int64_t begin, int64_t end) { kernel(adam, begin, end); });
}

/// Block: rule, count, maximize, weightDecay, shrink, the coefficients, which states there are, then param,
/// grad and those states. Buffers in the same order.
void descend(Call& call) {
  const auto rule = call.choice<DescentRule>(kDescentNames);
  const int64_t count = call.size("count");
  Descent descent;
  descent.sign = call.flag("maximize") ? -1 : 1;
  descent.weightDecay = call.number("weightDecay");
  descent.shrink = call.number("shrink");
  for (double& coefficient : descent.coefficients) coefficient = call.number("coefficient");
  bool has[kStates];
  for (bool& it : has) it = call.flag("hasState");
  const StateCount states = kStateCounts[static_cast<int>(rule)];
  for (int i = 0; i < kStates; i++)
    if (has[i] ? i >= states.most : i < states.least) call.rangeError("states: not those of the rule");
  DType dtype;
  descent.param = call.contiguous(0, "param", count, &dtype);
  descent.grad = call.contiguous(1, "grad", count, dtype);
  int argument = 2;
  for (int i = 0; i < kStates; i++)
    descent.states[i] = has[i] ? call.contiguous(argument++, "state", count, dtype) : nullptr;
  const DescentKernel kernel = kernels.descend[static_cast<int>(rule)][static_cast<int>(dtype)];
  if (!kernel) call.unsupported(dtype);
  parallelFor(count, kGrain, [&](int64_t begin, int64_t end) { kernel(descent, begin, end); });
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
