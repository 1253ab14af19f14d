// Random numbers. Block: kind, count, two halves of the key, counter, a, b, out. Buffer: out.

#include "entries.h"
#include "parallel.h"

namespace mgp {

namespace {

constexpr int64_t kGrain = 1024;  // Counter blocks.

}  // namespace

void random(Call& call) {
  const auto kind = call.choice<RandomKind>(kRandomNames);
  Random random;
  random.count = call.size("count");
  for (uint32_t& half : random.key) half = static_cast<uint32_t>(call.integer("key", 0, UINT32_MAX));
  random.counter = static_cast<uint64_t>(call.integer("counter", 0, kMaxInteger));
  random.a = call.number("a");
  random.b = call.number("b");
  DType dtype;
  random.out = call.contiguous(0, "out", random.count, &dtype);
  const RandomKernel kernel = kernels.random[static_cast<int>(kind)][static_cast<int>(dtype)];
  if (!kernel) call.unsupported(dtype);
  constexpr double kLimit = static_cast<double>(kMaxInteger);
  const auto isWhole = [](double x) {
    return x >= -kLimit && x <= kLimit && x == static_cast<double>(static_cast<int64_t>(x));
  };
  if (kind == RandomKind::Integer && !(isWhole(random.a) && isWhole(random.b)))
    call.rangeError("bounds: expected whole numbers");
  const int64_t perBlock = kind != RandomKind::Integer && dtype == DType::Float32 ? 4 : 2;
  parallelFor((random.count + perBlock - 1) / perBlock, kGrain,
              [&](int64_t begin, int64_t end) { kernel(random, begin, end); });
}

}  // namespace mgp
