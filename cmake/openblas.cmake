# Finds OpenBLAS and defines the target mgp_openblas.
#
# Wanted is the static serial build: the threaded ones deadlock or crash in Node when a process is spawned or a worker
# ends, and our own threads stand above it anyway. Looked for in this order:
#   1. OPENBLAS_DIR (a prefix with include/ and lib/, or the folder of the library itself)
#   2. libopenblas.a of a serial build (Debian: openblas-serial/; Fedora: openblas-static)
#   3. any libopenblas.a   4. any shared OpenBLAS   5. what pkg-config names

set(OPENBLAS_DIR "$ENV{OPENBLAS_DIR}" CACHE PATH "Where OpenBLAS is installed")

if(APPLE)
  # Homebrew does not link openblas into its prefix.
  execute_process(COMMAND brew --prefix openblas OUTPUT_VARIABLE mgp_brew OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()

set(mgp_static libopenblas${CMAKE_STATIC_LIBRARY_SUFFIX})
set(mgp_triplet ${CMAKE_LIBRARY_ARCHITECTURE})
if(OPENBLAS_DIR)
  find_library(OPENBLAS_LIBRARY NAMES ${mgp_static} openblas PATHS ${OPENBLAS_DIR} PATH_SUFFIXES lib lib64 NO_DEFAULT_PATH)
  find_path(OPENBLAS_INCLUDE_DIR cblas.h PATHS ${OPENBLAS_DIR} PATH_SUFFIXES include include/openblas NO_DEFAULT_PATH)
  if(NOT OPENBLAS_LIBRARY)
    message(FATAL_ERROR "OPENBLAS_DIR is ${OPENBLAS_DIR}, but no OpenBLAS library is in it or in its lib/")
  endif()
endif()
find_library(OPENBLAS_LIBRARY NAMES ${mgp_static}
             PATHS /usr/lib/${mgp_triplet}/openblas-serial NO_DEFAULT_PATH)
find_library(OPENBLAS_LIBRARY NAMES ${mgp_static} openblas NAMES_PER_DIR HINTS ${mgp_brew} PATH_SUFFIXES lib)
find_path(OPENBLAS_INCLUDE_DIR cblas.h
          HINTS ${mgp_brew}/include /usr/include/${mgp_triplet}/openblas-serial
          PATH_SUFFIXES openblas)
if(NOT OPENBLAS_LIBRARY OR NOT OPENBLAS_INCLUDE_DIR)
  find_package(PkgConfig QUIET)
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(OPENBLAS_PC QUIET IMPORTED_TARGET openblas)
  endif()
endif()

add_library(mgp_openblas INTERFACE)
if(OPENBLAS_LIBRARY AND OPENBLAS_INCLUDE_DIR)
  message(STATUS "OpenBLAS: ${OPENBLAS_LIBRARY}")
  target_include_directories(mgp_openblas SYSTEM INTERFACE ${OPENBLAS_INCLUDE_DIR})
  target_link_libraries(mgp_openblas INTERFACE ${OPENBLAS_LIBRARY} Threads::Threads m)
elseif(TARGET PkgConfig::OPENBLAS_PC)
  message(STATUS "OpenBLAS: ${OPENBLAS_PC_LIBRARIES} (pkg-config)")
  target_link_libraries(mgp_openblas INTERFACE PkgConfig::OPENBLAS_PC)
else()
  message(FATAL_ERROR "OpenBLAS was not found. Install its development package (Debian and Ubuntu: libopenblas-serial-dev), "
                      "or set OPENBLAS_DIR.")
endif()

# A static OpenBLAS brings the kernels of 20 generations of CPUs, 25 MB of them. Six cover them all: the others are
# names for the next older one that has no instruction they lack. OpenBLAS still chooses when it is loaded.
# Measured on AMD Zen, which then runs Haswell's kernels: nothing lost. See docs/design.md.
set(mgp_slim
    CORE2=PRESCOTT PENRYN=PRESCOTT DUNNINGTON=PRESCOTT ATOM=PRESCOTT NANO=PRESCOTT OPTERON=PRESCOTT
    OPTERON_SSE3=PRESCOTT BARCELONA=PRESCOTT BOBCAT=PRESCOTT
    BULLDOZER=SANDYBRIDGE PILEDRIVER=SANDYBRIDGE STEAMROLLER=SANDYBRIDGE
    EXCAVATOR=HASWELL ZEN=HASWELL)
if(MGP_SLIM_BLAS AND OPENBLAS_LIBRARY MATCHES "\\.a$" AND NOT APPLE)
  list(TRANSFORM mgp_slim REPLACE "(.*)=(.*)" "-Wl,--defsym=gotoblas_\\1=gotoblas_\\2" OUTPUT_VARIABLE mgp_slim_flags)
  # A build for one CPU, or with other cores, knows some of these names not or not all of them.
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_INCLUDES ${OPENBLAS_INCLUDE_DIR})
  set(CMAKE_REQUIRED_LINK_OPTIONS ${mgp_slim_flags} -Wl,--gc-sections)
  set(CMAKE_REQUIRED_LIBRARIES ${OPENBLAS_LIBRARY} Threads::Threads m)
  check_cxx_source_compiles("#include <cblas.h>
    int main() { return openblas_get_corename() == nullptr; }" MGP_SLIM_BLAS_LINKS)
  unset(CMAKE_REQUIRED_INCLUDES)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
  unset(CMAKE_REQUIRED_LIBRARIES)
  if(MGP_SLIM_BLAS_LINKS)
    target_link_options(mgp_openblas INTERFACE ${mgp_slim_flags})
  endif()
endif()

# Its serial build hands out memory without a lock: native/blas_memory.cc. Where the linker cannot lead those calls
# elsewhere, native/gemm.cc makes one call at a time.
if(OPENBLAS_LIBRARY MATCHES "\\.a$" AND NOT APPLE)
  include(CheckCXXSourceCompiles)
  set(mgp_wrap -Wl,--wrap=blas_memory_alloc -Wl,--wrap=blas_memory_free)
  set(CMAKE_REQUIRED_INCLUDES ${OPENBLAS_INCLUDE_DIR})
  set(CMAKE_REQUIRED_LINK_OPTIONS ${mgp_wrap})
  set(CMAKE_REQUIRED_LIBRARIES ${OPENBLAS_LIBRARY} Threads::Threads m)
  check_cxx_source_compiles("#include <cblas.h>
    extern \"C\" {
    void* __real_blas_memory_alloc(int);
    void __real_blas_memory_free(void*);
    void* __wrap_blas_memory_alloc(int p) { return __real_blas_memory_alloc(p); }
    void __wrap_blas_memory_free(void* b) { __real_blas_memory_free(b); }
    }
    int main() {
      float a[4] = {0};
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, 2, 2, 2, 1, a, 2, a, 2, 0, a, 2);
    }" MGP_BLAS_MEMORY_WRAPS)
  unset(CMAKE_REQUIRED_INCLUDES)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
  unset(CMAKE_REQUIRED_LIBRARIES)
  if(MGP_BLAS_MEMORY_WRAPS)
    target_link_options(mgp_openblas INTERFACE ${mgp_wrap})
    target_compile_definitions(mgp_openblas INTERFACE MGP_WRAP_BLAS_MEMORY)
  endif()
endif()

# Whether LAPACK came with it: a static library made by gfortran must do without gfortran's own, which would make the
# addon depend on it. One small function of that is all it asks for; native/lapack.cc has it. Without LAPACK, linear algebra runs
# on the reference backend.
include(CheckCXXSourceCompiles)
get_target_property(CMAKE_REQUIRED_LIBRARIES mgp_openblas INTERFACE_LINK_LIBRARIES)
get_target_property(CMAKE_REQUIRED_LINK_OPTIONS mgp_openblas INTERFACE_LINK_OPTIONS)
if(NOT CMAKE_REQUIRED_LINK_OPTIONS)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
endif()
set(CMAKE_REQUIRED_INCLUDES ${PROJECT_SOURCE_DIR}/native)
check_cxx_source_compiles("#include \"lapack_symbols.h\"
  extern \"C\" {
  void* __real_blas_memory_alloc(int) __attribute__((weak));
  void __real_blas_memory_free(void*) __attribute__((weak));
  void* __wrap_blas_memory_alloc(int p) { return __real_blas_memory_alloc(p); }
  void __wrap_blas_memory_free(void* b) { __real_blas_memory_free(b); }
  }
  int main(int argc, char**) { return mgp::lapackSymbols[argc] == nullptr; }" MGP_LAPACK_LINKS)
unset(CMAKE_REQUIRED_LIBRARIES)
unset(CMAKE_REQUIRED_LINK_OPTIONS)
unset(CMAKE_REQUIRED_INCLUDES)
if(MGP_LAPACK_LINKS)
  target_compile_definitions(mgp_openblas INTERFACE MGP_HAS_LAPACK)
else()
  message(STATUS "This OpenBLAS has no LAPACK that can be linked: linear algebra runs on the reference backend")
endif()
