// Chooses the kernels for this CPU, once, when the addon is loaded.

#include <cstdlib>
#include <cstring>

#include "kernels/kernels.h"

namespace mgp {

namespace baseline {
void fill(Kernels& table);
}
#if defined(MGP_X86_ISAS)
namespace avx2 {
void fill(Kernels& table);
}
namespace avx512 {
void fill(Kernels& table);
}
#endif

namespace {

Kernels choose() {
  Kernels table{};
  baseline::fill(table);
#if defined(MGP_X86_ISAS)
  // MGP_ISA can ask for less than the CPU has, so that tests reach every version.
  const char* wanted = std::getenv("MGP_ISA");
  const auto allowed = [&](const char* isa) { return !wanted || !*wanted || std::strcmp(wanted, isa) == 0; };
  __builtin_cpu_init();
  const bool hasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                       __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool hasAvx512 = hasAvx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (hasAvx512 && allowed("avx512"))
    avx512::fill(table);
  else if (hasAvx2 && allowed("avx2"))
    avx2::fill(table);
#endif
  return table;
}

const Kernels chosen = choose();

}  // namespace

const Kernels& kernels = chosen;

}  // namespace mgp
