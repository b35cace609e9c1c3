/// What this program was made from: filled in by CMake (build_info.cpp.in).
#pragma once
#include <string_view>

namespace cudenza {

struct BuildInfo {
  std::string_view version, commit, compiler, build_type, cpu_architecture;
  std::string_view cuda;                ///< the toolkit's version; empty without CUDA
  std::string_view cuda_architectures;  ///< "80 90"
  std::string_view cudnn;               ///< of the headers
};

const BuildInfo& build_info();

}  // namespace cudenza
