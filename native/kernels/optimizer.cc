// Optimizer steps, each one pass over memory.

#include "common.h"

namespace mgp::MGP_ISA {
namespace {

MGP_INLINE float root(float x) { return __builtin_sqrtf(x); }
MGP_INLINE double root(double x) { return __builtin_sqrt(x); }

/// The larger of two numbers, NaN when one is.
template <class T>
MGP_INLINE T larger(T a, T b) {
  return a > b || a != a ? a : b;
}

/// -1, 0 or 1, NaN for NaN.
template <class T>
MGP_INLINE T signOf(T x) {
  return x != x ? x : T((x > 0) - (x < 0));
}

template <class T>
void adam(const Adam& adam, int64_t begin, int64_t end) {
  T* const param = static_cast<T*>(adam.param);
  T* const m = static_cast<T*>(adam.m);
  T* const v = static_cast<T*>(adam.v);
  const T* const grad = static_cast<const T*>(adam.grad);
  T* const most = static_cast<T*>(adam.most);
  const T sign = T(adam.sign), decay = T(adam.weightDecay), keep = T(1 - adam.shrink);
  const T beta2 = T(adam.beta2), rate1 = T(1 - adam.beta1), rate2 = T(1 - adam.beta2);
  const T stepSize = T(adam.stepSize), rootScale = T(adam.rootScale), eps = T(adam.eps);
  if (!most) {
#pragma GCC ivdep
    for (int64_t i = begin; i < end; i++) {
      const T g = sign * grad[i] + decay * param[i];
      const T first = m[i] + rate1 * (g - m[i]);
      const T second = beta2 * v[i] + rate2 * g * g;
      m[i] = first;
      v[i] = second;
      param[i] = keep * param[i] - stepSize * first / (root(second) * rootScale + eps);
    }
    return;
  }
#pragma GCC ivdep
  for (int64_t i = begin; i < end; i++) {
    const T g = sign * grad[i] + decay * param[i];
    const T first = m[i] + rate1 * (g - m[i]);
    const T second = beta2 * v[i] + rate2 * g * g;
    const T largest = larger(most[i], second);
    m[i] = first;
    v[i] = second;
    most[i] = largest;
    param[i] = keep * param[i] - stepSize * first / (root(largest) * rootScale + eps);
  }
}

/// Calls `step(i, p, g)` for each element, which returns what the parameter becomes.
template <class T, class Step>
MGP_INLINE void descendBy(const Descent& descent, int64_t begin, int64_t end, const Step& step) {
  T* const param = static_cast<T*>(descent.param);
  const T* const grad = static_cast<const T*>(descent.grad);
  const T sign = T(descent.sign), decay = T(descent.weightDecay), keep = T(1 - descent.shrink);
#pragma GCC ivdep
  for (int64_t i = begin; i < end; i++)
    param[i] = step(i, keep * param[i], sign * grad[i] + decay * param[i]);
}

// The rules, as lib/backend/contract.ts states them. States a, b and c; coefficients c0, c1, …

template <class T>
struct Rule {
  explicit Rule(const Descent& descent)
      : a(static_cast<T*>(descent.states[0])),
        b(static_cast<T*>(descent.states[1])),
        c(static_cast<T*>(descent.states[2])) {
    for (int i = 0; i < kCoefficients; i++) k[i] = T(descent.coefficients[i]);
  }
  T *a, *b, *c;
  T k[kCoefficients];
};

template <class T>
void adamax(const Descent& descent, int64_t begin, int64_t end) {
  const Rule<T> rule(descent);
  T *const m = rule.a, *const u = rule.b;
  const T c0 = rule.k[0], c1 = rule.k[1], c2 = rule.k[2], c3 = rule.k[3];
  descendBy<T>(descent, begin, end, [=](int64_t i, T p, T g) {
    m[i] += c0 * (g - m[i]);
    u[i] = larger(c1 * u[i], (g < 0 ? -g : g) + c2);
    return p - c3 * m[i] / u[i];
  });
}

template <class T>
void nadam(const Descent& descent, int64_t begin, int64_t end) {
  const Rule<T> rule(descent);
  T *const m = rule.a, *const v = rule.b;
  const T c0 = rule.k[0], c1 = rule.k[1], c2 = rule.k[2], c3 = rule.k[3], c4 = rule.k[4], c5 = rule.k[5],
          c6 = rule.k[6];
  descendBy<T>(descent, begin, end, [=](int64_t i, T p, T g) {
    m[i] += c0 * (g - m[i]);
    v[i] = c1 * v[i] + c2 * g * g;
    return p - (c5 * g + c6 * m[i]) / (root(c3 * v[i]) + c4);
  });
}

template <class T>
void radam(const Descent& descent, int64_t begin, int64_t end) {
  const Rule<T> rule(descent);
  T *const m = rule.a, *const v = rule.b;
  const T c0 = rule.k[0], c1 = rule.k[1], c2 = rule.k[2], c3 = rule.k[3], c4 = rule.k[4], c5 = rule.k[5];
  descendBy<T>(descent, begin, end, [=](int64_t i, T p, T g) {
    m[i] += c0 * (g - m[i]);
    v[i] = c1 * v[i] + c2 * g * g;
    return p - (c5 == 0 ? c4 * m[i] : c5 * m[i] / (root(v[i]) + c3));
  });
}

template <class T, bool kCentered, bool kMomentum>
void rmspropAs(const Descent& descent, int64_t begin, int64_t end) {
  const Rule<T> rule(descent);
  T *const s = rule.a, *const average = rule.b, *const buffer = rule.c;
  const T c0 = rule.k[0], c1 = rule.k[1], c2 = rule.k[2], c3 = rule.k[3], c4 = rule.k[4];
  descendBy<T>(descent, begin, end, [=](int64_t i, T p, T g) {
    s[i] = c0 * s[i] + c1 * g * g;
    T variance = s[i];
    if constexpr (kCentered) {
      average[i] += c1 * (g - average[i]);
      variance -= average[i] * average[i];
    }
    const T scaled = g / (root(variance) + c2);
    if constexpr (kMomentum) {
      buffer[i] = c4 * buffer[i] + scaled;
      return p - c3 * buffer[i];
    } else {
      return p - c3 * scaled;
    }
  });
}

template <class T>
void rmsprop(const Descent& descent, int64_t begin, int64_t end) {
  const bool centered = descent.states[1] != nullptr, momentum = descent.states[2] != nullptr;
  const auto kernel = centered   ? momentum ? rmspropAs<T, true, true> : rmspropAs<T, true, false>
                        : momentum ? rmspropAs<T, false, true>
                                 : rmspropAs<T, false, false>;
  kernel(descent, begin, end);
}

template <class T>
void adagrad(const Descent& descent, int64_t begin, int64_t end) {
  const Rule<T> rule(descent);
  T* const s = rule.a;
  const T c0 = rule.k[0], c1 = rule.k[1];
  descendBy<T>(descent, begin, end, [=](int64_t i, T p, T g) {
    s[i] += g * g;
    return p - c1 * g / (root(s[i]) + c0);
  });
}

template <class T>
void adadelta(const Descent& descent, int64_t begin, int64_t end) {
  const Rule<T> rule(descent);
  T *const s = rule.a, *const d = rule.b;
  const T c0 = rule.k[0], c1 = rule.k[1], c2 = rule.k[2], c3 = rule.k[3];
  descendBy<T>(descent, begin, end, [=](int64_t i, T p, T g) {
    s[i] = c0 * s[i] + c1 * g * g;
    const T change = g * (root(d[i] + c2) / root(s[i] + c2));
    d[i] = c0 * d[i] + c1 * change * change;
    return p - c3 * change;
  });
}

template <class T>
void lion(const Descent& descent, int64_t begin, int64_t end) {
  const Rule<T> rule(descent);
  T* const m = rule.a;
  const T c0 = rule.k[0], r0 = T(1 - descent.coefficients[0]), c1 = rule.k[1],
          r1 = T(1 - descent.coefficients[1]), c2 = rule.k[2];
  descendBy<T>(descent, begin, end, [=](int64_t i, T p, T g) {
    const T change = signOf(c0 * m[i] + r0 * g);
    m[i] = c1 * m[i] + r1 * g;
    return p - c2 * change;
  });
}

template <class T>
void rprop(const Descent& descent, int64_t begin, int64_t end) {
  const Rule<T> rule(descent);
  T *const previous = rule.a, *const size = rule.b;
  const T c0 = rule.k[0], c1 = rule.k[1], c2 = rule.k[2], c3 = rule.k[3];
  descendBy<T>(descent, begin, end, [=](int64_t i, T p, T g) {
    const T turn = g * previous[i];
    const T scaled = size[i] * (turn < 0 ? c0 : turn > 0 ? c1 : T(1));
    size[i] = scaled < c2 ? c2 : scaled > c3 ? c3 : scaled;
    const T kept = turn < 0 ? T(0) : g;
    previous[i] = kept;
    return p - size[i] * signOf(kept);
  });
}

template <class T>
void asgd(const Descent& descent, int64_t begin, int64_t end) {
  const Rule<T> rule(descent);
  T* const average = rule.a;
  const T c0 = rule.k[0], c1 = rule.k[1], c2 = rule.k[2];
  descendBy<T>(descent, begin, end, [=](int64_t i, T p, T g) {
    const T moved = c0 * p - c1 * g;
    average[i] = c2 == 1 ? moved : average[i] + c2 * (moved - average[i]);
    return moved;
  });
}

template <class T>
void average(const Descent& descent, int64_t begin, int64_t end) {
  const T c0 = T(descent.coefficients[0]);
  descendBy<T>(descent, begin, end, [=](int64_t, T p, T g) { return c0 == 1 ? g : p + c0 * (g - p); });
}

template <class T>
void lookahead(const Descent& descent, int64_t begin, int64_t end) {
  const Rule<T> rule(descent);
  T* const buffer = rule.a;
  const T c0 = rule.k[0], c1 = rule.k[1];
  descendBy<T>(descent, begin, end, [=](int64_t i, T, T g) {
    buffer[i] += c0 * (g - buffer[i]);
    return c1 == 1 ? buffer[i] : g + c1 * (buffer[i] - g);
  });
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
#define MGP_RULE(Name, kernel)                                                \
  table.descend[static_cast<int>(DescentRule::Name)][kFloat] = kernel<float>; \
  table.descend[static_cast<int>(DescentRule::Name)][kDouble] = kernel<double>;
  MGP_RULE(Adamax, adamax)
  MGP_RULE(NAdam, nadam)
  MGP_RULE(RAdam, radam)
  MGP_RULE(RMSprop, rmsprop)
  MGP_RULE(Adagrad, adagrad)
  MGP_RULE(Adadelta, adadelta)
  MGP_RULE(Lion, lion)
  MGP_RULE(Rprop, rprop)
  MGP_RULE(ASGD, asgd)
  MGP_RULE(Average, average)
  MGP_RULE(Lookahead, lookahead)
#undef MGP_RULE
  table.sgd[kFloat] = sgd<float>;
  table.sgd[kDouble] = sgd<double>;
}

}  // namespace mgp::MGP_ISA
