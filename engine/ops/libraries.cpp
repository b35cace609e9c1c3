#include "engine/ops/libraries.h"

#include <fmt/format.h>

#include <oneapi/dnnl/dnnl.hpp>

namespace cudenza {

std::vector<LibraryVersion> library_versions() {
  const dnnl_version_t* onednn = dnnl_version();
  std::vector<LibraryVersion> all = {{"oneDNN", fmt::format("{}.{}.{}", onednn->major, onednn->minor, onednn->patch)}};
  for (LibraryVersion& library : cuda_libraries()) all.push_back(std::move(library));
  return all;
}

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

}  // namespace cudenza
