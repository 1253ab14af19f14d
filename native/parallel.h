#pragma once

// One pool of threads for every kernel of the process, whichever JavaScript thread calls.

#include <atomic>
#include <cstdint>

namespace mgp {

/// How many threads a call may use, its own included: those of the process, or fewer by the caller's limit.
int numThreads();
void setNumThreads(int count);
/// Limits the calls of this thread; other threads have limits of their own.
void limitThreads(int count);

namespace detail {
/// Calls run(context, i) for every i in [0, count), each once, on this thread and on helpers; returns when
/// all are done.
void runOnPool(int64_t count, void (*run)(void* context, int64_t i), void* context) noexcept;
/// Whether this thread is inside a task already; then further ones run inline.
bool insideTask();
}  // namespace detail

/// Splits [0, count) into pieces that are multiples of `grain` long (but the last) and calls `body(begin,
/// end)` for each, on several threads when there is more than one piece. `body` must not throw. Waking a
/// thread takes some microseconds, so a grain should be worth more than that.
template <class Body>
void parallelFor(int64_t count, int64_t grain, const Body& body) {
  if (count <= 0) return;
  const int threads = count > grain && !detail::insideTask() ? numThreads() : 1;
  if (threads == 1) {
    body(int64_t{0}, count);
    return;
  }
  // Up to four pieces a thread, so that one that is held up does not hold up all.
  const int64_t grains = (count + grain - 1) / grain;
  const int64_t pieceGrains = (grains + 4 * threads - 1) / (4 * threads);
  struct Context {
    const Body& body;
    int64_t count, piece;
  } context{body, count, pieceGrains * grain};
  detail::runOnPool((grains + pieceGrains - 1) / pieceGrains,
                    [](void* pointer, int64_t i) {
                      const Context& c = *static_cast<Context*>(pointer);
                      const int64_t begin = i * c.piece;
                      c.body(begin, begin + c.piece < c.count ? begin + c.piece : c.count);
                    },
                    &context);
}

/// parallelFor for a body that returns the first position in its piece where something is wrong, or -1:
/// returns the first of all.
template <class Body>
int64_t parallelFirst(int64_t count, int64_t grain, const Body& body) {
  std::atomic<int64_t> first{INT64_MAX};
  parallelFor(count, grain, [&](int64_t begin, int64_t end) {
    const int64_t found = body(begin, end);
    int64_t known = first.load(std::memory_order_relaxed);
    while (found >= 0 && found < known &&
           !first.compare_exchange_weak(known, found, std::memory_order_relaxed)) {
    }
  });
  return first.load(std::memory_order_relaxed) == INT64_MAX ? -1 : first.load(std::memory_order_relaxed);
}

}  // namespace mgp
