/// What this CPU computes fast.
#pragma once
#include <string>

namespace cudenza {

/// The widest instructions that oneDNN uses on this CPU: "AVX2", "AVX-512 with bf16", "AMX", …
std::string cpu_instruction_set();

/// Whether this CPU multiplies bf16 itself, by AVX512-BF16 or AMX; and whether by AMX.
bool cpu_multiplies_bf16();
bool cpu_has_amx();

}  // namespace cudenza
