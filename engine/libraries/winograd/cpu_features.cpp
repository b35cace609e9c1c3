#include "engine/libraries/winograd/cpu_features.h"

#include <oneapi/dnnl/dnnl.hpp>

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
