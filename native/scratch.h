#pragma once

#include <cstddef>
#include <cstdint>

namespace mgp {

/// Working memory of this thread, 64-byte aligned, or nullptr when there is not enough. It stays valid until
/// the next call on the same thread, and is kept for it unless it is large.
void* scratch(size_t bytes) noexcept;

}  // namespace mgp
