#include "engine/libraries/cpu_features.h"

#include <fstream>
#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>

namespace cudenza {

std::string cpu_instruction_set() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::sse41: return "SSE4.1";
    case dnnl::cpu_isa::avx: return "AVX";
    case dnnl::cpu_isa::avx2: return "AVX2";
    case dnnl::cpu_isa::avx2_vnni: return "AVX2 with VNNI";
    case dnnl::cpu_isa::avx512_core: return "AVX-512";
    case dnnl::cpu_isa::avx512_core_vnni: return "AVX-512 with VNNI";
    case dnnl::cpu_isa::avx512_core_bf16: return "AVX-512 with bf16";
    case dnnl::cpu_isa::avx512_core_amx: return "AMX";
#if DNNL_VERSION_MAJOR >= 3
    case dnnl::cpu_isa::avx512_core_fp16: return "AVX-512 with fp16";
    case dnnl::cpu_isa::avx512_core_amx_fp16: return "AMX with fp16";
    case dnnl::cpu_isa::avx2_vnni_2: return "AVX2 with VNNI 2";
#endif
    default: return "the baseline";
  }
}

std::string cpu_identity() {
  static const std::string identity = [] {
    std::string text = cpu_instruction_set();
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line) && !line.empty();) {  // the first processor's block
      for (const std::string_view name : {"model name", "cpu family", "model\t", "stepping", "cache size"}) {
        if (line.starts_with(name)) text += ", " + line.substr(line.find(':') + 1);
      }
    }
    return text;
  }();
  return identity;
}

bool is_compiled_for_this_cpu() {
#if defined(__x86_64__)
#if !defined(__AVX512F__)
  if (__builtin_cpu_supports("avx512f")) return false;
#endif
#if !defined(__AVX512BF16__)
  if (__builtin_cpu_supports("avx512bf16")) return false;
#endif
#endif
  return true;
}

bool cpu_multiplies_bf16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

bool cpu_has_amx() {
  static const bool has = cpu_instruction_set().starts_with("AMX");
  return has;
}

}  // namespace cudenza
