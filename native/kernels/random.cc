// Philox4x32-10: a block of four words from a key and a counter, and numbers from the words, as contract.ts
// states.

// Joining a multiplication and an addition would change the last bit of a number, which has to be the same
// everywhere.
#if defined(__clang__)
#pragma clang fp contract(off)
#else
#pragma GCC optimize("fp-contract=off")
#endif

#include <math.h>

#include "common.h"

namespace mgp::MGP_ISA {
namespace {

struct Words {
  uint32_t w[4];
};

MGP_INLINE Words philox(const Random& random, uint64_t block) {
  const uint64_t counter = random.counter + block;
  uint32_t a = static_cast<uint32_t>(counter), b = static_cast<uint32_t>(counter >> 32), c = 0, d = 0;
  uint32_t key0 = random.key[0], key1 = random.key[1];
  for (int round = 0; round < 10; round++) {
    const uint64_t product0 = uint64_t{0xd2511f53} * a, product1 = uint64_t{0xcd9e8d57} * c;
    a = static_cast<uint32_t>(product1 >> 32) ^ b ^ key0;
    b = static_cast<uint32_t>(product1);
    c = static_cast<uint32_t>(product0 >> 32) ^ d ^ key1;
    d = static_cast<uint32_t>(product0);
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  return {{a, b, c, d}};
}

/// The upper 53 bits of two words, as a fraction in [0, 1).
MGP_INLINE double fraction(uint32_t high, uint32_t low) {
  return static_cast<double>((uint64_t{high >> 5} << 26) + (low >> 6)) * 0x1p-53;
}

struct Uniform {
  static constexpr int kPerBlock = 4;
  static MGP_INLINE void draw(const Words& words, const Random& random, float* numbers) {
    for (int j = 0; j < 4; j++) {
      const double unit = static_cast<double>(words.w[j] >> 8) * 0x1p-24;
      const float number = static_cast<float>(random.a + unit * (random.b - random.a));
      numbers[j] = number < random.b ? number : static_cast<float>(random.a);
    }
  }
};

struct UniformDouble {
  static constexpr int kPerBlock = 2;
  static MGP_INLINE void draw(const Words& words, const Random& random, double* numbers) {
    for (int j = 0; j < 2; j++) {
      const double number = random.a + fraction(words.w[2 * j], words.w[2 * j + 1]) * (random.b - random.a);
      numbers[j] = number < random.b ? number : random.a;
    }
  }
};

/// Box–Muller: a point at angle 2πv and distance √(-2 ln u) has two independent normal coordinates.
template <class T>
MGP_INLINE void boxMuller(double u, double v, const Random& random, T* numbers) {
  const double radius = ::sqrt(-2 * ::log(u)), angle = 2 * 3.14159265358979323846 * v;
  numbers[0] = static_cast<T>(random.a + random.b * (radius * ::cos(angle)));
  numbers[1] = static_cast<T>(random.a + random.b * (radius * ::sin(angle)));
}

struct Normal {
  static constexpr int kPerBlock = 4;
  static MGP_INLINE void draw(const Words& words, const Random& random, float* numbers) {
    for (int j = 0; j < 4; j += 2)
      boxMuller((words.w[j] + 1.0) * 0x1p-32, words.w[j + 1] * 0x1p-32, random, numbers + j);
  }
};

struct NormalDouble {
  static constexpr int kPerBlock = 2;
  static MGP_INLINE void draw(const Words& words, const Random& random, double* numbers) {
    boxMuller(1 - fraction(words.w[0], words.w[1]), fraction(words.w[2], words.w[3]), random, numbers);
  }
};

template <class T>
MGP_INLINE T fromWhole(double x) {
  if constexpr (kIsFloat<T>)
    return static_cast<T>(x);
  else if constexpr (__is_same(T, Bool))
    return Bool{x != 0};
  else
    return static_cast<T>(static_cast<int64_t>(x));
}

struct Integer {
  static constexpr int kPerBlock = 2;
  template <class T>
  static MGP_INLINE void draw(const Words& words, const Random& random, T* numbers) {
    for (int j = 0; j < 2; j++) {
      const double steps =
          __builtin_floor(fraction(words.w[2 * j], words.w[2 * j + 1]) * (random.b - random.a));
      numbers[j] = fromWhole<T>(random.a + steps);
    }
  }
};

template <class Kind, class T>
void draw(const Random& random, int64_t begin, int64_t end) {
  T* const out = static_cast<T*>(random.out);
  constexpr int64_t kPerBlock = Kind::kPerBlock;
  for (int64_t block = begin; block < end; block++) {
    T numbers[kPerBlock];
    Kind::draw(philox(random, static_cast<uint64_t>(block)), random, numbers);
    const int64_t first = block * kPerBlock, count = minimum(kPerBlock, random.count - first);
    for (int64_t j = 0; j < count; j++) out[first + j] = numbers[j];
  }
}

}  // namespace

void fillRandom(Kernels& table) {
  constexpr int kFloat = index(DType::Float32), kDouble = index(DType::Float64);
  RandomKernel* const uniform = table.random[index(RandomKind::Uniform)];
  uniform[kFloat] = draw<Uniform, float>;
  uniform[kDouble] = draw<UniformDouble, double>;
  RandomKernel* const normal = table.random[index(RandomKind::Normal)];
  normal[kFloat] = draw<Normal, float>;
  normal[kDouble] = draw<NormalDouble, double>;
  RandomKernel* const integer = table.random[index(RandomKind::Integer)];
  integer[index(DType::Bool)] = draw<Integer, Bool>;
  integer[index(DType::UInt8)] = draw<Integer, uint8_t>;
  integer[index(DType::Int32)] = draw<Integer, int32_t>;
  integer[kFloat] = draw<Integer, float>;
  integer[kDouble] = draw<Integer, double>;
}

}  // namespace mgp::MGP_ISA
