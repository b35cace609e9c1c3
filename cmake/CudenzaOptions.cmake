option(CUDENZA_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(CUDENZA_BENCH "Build the benchmarks" ${PROJECT_IS_TOP_LEVEL})
option(CUDENZA_FUZZ "Build the fuzzers of the readers of foreign files (tests/fuzz); needs clang" OFF)
option(CUDENZA_WARNINGS_AS_ERRORS "Treat warnings as errors" OFF)
option(CUDENZA_FAST_BUILD "Compile faster: kernels as ever, the rest hardly optimised (CudenzaFastBuild.cmake)" OFF)
set(CUDENZA_CUDA AUTO CACHE STRING "CUDA backend: AUTO (where a toolkit is found), ON or OFF")
set_property(CACHE CUDENZA_CUDA PROPERTY STRINGS AUTO ON OFF)
set(CUDENZA_CPU_ARCH "default" CACHE STRING
  "-march of the CPU code; 'default' is x86-64-v3 (AVX2, any x86 since 2013), 'native' is this machine")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

include(CudenzaFastBuild)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CUDENZA_FAST_BUILD AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# Flags of our own code alone: a target that links cudenza does not inherit them.
add_library(cudenza_flags INTERFACE)
# g++ 12 warns of copies in std::string that cannot overlap: -Wno-restrict.
set(host_warnings -Wall -Wextra -Wshadow -Wno-unknown-pragmas -Wno-restrict)
if(CUDENZA_WARNINGS_AS_ERRORS)
  list(APPEND host_warnings -Werror)
endif()
if(CUDENZA_CPU_ARCH STREQUAL "default")
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    set(cpu_arch -march=x86-64-v3)
  endif()
else()
  set(cpu_arch -march=${CUDENZA_CPU_ARCH})
endif()
target_compile_options(cudenza_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:${host_warnings};${cpu_arch};-fno-math-errno;-fno-trapping-math>)
