// The serial OpenBLAS may be called from several threads at once, but for one thing: the buffers that its
// kernels pack matrices into come from a list that nothing guards, as Debian builds it. Two threads that ask
// at the same moment get the same buffer, and both products are wrong. So the linker leads its calls through
// here. See https://github.com/OpenMathLib/OpenBLAS/wiki/Faq#multi-threaded (USE_LOCKING).

#if defined(MGP_WRAP_BLAS_MEMORY)

#include <mutex>

namespace {

std::mutex& guard() {
  static std::mutex* const leaked = new std::mutex;
  return *leaked;
}

}  // namespace

extern "C" {

void* __real_blas_memory_alloc(int);
void __real_blas_memory_free(void*);

void* __wrap_blas_memory_alloc(int position) {
  std::lock_guard lock(guard());
  return __real_blas_memory_alloc(position);
}

void __wrap_blas_memory_free(void* buffer) {
  std::lock_guard lock(guard());
  __real_blas_memory_free(buffer);
}
}

#endif
