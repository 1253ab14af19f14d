#include "scratch.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace mgp {

namespace {

constexpr size_t kAlignment = 64;
/// More than this is not kept from one call to the next.
constexpr size_t kKeep = size_t{32} << 20;

struct Free {
  void operator()(void* memory) const { std::free(memory); }
};

struct Arena {
  std::unique_ptr<void, Free> memory;
  size_t bytes = 0;
};

thread_local Arena arena;

}  // namespace

void* scratch(size_t bytes) noexcept {
  // A null pointer means that there is no memory: none that was asked for gets a pointer, too.
  const size_t rounded = std::max<size_t>(1, (bytes + kAlignment - 1) / kAlignment) * kAlignment;
  if (arena.bytes < rounded || (arena.bytes > kKeep && bytes <= kKeep)) {
    arena.bytes = 0;
    arena.memory.reset();
    arena.memory.reset(std::aligned_alloc(kAlignment, rounded));
    if (!arena.memory) return nullptr;
    arena.bytes = rounded;
  }
  return arena.memory.get();
}

}  // namespace mgp
