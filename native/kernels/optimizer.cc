// Optimizer steps, each one pass over memory.

#include "common.h"

namespace mgp::MGP_ISA {
namespace {

MGP_INLINE float root(float x) { return __builtin_sqrtf(x); }
MGP_INLINE double root(double x) { return __builtin_sqrt(x); }

template <class T>
void adam(const Adam& adam, int64_t begin, int64_t end) {
  T* const param = static_cast<T*>(adam.param);
  T* const m = static_cast<T*>(adam.m);
  T* const v = static_cast<T*>(adam.v);
  const T* const grad = static_cast<const T*>(adam.grad);
  const T sign = T(adam.sign), decay = T(adam.weightDecay);
  const T beta2 = T(adam.beta2), rate1 = T(1 - adam.beta1), rate2 = T(1 - adam.beta2);
  const T stepSize = T(adam.stepSize), rootScale = T(adam.rootScale), eps = T(adam.eps);
#pragma GCC ivdep
  for (int64_t i = begin; i < end; i++) {
    const T g = sign * grad[i] + decay * param[i];
    const T first = m[i] + rate1 * (g - m[i]);
    const T second = beta2 * v[i] + rate2 * g * g;
    m[i] = first;
    v[i] = second;
    param[i] -= stepSize * first / (root(second) * rootScale + eps);
  }
}

template <class T>
void sgd(const Sgd& sgd, int64_t begin, int64_t end) {
  T* const param = static_cast<T*>(sgd.param);
  T* const buffer = static_cast<T*>(sgd.buffer);
  const T* const grad = static_cast<const T*>(sgd.grad);
  const T sign = T(sgd.sign), decay = T(sgd.weightDecay), lr = T(sgd.lr);
  if (!buffer) {
#pragma GCC ivdep
    for (int64_t i = begin; i < end; i++) param[i] -= lr * (sign * grad[i] + decay * param[i]);
    return;
  }
  // The first step sets the buffer to the gradient, whatever it held.
  const bool first = sgd.first;
  const T momentum = T(sgd.momentum), rate = T(first ? 1 : 1 - sgd.dampening);
  const T ofGrad = T(sgd.nesterov ? 1 : 0), ofBuffer = T(sgd.nesterov ? sgd.momentum : 1);
#pragma GCC ivdep
  for (int64_t i = begin; i < end; i++) {
    const T g = sign * grad[i] + decay * param[i];
    const T velocity = (first ? T(0) : momentum * buffer[i]) + rate * g;
    buffer[i] = velocity;
    param[i] -= lr * (ofGrad * g + ofBuffer * velocity);
  }
}

}  // namespace

void fillOptimizer(Kernels& table) {
  constexpr int kFloat = index(DType::Float32), kDouble = index(DType::Float64);
  table.adam[kFloat] = adam<float>;
  table.adam[kDouble] = adam<double>;
  table.sgd[kFloat] = sgd<float>;
  table.sgd[kDouble] = sgd<double>;
}

}  // namespace mgp::MGP_ISA
