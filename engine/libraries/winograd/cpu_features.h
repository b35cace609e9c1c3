/// Instruction sets of this CPU.
#pragma once
#include <string>

namespace cudenza {

/// The widest instructions that oneDNN uses on this CPU: "AVX2", "AVX-512 with bf16", "AMX", …
std::string cpu_instruction_set();

/// Whether this CPU has instructions for bf16 products (AVX512-BF16 or AMX), and whether it has AMX.
bool cpu_multiplies_bf16();
bool cpu_has_amx();

}  // namespace cudenza
