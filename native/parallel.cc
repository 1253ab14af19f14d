#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#if defined(__linux__)
#include <sched.h>
#endif
#if !defined(_WIN32)
#include <csignal>
#endif

namespace mgp {

namespace {

constexpr int kMaxThreads = 256;

#if defined(__linux__)
bool readNumber(const char* path, long* value) {
  std::FILE* file = std::fopen(path, "re");
  if (!file) return false;
  const bool read = std::fscanf(file, "%ld", value) == 1;
  std::fclose(file);
  return read;
}
#endif

/// Cores this process may run on: hyperthreads of one core count once, because they share the units that
/// kernels keep busy, and a container's quota of CPU time counts like fewer cores.
int usableCores() {
  int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    std::set<std::pair<long, long>> distinct;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
      if (!CPU_ISSET(cpu, &allowed)) continue;
      char path[96];
      long package = 0, core = cpu;
      std::snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/physical_package_id", cpu);
      readNumber(path, &package);
      std::snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/core_id", cpu);
      readNumber(path, &core);
      distinct.emplace(package, core);
    }
    if (!distinct.empty()) cores = std::min(cores, static_cast<int>(distinct.size()));
  }
  if (std::FILE* file = std::fopen("/sys/fs/cgroup/cpu.max", "re")) {
    double quota, period;
    if (std::fscanf(file, "%lf %lf", &quota, &period) == 2 && quota > 0 && period > 0)
      cores = std::min(cores, std::max(1, static_cast<int>(std::ceil(quota / period))));
    std::fclose(file);
  }
#endif
  return std::min(cores, kMaxThreads);
}

inline void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

thread_local bool insideTaskFlag = false;
thread_local int threadLimit = kMaxThreads;

/// A call of runOnPool, on the stack of the thread that made it.
struct Job {
  void (*run)(void*, int64_t);
  void* context;
  int64_t count;
  int helpersWanted;
  // Pieces taken from the front, by the thread that made the call, and (times kBack) from the back, by
  // helpers: calls that follow each other find what they work on in the cache of the core that they run on.
  std::atomic<uint64_t> taken{0};
  std::atomic<int> helpers{0};  // Threads at work on it; changed under the pool's mutex.
  Job* link = nullptr;

  static constexpr uint64_t kBack = uint64_t{1} << 32;
  static int64_t fromFront(uint64_t pieces) { return static_cast<int64_t>(pieces % kBack); }
  static int64_t fromBack(uint64_t pieces) { return static_cast<int64_t>(pieces / kBack); }
  bool hasMore(uint64_t pieces) const { return fromFront(pieces) + fromBack(pieces) < count; }

  void work(bool isHelper) {
    insideTaskFlag = true;
    uint64_t pieces;
    while (hasMore(pieces = taken.fetch_add(isHelper ? kBack : 1, std::memory_order_relaxed)))
      run(context, isHelper ? count - 1 - fromBack(pieces) : fromFront(pieces));
    insideTaskFlag = false;
  }
};

/// Never destroyed: its threads are detached and die with the process, wherever they are, so nothing is
/// joined at exit, when a worker is terminated, or in a child between fork and exec.
class Pool {
 public:
  int threads() const { return threads_.load(std::memory_order_relaxed); }
  void setThreads(int count) { threads_.store(std::clamp(count, 1, kMaxThreads), std::memory_order_relaxed); }

  void run(Job& job) {
    int wake;
    {
      std::lock_guard lock(mutex_);
      start(job.helpersWanted);
      job.link = jobs_;
      jobs_ = &job;
      posted_.fetch_add(1, std::memory_order_release);
      wake = std::min(job.helpersWanted, asleep_);
    }
    while (wake-- > 0) ready_.notify_one();
    job.work(false);
    {
      std::lock_guard lock(mutex_);
      unlink(job);
    }
    // The helpers are in their last pieces: not worth going to sleep for, unless they have lost their core.
    for (int spins = 0; spins < kSpins && job.helpers.load(std::memory_order_relaxed) > 0; spins++) relax();
    // The job may go away once its helpers have let go of the mutex.
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return job.helpers.load(std::memory_order_relaxed) == 0; });
  }

 private:
  // Some tens of microseconds.
  static constexpr int kSpins = 1000;

  [[noreturn]] void helper() {
    std::unique_lock lock(mutex_);
    for (;;) {
      Job* job = pick();
      if (!job) {
        // In a training step the next job is often near.
        const unsigned seen = posted_.load(std::memory_order_relaxed);
        lock.unlock();
        for (int spins = 0; spins < kSpins && posted_.load(std::memory_order_acquire) == seen; spins++)
          relax();
        lock.lock();
        asleep_++;
        ready_.wait(lock, [&] { return (job = pick()) != nullptr; });
        asleep_--;
      }
      job->helpers.fetch_add(1, std::memory_order_relaxed);
      job->helpersWanted--;
      lock.unlock();
      job->work(true);
      lock.lock();
      if (job->helpers.fetch_sub(1, std::memory_order_relaxed) == 1) done_.notify_all();
    }
  }

  /// A job that has pieces left and wants another helper.
  Job* pick() const {
    for (Job* job = jobs_; job; job = job->link)
      if (job->helpersWanted > 0 && job->hasMore(job->taken.load(std::memory_order_relaxed))) return job;
    return nullptr;
  }

  void unlink(const Job& job) {
    for (Job** link = &jobs_; *link; link = &(*link)->link)
      if (*link == &job) {
        *link = job.link;
        return;
      }
  }

  /// Makes sure that there are `count` helpers, or as many as the system allows.
  void start(int count) {
    if (started_ >= count) return;
#if !defined(_WIN32)
    // Signals belong to Node's own threads.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
#endif
    try {
      for (; started_ < count; started_++) std::thread([this] { helper(); }).detach();
    } catch (const std::exception&) {
      // The caller does the work alone.
    }
#if !defined(_WIN32)
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
#endif
  }

  std::atomic<int> threads_{usableCores()};
  std::atomic<unsigned> posted_{0};
  std::mutex mutex_;
  std::condition_variable ready_, done_;
  // All under the mutex:
  Job* jobs_ = nullptr;
  int started_ = 0;
  int asleep_ = 0;
};

Pool& pool() {
  static Pool* const leaked = new Pool;
  return *leaked;
}

}  // namespace

int numThreads() { return std::min(pool().threads(), threadLimit); }
void setNumThreads(int count) { pool().setThreads(count); }
void limitThreads(int count) { threadLimit = std::max(1, count); }

namespace detail {

bool insideTask() { return insideTaskFlag; }

void runOnPool(int64_t count, void (*run)(void*, int64_t), void* context) noexcept {
  Job job{run, context, count, static_cast<int>(std::min<int64_t>(numThreads(), count)) - 1};
  pool().run(job);
}

}  // namespace detail
}  // namespace mgp
