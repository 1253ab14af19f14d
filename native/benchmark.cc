#include "benchmark.h"

#include <chrono>
#include <vector>

#include "blas.h"

namespace mgp {

namespace {

int64_t positive(const Napi::CallbackInfo& info, size_t i) {
  const double value = info.Length() > i && info[i].IsNumber() ? info[i].As<Napi::Number>().DoubleValue() : 0;
  if (!(value >= 1 && value <= (1 << 30)))
    throw Napi::RangeError::New(info.Env(), "[benchmark] expected numbers from 1 to 2^30");
  return static_cast<int64_t>(value);
}

template <class Run>
Napi::Value seconds(const Napi::CallbackInfo& info, int64_t times, const Run& run) {
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < times; i++) run();
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  return Napi::Number::New(info.Env(), passed.count() / static_cast<double>(times));
}

std::vector<float> memory(int64_t count) { return std::vector<float>(static_cast<size_t>(count), 0.5F); }

}  // namespace

Napi::Value timeGemm(const Napi::CallbackInfo& info) {
  const int64_t m = positive(info, 0), n = positive(info, 1), k = positive(info, 2);
  const std::vector<float> a = memory(m * k), b = memory(k * n);
  std::vector<float> c = memory(m * n);
  return seconds(info, positive(info, 3), [&] {
    gemm(m, n, k, Matrix<float>{a.data(), k, false}, Matrix<float>{b.data(), n, false}, c.data(), n, false);
  });
}

Napi::Value timeTriad(const Napi::CallbackInfo& info) {
  const int64_t count = positive(info, 0);
  const std::vector<float> a = memory(count), b = memory(count);
  std::vector<float> out = memory(count);
  return seconds(info, positive(info, 1), [&] {
    const float *x = a.data(), *y = b.data();
    float* z = out.data();
    for (int64_t i = 0; i < count; i++) z[i] = x[i] + y[i];
  });
}

}  // namespace mgp
