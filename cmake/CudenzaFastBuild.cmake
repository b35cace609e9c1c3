# CUDENZA_FAST_BUILD, for a first build that somebody waits for (`./run demo`): kernels keep their -O3, the rest of the engine
# gets -O1 and one precompiled header, the command line -O0 (most of its files' time goes to CLI11's inline functions). Warnings
# are off, since g++ 12 warns of libraries' headers when they are precompiled; ccache is not asked, since it reads files twice.
if(CUDENZA_FAST_BUILD)
  set(CMAKE_CXX_FLAGS_RELEASE "-O1 -DNDEBUG -w")
  string(APPEND CMAKE_CXX_FLAGS " -fopenmp")  # for all, since a precompiled header serves sources of equal flags alone
endif()

# The headers that most sources include, compiled once with core; the layers above core reuse them.
function(cudenza_precompile_headers layer)
  if(NOT CUDENZA_FAST_BUILD OR layer STREQUAL kernels)
    return()
  endif()
  if(layer STREQUAL core)
    target_precompile_headers(cudenza_core PRIVATE <fmt/format.h> <algorithm> <filesystem> <functional> <map> <memory> <optional>
      <ranges> <span> <string> <vector>)
  else()
    target_precompile_headers(cudenza_${layer} REUSE_FROM cudenza_core)
  endif()
endfunction()

# The same for a program, but for a source that has flags of its own.
function(cudenza_compile_fast program)
  cmake_parse_arguments(ARG "" "SKIP" "" ${ARGN})
  if(CUDENZA_FAST_BUILD)
    target_compile_options(${program} PRIVATE -O0)
    target_precompile_headers(${program} PRIVATE <fmt/format.h> <nlohmann/json.hpp> <algorithm> <filesystem> <functional>
      <memory> <optional> <span> <string> <vector>)  # not CLI11: its inline functions would be compiled with each source
    set_source_files_properties(${ARG_SKIP} TARGET_DIRECTORY ${program} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()
